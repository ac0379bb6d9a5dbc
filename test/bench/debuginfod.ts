import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import type { Corpus } from './corpora.ts';
import { type Cost, processorSeconds } from './cost.ts';

export interface DebuginfodScan extends Cost {
  readonly scanned: number;
  readonly buildIds: number;
  readonly databaseBytes: number;
}

/** Without work for so long, it has no more to do; it writes each RPM's rows as it goes. */
const IDLE_SECONDS = 20;

/**
 * One scan by elfutils' debuginfod with one thread and without sources, into a new database at `path`; null
 * where it is not installed or may not have a network of its own: it listens on every address that it finds,
 * and there it finds none. That leaves its metrics out of reach, so its database tells how far it is.
 */
export async function debuginfodScan(corpus: Corpus, path: string): Promise<DebuginfodScan | null> {
  const options = ['-d', path, '-R', '-c', '1', '--disable-source-scan', '-t', '0', '-g', '0'];
  const child = spawn('unshare', ['-rn', 'debuginfod', ...options, corpus.directory], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('exit', () => {
      resolve();
    });
  });
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const { pid } = child;
  let last: Cost = { wall: 0, cpu: 0 };
  try {
    while (pid !== undefined && child.exitCode === null && child.signalCode === null) {
      await sleep(100);
      const scanned = scannedIn(path);
      const cpu = processorSeconds(pid);
      if (cpu > last.cpu) last = { wall: seconds(), cpu };
      if (scanned >= corpus.rpms.length || seconds() - last.wall > IDLE_SECONDS) {
        child.kill();
        await ended;
        return { ...last, scanned, buildIds: buildIdsIn(path), databaseBytes: statSync(path).size };
      }
    }
    return null;
  } finally {
    child.kill();
    await ended;
  }
}

/** How many RPMs it has done with; 0 while its database is being made, or locked. */
function scannedIn(path: string): number {
  if (!existsSync(path)) return 0;
  try {
    return countIn(path, '_file_mtime_scanned', "WHERE sourcetype = 'R'");
  } catch {
    return 0;
  }
}

function buildIdsIn(path: string): number {
  return countIn(path, '_buildids', '');
}

/** Its tables' names begin with the version of its schema. */
function countIn(path: string, ending: string, where: string): number {
  const database = new Sqlite(path, { readonly: true });
  try {
    const table = database
      .prepare<[string], string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ?")
      .pluck()
      .get(`%${ending}`);
    if (table === undefined) return 0;
    return database.prepare<[], number>(`SELECT count(*) FROM "${table}" ${where}`).pluck().get() ?? 0;
  } finally {
    database.close();
  }
}
