import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { type StatusAnswer, statusAnswer } from '../../shared/api.ts';
import { figure } from './figure.ts';
import { CONNECTIONS, load } from './http-load.ts';

/**
 * A backfill over HTTP on loopback: the daemon as it is installed with two workers, a hub and a file server in
 * a process of their own, and lookups beside it, measured with and without the backfill under the same load.
 * Then a build of some 50,000 rows, in one answer of the hub and one transaction. BENCH_RPMS names a directory
 * of other RPMs, BENCH_BUILDS how many builds there are.
 */
const DARKSERVER = fileURLToPath(new URL('../../dist/daemon/main.js', import.meta.url));
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/made', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/rpms', import.meta.url));
const RPMS = process.env['BENCH_RPMS'] ?? (existsSync(CORPUS) ? CORPUS : FIXTURES);
const BUILDS = Number(process.env['BENCH_BUILDS'] ?? 3000);
const RPMS_OF_A_BUILD = 6;
const WORKERS = 2;
/** Builds that are in the index before anything is measured, for lookups to find. */
const FIRST_BUILDS = 200;
const ROWS_OF_THE_LAST = 50_000;
const LOOKUPS_A_SECOND = 200;
const SECONDS = 5;
/** Milliseconds until a backfill is given up. */
const PATIENCE = 180_000;
const LARGEST_RPM = 4 * 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));
const database = join(directory, 'backfill.db');
const children: ChildProcess[] = [];

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** The first match in a line of what it prints. */
async function printed(child: ChildProcess, what: RegExp): Promise<string> {
  if (child.stdout === null) throw new Error('it prints nowhere');
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const match = what.exec(line);
    if (match !== null) return match[1] ?? '';
  }
  throw new Error(`it never printed ${String(what)}`);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${child.spawnargs.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

/** RPMs that are read and not only listed; source packages hold nothing and are passed over. */
function rpmFiles(): string[] {
  return readdirSync(RPMS)
    .filter((name) => name.endsWith('.rpm') && !/\.(?:no)?src\.rpm$/.test(name))
    .map((name) => join(RPMS, name))
    .filter((path) => statSync(path).size <= LARGEST_RPM)
    .slice(0, 60);
}

/** Seconds of processor of a process, its threads and its children that have ended, by proc(5). */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '').trim().split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/**
 * Milliseconds that the thread which answers was ready and had no core, by sched(7)'s schedstat: on a machine
 * that others use as well, no lookup is faster than that.
 */
function coreless(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
}

