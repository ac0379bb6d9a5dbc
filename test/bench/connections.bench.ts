import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../daemon/store/sqlite-store.ts';
import type { BuildId } from '../../shared/build-id.ts';
import { indexedRpm, kojiBuild, storedFile } from '../support/seed-store.ts';
import { figure } from './figure.ts';
import { type LoneDaemon, startLoneDaemon } from './lone-daemon.ts';

/**
 * How fast one client is answered while 10,000 others keep idle connections and 200 trickle their requests, beside
 * the same client alone, before and after. The daemon, that client and the others are processes of their own; all
 * need some 11,000 open files (ulimit -n). BENCH_IDLE and BENCH_SLOW are other numbers of them.
 */
const IDLE = Number(process.env['BENCH_IDLE'] ?? 10_000);
const SLOW = Number(process.env['BENCH_SLOW'] ?? 200);
/** Processes that hold them. */
const HOLDERS = 2;
const LOOKUPS_A_SECOND = 200;
const SECONDS_ALONE = 5;
/** Longer than the time after which slow requests are cut off, so that this is measured too. */
const SECONDS_AMONG = 20;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));
const database = join(directory, 'connections.db');
const pathsFile = join(directory, 'paths.txt');
const children: ChildProcess[] = [];

interface Running {
  /** Resolves with what stands behind this word in a line of its own. */
  says(word: string): Promise<string>;
  stop(): void;
}

function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      lines.push(line);
      for (const look of [...waiting]) look();
    })
    .on('close', () => {
      lines.push('END');
      for (const look of [...waiting]) look();
    });
  return {
    says: (word) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => each.startsWith(word));
          if (line === undefined && !lines.includes('END')) return;
          waiting.delete(look);
          if (line === undefined) reject(new Error(`${args.join(' ')} ended without saying ${word}`));
          else resolve(line.slice(word.length).trim());
        };
        waiting.add(look);
        look();
      }),
    stop: () => child.stdin.end(),
  };
}

const CLIENT = fileURLToPath(new URL('./paced-lookups.ts', import.meta.url));
const HOLDER = fileURLToPath(new URL('./many-connections.ts', import.meta.url));

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A client that asks at an even pace, for so many seconds. */
async function fastClient(url: string, seconds: number): Promise<Latency> {
  const client = start([...process.execArgv, CLIENT, url, pathsFile, String(LOOKUPS_A_SECOND)]);
  await sleep(seconds * 1000);
  client.stop();
  const [, p50 = 0, p99 = 0, max = 0, errors = 0] = (await client.says('RESULT')).split(' ').map(Number);
  if (errors > 0) throw new Error(`${errors} lookups failed; their times say nothing`);
  return { p50, p99, max };
}

function shown({ p50, p99, max }: Latency): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(1)} ms`;
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

/** What lookups find; how large an index is makes no difference here. */
async function fill(): Promise<BuildId[]> {
  const buildIds = Array.from({ length: 200 }, (_, i) => i.toString(16).padStart(40, 'c') as BuildId);
  const store = openStore(database);
  const files = buildIds.map((buildId, i) => storedFile(`/usr/lib64/lib${i}.so`, buildId));
  await store.index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(1, { files })]);
  await store.close();
  return buildIds;
}

let daemon: LoneDaemon | null = null;
try {
  const paths = (await fill()).map((buildId) => `/api/v1/buildids/${buildId}\n`);
  writeFileSync(pathsFile, paths.join(''));
  daemon = await startLoneDaemon(database);
  const { url, pid } = daemon;
  const before = await fastClient(url, SECONDS_ALONE);
  const bytesBefore = residentBytes(pid);

  const each = (all: number): string => String(Math.ceil(all / HOLDERS));
  const holders = Array.from({ length: HOLDERS }, () =>
    start([...process.execArgv, HOLDER, new URL(url).port, each(IDLE), each(SLOW)]),
  );
  await Promise.all(holders.map((holder) => holder.says('OPEN')));
  const among = await fastClient(url, SECONDS_AMONG);
  const bytesAmong = residentBytes(pid);
  for (const holder of holders) holder.stop();
  const results = await Promise.all(holders.map((holder) => holder.says('RESULT')));
  const sum = (at: number): number =>
    results.reduce((total, result) => total + Number(result.split(' ')[at]), 0);
  const [idle, slow, cut] = [sum(0), sum(1), sum(2)];
  if (idle < IDLE || slow < SLOW) {
    throw new Error(`only ${idle} idle and ${slow} slow connections were open at the end; see ulimit -n`);
  }
  // The end of so many connections at once is work of its own.
  await sleep(2000);
  const after = await fastClient(url, SECONDS_ALONE);

  figure('a client that asks 200 times a second, alone: p99', `${before.p99.toFixed(1)} ms`, shown(before));
  figure(
    `the same beside ${idle} idle and ${slow} slow connections: p99`,
    `${among.p99.toFixed(1)} ms`,
    `${shown(among)}; ${cut} slow ones were cut off`,
    { p99: among.p99 / 1000, p99Alone: before.p99 / 1000 },
  );
  figure('the same when they are gone: p99', `${after.p99.toFixed(1)} ms`, shown(after));
  const perConnection = (bytesAmong - bytesBefore) / (idle + slow);
  figure('memory of an open connection', `${(perConnection / 1024).toFixed(1)} KiB`, '', {
    bytes: perConnection,
  });
} finally {
  for (const child of children) child.kill();
  await daemon?.close();
  rmSync(directory, { recursive: true });
}
