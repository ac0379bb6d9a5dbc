import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BatchAnswer, BuildIdAnswer, Match, StatusAnswer, UpstreamRow } from '../../shared/api.ts';
import { DARKSERVER, type DaemonProcess, run, startDaemonProcess } from './child.ts';
import { DemoKoji } from './demo-koji.ts';
import { Narrator } from './narrator.ts';
import { FIXTURES, type TrueFile, readTruth } from './truth.ts';

/**
 * `make demo`: from builds that a Koji finishes to answered queries, with the real plugin, the real daemon and
 * real RPMs; only the Koji is a stand-in. Exit code 0 if every answer was what readelf says of the packages.
 */
const LIMIT = 120_000; // milliseconds for all of it
const INSTANCE = 'demo';
const ANNOUNCE = fileURLToPath(new URL('announce.py', import.meta.url));
const PLUGIN_TESTS = fileURLToPath(new URL('../plugin', import.meta.url));

const narrator = new Narrator();
const signal = AbortSignal.timeout(LIMIT);

interface Demo {
  readonly koji: DemoKoji;
  readonly daemon: DaemonProcess;
  readonly directory: string;
  readonly truth: readonly TrueFile[];
}

async function getJson(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, { ...init, signal });
  return response.json();
}

/** A row of an answer and of truth.tsv, to be compared. */
function rowOf(file: { nvra: string; path: string; kind: string }): string {
  return `${file.nvra} ${file.path} ${file.kind}`;
}

function rowsOf(matches: readonly Match[]): string[] {
  return matches.map(({ rpm, path, kind }) => rowOf({ nvra: rpm.nvra, path, kind })).sort();
}

function sameRows(matches: readonly Match[], truth: readonly TrueFile[]): boolean {
  return JSON.stringify(rowsOf(matches)) === JSON.stringify(truth.map(rowOf).sort());
}

/** The hub does something, and the plugin in it announces it: darkserver_hub.py as a hub would run it. */
async function announce(
  { directory }: Pick<Demo, 'directory'>,
  operation: string,
  ids: readonly number[],
): Promise<void> {
  await run('python3', [ANNOUNCE, join(directory, 'plugin.conf'), operation, ...ids.map(String)], {
    environment: { PYTHONPATH: PLUGIN_TESTS, PYTHONDONTWRITEBYTECODE: '1' },
    signal,
  });
}

async function status({ daemon }: Pick<Demo, 'daemon'>): Promise<StatusAnswer> {
  return (await getJson(`${daemon.url}/api/v1/status`)) as StatusAnswer;
}

async function waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    if (signal.aborted) throw new Error(`gave up waiting until ${what}`);
    await sleep(50);
  }
}

async function queueIsEmpty(demo: Pick<Demo, 'daemon'>): Promise<boolean> {
  const { queue } = await status(demo);
  return Object.values(queue).every((count) => count === 0);
}

function trueFilesOf(truth: readonly TrueFile[], buildId: string): TrueFile[] {
  return truth.filter((file) => file.buildId === buildId);
}

function fileOf(truth: readonly TrueFile[], nvra: string, path: string): TrueFile {
  const found = truth.find((file) => file.nvra === nvra && file.path === path);
  if (found === undefined) throw new Error(`truth.tsv has no ${path} of ${nvra}`);
  return found;
}

async function announceEverything(demo: Demo): Promise<void> {
  narrator.step('Builds finish; the plugin in the hub announces each with a POST /push');
  const { builds } = demo.koji;
  const started = performance.now();
  await announce(
    demo,
    'complete',
    builds.map(({ kojiBuildId }) => kojiBuildId),
  );
  narrator.say(`${builds.length} builds: ${builds.map(({ nvr }) => nvr).join(', ')}`);
  await waitUntil('the queue is empty', () => queueIsEmpty(demo));
  const took = ((performance.now() - started) / 1000).toFixed(1);
  const counts = await status(demo);
  narrator.check(
    `${counts.builds} builds, ${counts.rpms} RPMs, ${counts.files} files with a build-id are in the index after ${took} s`,
    counts.builds === builds.length && counts.files === demo.truth.length,
    counts,
  );
}

