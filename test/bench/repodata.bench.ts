import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { finished } from 'node:stream/promises';
import Sqlite from 'better-sqlite3';
import { statusAnswer } from '../../shared/api.ts';
import { listen } from '../support/listen.ts';
import { DARKSERVER } from './darkserver-index.ts';
import { figure } from './figure.ts';
import { type Peak, peakMemory } from './peak-memory.ts';

/**
 * A refresh of a repository with 100,000 packages, whose primary.xml is generated: 2.6 kB for each package,
 * as hard to compress as names and numbers are. The whole daemon is measured, which serves only.
 */
const PACKAGES = 100_000;
/** Elements of each that are of no use here, as provides and requires are. With them a package has 2.6 kB. */
const ENTRIES = 16;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));

function* packages(): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${PACKAGES}">\n`;
  for (let at = 0; at < PACKAGES; at++) {
    const digest = createHash('sha256').update(String(at)).digest('hex');
    const name = `lib${digest.slice(0, 4 + (at % 20))}-${at}`;
    const [version, release] = [`${at % 9}.${at % 100}.${at % 7}`, `${at % 30}.fc40`];
    const entries = Array.from(
      { length: ENTRIES },
      (_, entry) =>
        `      <rpm:entry name="lib${digest.slice(entry, entry + 12)}.so.${entry}()(64bit)" flags="EQ" epoch="0" ver="${version}" rel="${release}"/>\n`,
    );
    yield `<package type="rpm">
  <name>${name}</name>
  <arch>x86_64</arch>
  <version epoch="0" ver="${version}" rel="${release}"/>
  <checksum type="sha256" pkgid="YES">${digest}</checksum>
  <summary>Package number ${at} of a generated repository</summary>
  <description>What people wrote about it: ${digest} ${digest.slice(0, 40)}
in several lines of text, some of them with &lt;markup&gt; &amp; the like.</description>
  <packager>Fedora Project</packager>
  <url>https://example.org/${name}</url>
  <time file="${1_700_000_000 + at}" build="${1_690_000_000 + at}"/>
  <size package="${10_000 + at}" installed="${30_000 + at}" archive="${31_000 + at}"/>
  <location href="Packages/${name.charAt(3)}/${name}-${version}-${release}.x86_64.rpm"/>
  <format>
    <rpm:license>MIT</rpm:license>
    <rpm:header-range start="4504" end="${9000 + (at % 5000)}"/>
    <rpm:provides>\n${entries.join('')}    </rpm:provides>
    <file>/usr/bin/${name}</file>
  </format>
</package>\n`;
  }
  yield '</metadata>\n';
}

interface Generated {
  readonly openBytes: number;
  readonly hrefBytes: number;
}

async function generate(): Promise<Generated> {
  const path = join(directory, 'repodata/primary.xml');
  mkdirSync(join(directory, 'repodata'));
  const file = createWriteStream(path);
  const open = createHash('sha256');
  let [openBytes, hrefBytes] = [0, 0];
  for (const text of packages()) {
    const bytes = Buffer.from(text);
    openBytes += bytes.length;
    hrefBytes += text.startsWith('<package') ? 'Packages/x/'.length : 0;
    open.update(bytes);
    if (!file.write(bytes)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  const openChecksum = open.digest('hex');
  const { status } = spawnSync('zstd', ['-q', '-10', '-T0', '--rm', path], { stdio: 'inherit' });
  if (status !== 0) throw new Error('zstd has failed');
  const compressed = readFileSync(`${path}.zst`);
  writeFileSync(
    join(directory, 'repodata/repomd.xml'),
    `<?xml version="1.0"?><repomd><data type="primary">
      <checksum type="sha256">${createHash('sha256').update(compressed).digest('hex')}</checksum>
      <open-checksum type="sha256">${openChecksum}</open-checksum>
      <location href="repodata/primary.xml.zst"/>
      <size>${compressed.length}</size><open-size>${openBytes}</open-size>
    </data></repomd>`,
  );
  return { openBytes, hrefBytes };
}

async function addressOf(daemon: ChildProcess): Promise<string> {
  if (daemon.stdout === null) throw new Error('it prints nowhere');
  for await (const line of createInterface({ input: daemon.stdout })) {
    const [, url] = /^listening on (\S+)$/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('the daemon ended before it listened');
}

async function untilRefreshed(url: string): Promise<void> {
  for (;;) {
    const status = statusAnswer.parse(await (await fetch(`${url}/api/v1/status`)).json());
    const { packages: there = 0, error = null } = status.koji['bench']?.repositories['large'] ?? {};
    if (error !== null) throw new Error(error.message);
    if (there === PACKAGES) return;
    await sleep(100);
  }
}

/** Seconds from the start of the daemon on, and its memory. */
async function measure(mirror: string): Promise<{ seconds: number; peak: Peak; idle: Peak }> {
  const config = join(directory, 'darkserver.toml');
  const koji =
    '[[koji]]\nname = "bench"\nhub = "http://127.0.0.1:9/kojihub"\ntopurl = "http://127.0.0.1:9"\n';
  writeFileSync(config, `${koji}[[koji.repository]]\nname = "large"\nbaseurl = "${mirror}"\n`);
  const database = join(directory, 'darkserver.db');
  const args = ['--config', config, '--database', database, '--log-level', 'error'];
  const serve = ['serve', '--listen', '127.0.0.1:0', '--workers', '0'];
  const began = performance.now();
  const daemon = spawn(DARKSERVER, [...args, ...serve], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) =>
    daemon.once('exit', () => {
      resolve();
    }),
  );
  try {
    const url = await addressOf(daemon);
    const refreshed = untilRefreshed(url);
    const peak = await peakMemory(daemon.pid ?? 0, refreshed);
    const seconds = (performance.now() - began) / 1000;
    const idle = await peakMemory(daemon.pid ?? 0, sleep(1000));
    return { seconds, peak, idle };
  } finally {
    daemon.kill();
    await ended;
  }
}

/** Bytes of the database that a package takes, without its place. */
function bytesOfPackage(hrefBytes: number): number {
  const db = new Sqlite(join(directory, 'darkserver.db'), { readonly: true });
  const bytes = db
    .prepare<[], number>("SELECT sum(pgsize) FROM dbstat WHERE name = 'repository_package'")
    .pluck()
    .get();
  db.close();
  return ((bytes ?? Number.NaN) - hrefBytes) / PACKAGES;
}

const { openBytes, hrefBytes } = await generate();
const served = await listen((request, response) => {
  const path = join(directory, request.url ?? '');
  response.writeHead(200, { 'content-length': statSync(path).size }).end(readFileSync(path));
});
try {
  const { seconds, peak, idle } = await measure(served.url);
  const megabytes = Math.round(openBytes / 1e6);
  figure(
    `repodata: primary.xml of ${PACKAGES} packages (${megabytes} MB in zst), from the start of serve on`,
    `${seconds.toFixed(1)} s`,
    'target: 30',
    { seconds, openBytes },
  );
  figure(
    'repodata: the process tree at its largest meanwhile',
    `${Math.round(peak.bytes / 1e6)} MB`,
    `target: 200; ${peak.processes} processes then; ${Math.round(idle.bytes / 1e6)} MB after it`,
    { peakBytes: peak.bytes, idleBytes: idle.bytes },
  );
  const bytes = bytesOfPackage(hrefBytes);
  figure('repodata: database, a package beside its place', `${Math.round(bytes)} bytes`, 'target: 100', {
    bytes,
  });
} finally {
  await served.close();
  rmSync(directory, { recursive: true });
}