function peakMemory(pid: number): string {
  const [, kib = '0'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return `${Math.round(Number(kib) / 1024)} MiB`;
}

async function statusOf(url: string): Promise<StatusAnswer> {
  return statusAnswer.parse(await (await fetch(`${url}/api/v1/status`)).json());
}

async function untilIdle(url: string): Promise<StatusAnswer> {
  for (const end = performance.now() + PATIENCE; performance.now() < end;) {
    const status = await statusOf(url);
    if (status.queue.queued + status.queue.running === 0) return status;
    await sleep(100);
  }
  throw new Error(`the builds are not read after ${PATIENCE / 1000} s`);
}

/** What koji-of-rpms.ts prints. */
interface Koji {
  /** RPMs that are different. */
  readonly kinds: number;
  readonly hub: string;
  readonly topurl: string;
}

interface Latency {
  /** Milliseconds of each second that the answering thread waited for a core. */
  readonly coreless: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Asks at an even pace for as long as `during` takes. */
async function pacedLookups<T>(
  { url, pid, pathsFile }: { readonly url: string; readonly pid: number; readonly pathsFile: string },
  during: () => Promise<T>,
): Promise<{ latency: Latency; result: T }> {
  const program = fileURLToPath(new URL('./paced-lookups.ts', import.meta.url));
  const child = start([...process.execArgv, program, url, pathsFile, String(LOOKUPS_A_SECOND)]);
  const line = printed(child, /^RESULT (.*)$/);
  const [began, waited] = [performance.now(), coreless(pid)];
  const result = await during();
  const coresMissed = (coreless(pid) - waited) / ((performance.now() - began) / 1000);
  child.stdin?.end();
  const [, p50 = 0, p99 = 0, max = 0, errors = 0] = (await line).split(' ').map(Number);
  if (errors > 0) throw new Error(`${errors} lookups failed; their times say nothing`);
  return { latency: { coreless: coresMissed, p50, p99, max }, result };
}

function waitedForCores({ coreless: milliseconds }: Latency): string {
  return `no core for ${milliseconds.toFixed(0)} ms a second`;
}

function shown({ p50, p99, max }: Latency): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(1)} ms`;
}

function lookupPaths(): string[] {
  const db = new Sqlite(database, { readonly: true });
  const ids = db.prepare<[], string>('SELECT lower(hex(build_id)) FROM file').pluck().all();
  db.close();
  return Array.from({ length: 5000 }, (_, at) => `/api/v1/buildids/${ids[(at * 7919) % ids.length] ?? ''}`);
}

/** Queues builds by their numbers, as an admin would, and waits until the daemon has read them. */
async function backfill(
  url: string,
  environment: Readonly<Record<string, string>>,
  from: number,
  to: number,
) {
  const before = await statusOf(url);
  const began = performance.now();
  const args = [
    '--database',
    database,
    'backfill',
    '--queue-only',
    '--from',
    String(from),
    '--to',
    String(to),
  ];
  const child = start([DARKSERVER, ...args], environment);
  child.stdout?.resume();
  await ended(child);
  const after = await untilIdle(url);
  const { queue } = after;
  if (queue.failed + queue.parked > 0) throw new Error(`builds failed: ${JSON.stringify(queue)}`);
  return {
    seconds: (performance.now() - began) / 1000,
    rpms: after.rpms - before.rpms,
    files: after.files - before.files,
  };
}

try {
  const rpms = rpmFiles();
  const program = fileURLToPath(new URL('./koji-of-rpms.ts', import.meta.url));
  const koji = start([
    ...[...process.execArgv, program, String(BUILDS), String(RPMS_OF_A_BUILD)],
    ...[String(ROWS_OF_THE_LAST), ...rpms],
  ]);
  const { kinds, hub, topurl } = JSON.parse(await printed(koji, /^(\{.*\})$/)) as Koji;
  const environment = {
    DARKSERVER_KOJI_HUB: hub,
    DARKSERVER_KOJI_TOPURL: topurl,
    DARKSERVER_LOG_LEVEL: 'warn',
  };
  const profile =
    process.env['BENCH_PROFILE'] === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${process.env['BENCH_PROFILE']}`];
  const listen = ['--listen', '127.0.0.1:0', '--workers', String(WORKERS)];
  const daemon = start([...profile, DARKSERVER, '--database', database, 'serve', ...listen], environment);
  const url = await printed(daemon, /^listening on (\S+)$/);
  const pid = daemon.pid ?? 0;

  await backfill(url, environment, 1, FIRST_BUILDS);
  const paths = lookupPaths();
  const pathsFile = join(directory, 'paced.txt');
  writeFileSync(pathsFile, `${paths.join('\n')}\n`);
  const asked = { url, pid, pathsFile };
  const middle = FIRST_BUILDS + Math.floor((BUILDS - FIRST_BUILDS) / 2);

  const pace = `${LOOKUPS_A_SECOND} lookups a second`;
  const rest = await pacedLookups(asked, () => sleep(SECONDS * 1000));
  figure(`${pace}, nothing else to do`, shown(rest.latency), waitedForCores(rest.latency), {
    ...rest.latency,
  });
  const processor = processorSeconds(pid);
  const busy = await pacedLookups(asked, () => backfill(url, environment, FIRST_BUILDS + 1, middle));
  const { seconds, rpms: read, files: rows } = busy.result;
  const cost = ((processorSeconds(pid) - processor) / read) * 1000;
  figure(
    `backfill over HTTP, ${WORKERS} workers, with ${pace}`,
    `${Math.round(read / seconds)} RPMs/s`,
    `${read} RPMs of ${kinds} kinds, ${rows} rows; ${cost.toFixed(2)} ms of processor each`,
    { rpms_per_second: read / seconds, processor_ms_per_rpm: cost },
  );
  figure(`${pace} meanwhile`, shown(busy.latency), waitedForCores(busy.latency), { ...busy.latency });

  const calm = await load(url, paths, SECONDS, directory);
  figure(
    `${CONNECTIONS} connections, nothing else to do`,
    `p99 ${calm.p99.toFixed(1)} ms`,
    `${Math.round(calm.requestsPerSecond)} /s`,
  );
  const more = backfill(url, environment, middle + 1, BUILDS - 1);
  const pressed = await load(url, paths, SECONDS, directory);
  figure(
    `${CONNECTIONS} connections during a backfill`,
    `p99 ${pressed.p99.toFixed(1)} ms`,
    `${Math.round(pressed.requestsPerSecond)} /s`,
  );
  await more;

  const large = await pacedLookups(asked, () => backfill(url, environment, BUILDS, BUILDS));
  figure(
    `${pace} during one build of ${large.result.files} rows`,
    shown(large.latency),
    `${large.result.rpms} RPMs in ${large.result.seconds.toFixed(1)} s; ${waitedForCores(large.latency)}`,
    { rows: large.result.files, ...large.latency },
  );
  figure('the daemon at its largest', peakMemory(pid));
  daemon.kill('SIGTERM');
  await ended(daemon);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
}