async function askForOne({ daemon, truth }: Demo): Promise<void> {
  narrator.step('Which package is this build-id from?');
  const greet = fileOf(truth, 'greet-1.0-1.fc40.x86_64', '/usr/bin/greet');
  const url = `${daemon.url}/api/v1/buildids/${greet.buildId}`;
  narrator.command(`curl ${url}`);
  const { matches } = (await getJson(url)) as BuildIdAnswer;
  for (const match of matches) {
    narrator.answer(
      [
        `${match.rpm.nvra}: ${match.path} (${match.kind})`,
        ...match.urls.map((at) => `  ${at.kind}: ${at.url}`),
      ].join('\n'),
    );
  }
  narrator.check(
    'the program and its debuginfo, and nothing else',
    sameRows(matches, trueFilesOf(truth, greet.buildId)),
    matches,
  );
}

async function askForAll({ daemon, truth }: Demo): Promise<void> {
  narrator.step('Every build-id of every package at once');
  const ids = [...new Set(truth.map((file) => file.buildId))];
  narrator.command(`curl ${daemon.url}/api/v1/buildids -d '{"build_ids": [… ${ids.length} of them …]}'`);
  const { results } = (await getJson(`${daemon.url}/api/v1/buildids`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ build_ids: ids }),
  })) as BatchAnswer;
  const wrong = ids.filter((id) => !sameRows(results[id]?.matches ?? [], trueFilesOf(truth, id)));
  narrator.check(
    `${truth.length} files are found with the right package, path and kind, as readelf sees them`,
    wrong.length === 0,
    wrong,
  );
}

/** Downloads from the address that an answer gave, and compares with the package that was built. */
async function downloads(nvra: string, url: string): Promise<{ same: boolean; text: string }> {
  const response = await fetch(url, { signal });
  const got = Buffer.from(await response.arrayBuffer());
  const built = await readFile(new URL(`${nvra}.rpm`, FIXTURES));
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const same = response.status === 200 && digest(got) === digest(built);
  return { same, text: `HTTP ${response.status}, ${got.length} bytes, sha256 ${digest(got).slice(0, 16)}…` };
}

async function download({ daemon, truth }: Demo): Promise<void> {
  narrator.step('The addresses are good: this one is on another volume of the Koji');
  const file = fileOf(truth, 'greet-1.1-1.fc40.x86_64', '/usr/bin/greet');
  const { matches } = (await getJson(`${daemon.url}/api/v1/buildids/${file.buildId}`)) as BuildIdAnswer;
  for (const { rpm, urls } of matches) {
    const url = urls[0]?.url ?? '';
    narrator.command(`curl -O ${url}`);
    const { same, text } = await downloads(rpm.nvra, url);
    narrator.answer(text);
    narrator.check('that is the package as it was built', same, text);
  }
}

async function askAsUpstream({ daemon, truth }: Demo): Promise<void> {
  narrator.step('The routes of the first Darkserver still answer');
  const nvra = 'greet-libs-1.0-1.fc40.x86_64';
  narrator.command(`curl ${daemon.url}/rpm2buildids/${nvra}`);
  const rows = (await getJson(`${daemon.url}/rpm2buildids/${nvra}`)) as UpstreamRow[];
  narrator.answer(rows.map((row) => `${row.buildid} ${row.elf} (${row.distro})`).join('\n'));
  const expected = truth.filter((file) => file.nvra === nvra);
  narrator.check(
    `both libraries of ${nvra}`,
    rows.length === expected.length &&
      expected.every((file) => rows.some((row) => row.elf === file.path && row.buildid === file.buildId)),
    rows,
  );
  const id = expected[0]?.buildId ?? '';
  const byId = (await getJson(`${daemon.url}/darkserver/buildids/${id}`)) as UpstreamRow[];
  narrator.check(
    '/darkserver/buildids/ names the package and its address',
    byId[0]?.rpm === nvra && byId[0].url.endsWith(`/${nvra}.rpm`),
    byId,
  );
}

