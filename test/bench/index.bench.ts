import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { figure } from './figure.ts';

/**
 * How fast `darkserver index` reads the corpus, as a whole process from start to end, beside two things
 * measured in the same run: the floor under whoever reads payloads (the same payloads through zstd, xz, bzip2
 * and gzip into /dev/null), and debuginfod's own scan of the same directory, where it is installed.
 */
const DARKSERVER = fileURLToPath(new URL('../../dist/daemon/main.js', import.meta.url));
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/made', import.meta.url));
const ROUNDS = 3;

interface Cost {
  /** Seconds on the clock. */
  readonly wall: number;
  /** Seconds of processor, of the process and all its children. */
  readonly cpu: number;
}

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));

/** What a command costs by bash's own measure. Throws if the command fails. */
function cost(command: string, ...args: string[]): Cost {
  const done = spawnSync(
    'bash',
    ['-c', `TIMEFORMAT='%R %U %S'; time "$0" "$@" > ${directory}/out 2> ${directory}/err`, command, ...args],
    { encoding: 'utf8' },
  );
  if (done.status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${readFileSync(`${directory}/err`, 'utf8')}`);
  }
  const [wall = 0, user = 0, system = 0] = done.stderr.trim().split(/\s+/).map(Number);
  return { wall, cpu: user + system };
}

/** The median by the clock of some rounds; `once` starts from nothing each time. */
function median(once: () => Cost): Cost {
  const costs = Array.from({ length: ROUNDS }, once).sort((a, b) => a.wall - b.wall);
  return costs[Math.floor(ROUNDS / 2)] ?? { wall: Number.NaN, cpu: Number.NaN };
}

/** Where the payload begins: behind the lead and two header structures, of which the first is padded. */
function payloadOf(rpm: Buffer): Buffer {
  const end = (start: number): number =>
    start + 16 + rpm.readUInt32BE(start + 8) * 16 + rpm.readUInt32BE(start + 12);
  return rpm.subarray(end(Math.ceil(end(96) / 8) * 8));
}

const TOOLS: readonly (readonly [magic: string, tool: string])[] = [
  ['28b52ffd', 'zstd'],
  ['fd377a58', 'xz'],
  ['425a68', 'bzip2'],
  ['1f8b', 'gzip'],
  ['5d0000', 'xz --format=lzma'],
  ['303730', 'cat'],
];

/** A script that unpacks every payload of these RPMs, and nothing else. */
function decompressAll(rpms: readonly string[]): string {
  const lines = rpms.map((rpm, index) => {
    const payload = payloadOf(readFileSync(rpm));
    const magic = payload.toString('hex', 0, 6);
    const tool = TOOLS.find(([start]) => magic.startsWith(start))?.[1];
    if (tool === undefined) throw new Error(`${rpm}: no known payload`);
    writeFileSync(`${directory}/${index}.payload`, payload);
    return tool === 'cat' ? `cat ${index}.payload` : `${tool} -dc < ${index}.payload`;
  });
  writeFileSync(`${directory}/all.sh`, `set -e\ncd ${directory}\n${lines.join('\n')}\n`);
  return `${directory}/all.sh`;
}

let databases = 0;
function indexCorpus(scan: string): { cost: Cost; database: string } {
  const database = `${directory}/${databases++}.db`;
  return { cost: cost(DARKSERVER, '--database', database, 'index', '--scan', scan, CORPUS), database };
}

/** Seconds that debuginfod takes to have scanned as many RPMs, in a network of its own; null if it cannot run. */
async function debuginfodScan(rpms: number): Promise<Cost | null> {
  const path = `${directory}/debuginfod.sqlite`;
  const started = performance.now();
  const child = spawn(
    'unshare',
    // It listens on every address that it finds: here there is none.
    ['-rn', 'debuginfod', '-d', path, '-R', '-c', '1', '--disable-source-scan', '-t', '0', '-g', '0', CORPUS],
    { stdio: 'ignore' },
  );
  const exit = new Promise<void>((resolve) => {
    child.on('error', () => {
      resolve();
    });
    child.on('exit', () => {
      resolve();
    });
  });
  const running = (): boolean =>
    child.exitCode === null && child.signalCode === null && child.pid !== undefined;
  try {
    while (running() && performance.now() - started < 120_000) {
      if (scanned(path) >= rpms) {
        const wall = (performance.now() - started) / 1000;
        const fields =
          readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8')
            .split(') ')[1]
            ?.split(' ') ?? [];
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        return { wall, cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
      }
      await sleep(10);
    }
    return null;
  } finally {
    if (running()) child.kill();
    await exit;
  }
}

/** How many RPMs debuginfod's database says it has done with. */
function scanned(path: string): number {
  if (!existsSync(path)) return 0;
  try {
    const database = new Database(path, { readonly: true });
    try {
      const table = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%_file_mtime_scanned'")
        .pluck()
        .get();
      if (typeof table !== 'string') return 0;
      return Number(database.prepare(`SELECT count(*) FROM "${table}" WHERE sourcetype = 'R'`).pluck().get());
    } finally {
      database.close();
    }
  } catch {
    return 0; // It is being made, or locked for a moment.
  }
}

function seconds({ wall, cpu }: Cost): string {
  return `${wall.toFixed(2)} s (${cpu.toFixed(2)} s of processor)`;
}

async function main(): Promise<void> {
  if (!existsSync(CORPUS)) {
    console.log('There is no ../shared/corpus here: nothing to index.');
    return;
  }
  const rpms = readdirSync(CORPUS)
    .filter((name) => name.endsWith('.rpm'))
    .map((name) => join(CORPUS, name));
  const bytes = rpms.reduce((total, rpm) => total + statSync(rpm).size, 0);
  const script = decompressAll(rpms);
  console.log(`${rpms.length} RPMs, ${(bytes / 1e6).toFixed(1)} MB, the median of ${ROUNDS} rounds of each`);

  const start = median(() => cost(DARKSERVER, '--version'));
  const floor = median(() => cost('bash', script));
  const payload = median(() => indexCorpus('payload').cost);
  const auto = median(() => indexCorpus('auto').cost);
  const peer = await debuginfodScan(rpms.length);

  const times = (mine: Cost): string => `${(mine.wall / floor.wall).toFixed(2)} times the floor`;
  const rate = (mine: Cost): string => `${(rpms.length / mine.wall).toFixed(0)} RPMs/s`;
  figure('index: floor (unpacking the payloads, one by one)', seconds(floor), rate(floor));
  figure('index: --scan payload', seconds(payload), `${rate(payload)}, ${times(payload)}`);
  figure('index: --scan auto', seconds(auto), `${rate(auto)}, ${times(auto)}`);
  figure('index: of which starting the program', seconds(start));
  if (peer === null) {
    console.log('debuginfod is not here, or may not have a network of its own: left out.');
  } else {
    figure('index: debuginfod -R -c 1, without sources', seconds(peer), `${rate(peer)}, ${times(peer)}`);
  }

  const { database } = indexCorpus('payload');
  const status = JSON.parse(
    spawnSync(DARKSERVER, ['--database', database, 'status', '--json'], { encoding: 'utf8' }).stdout,
  ) as { files: number };
  figure(
    'index: files with a build-id',
    String(status.files),
    `database of ${statSync(database).size} bytes`,
  );
}

try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