async function askForNothing({ daemon }: Demo): Promise<void> {
  narrator.step('A build-id that no package has');
  const url = `${daemon.url}/api/v1/buildids/${'0123456789abcdef'.repeat(2)}01234567`;
  narrator.command(`curl ${url}`);
  const response = await fetch(url, { signal });
  const text = await response.text();
  narrator.answer(text);
  narrator.check(
    '404, and the reason is that nothing is known of it',
    response.status === 404 && text.includes('"unknown"'),
    text,
  );
}

async function deleteBuild(demo: Demo): Promise<void> {
  narrator.step('Koji deletes a build; a core dump of it may still turn up');
  const { koji, daemon, truth } = demo;
  const nvr = 'greet-1.0-1.fc40';
  await announce(demo, 'delete', [koji.deleteBuild(nvr)]);
  await waitUntil('the queue is empty', () => queueIsEmpty(demo));
  const greet = fileOf(truth, `${nvr}.x86_64`, '/usr/bin/greet');
  narrator.command(`darkserver lookup ${greet.buildId}`);
  const environment = { DARKSERVER_CONFIG: join(demo.directory, 'darkserver.toml') };
  narrator.answer(await run(DARKSERVER, ['lookup', greet.buildId], { environment, signal }));
  const { matches } = (await getJson(`${daemon.url}/api/v1/buildids/${greet.buildId}`)) as BuildIdAnswer;
  narrator.check(
    'the same packages, of a build that is deleted, with no address in Koji',
    sameRows(matches, trueFilesOf(truth, greet.buildId)) &&
      matches.every(
        ({ build, urls }) => build?.state === 'deleted' && !urls.some(({ kind }) => kind === 'koji'),
      ),
    matches,
  );
}

async function configure(directory: string, koji: DemoKoji): Promise<string> {
  const token = randomBytes(24).toString('hex');
  const config = join(directory, 'darkserver.toml');
  await writeFile(join(directory, 'push.token'), `${token}\n`, { mode: 0o600 });
  await writeFile(
    config,
    `[http]
listen = "127.0.0.1:0"
[database]
path = "darkserver.db"
[push]
token_file = "push.token"
[[koji]]
name = "${INSTANCE}"
hub = "${koji.hubUrl}"
topurl = "${koji.topUrl}"
`,
  );
  return config;
}

async function configurePlugin(directory: string, daemon: DaemonProcess): Promise<void> {
  await writeFile(
    join(directory, 'plugin.conf'),
    `[darkserver]
url = ${daemon.url}
instance = ${INSTANCE}
token_file = ${join(directory, 'push.token')}
timeout = 10
`,
  );
}

async function main(directory: string): Promise<boolean> {
  narrator.step('A Koji, and a daemon that knows it');
  const koji = await DemoKoji.start();
  let daemon: DaemonProcess | undefined;
  try {
    narrator.say(`A stand-in hub at ${koji.hubUrl} publishes the RPMs of test/fixtures at ${koji.topUrl}.`);
    daemon = await startDaemonProcess(await configure(directory, koji), signal);
    narrator.say(`dist/daemon/main.js serve listens on ${daemon.url}, with an empty database.`);
    await configurePlugin(directory, daemon);
    const demo: Demo = { koji, daemon, directory, truth: readTruth() };
    await announceEverything(demo);
    await askForOne(demo);
    await askForAll(demo);
    await download(demo);
    await askAsUpstream(demo);
    await askForNothing(demo);
    await deleteBuild(demo);
    narrator.step('Stop');
    const code = await daemon.stop();
    narrator.check('the daemon ended by itself when it was told to', code === 0, code);
    return narrator.conclude();
  } catch (error) {
    console.error(`\nThe daemon's log:\n${daemon?.log() ?? '(it did not start)'}`);
    throw error;
  } finally {
    await daemon?.stop();
    await koji.close();
  }
}

const directory = await mkdtemp(join(tmpdir(), 'darkserver-demo-'));
try {
  console.log('Darkserver: from a finished build to an answered query.');
  process.exitCode = (await main(directory)) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
