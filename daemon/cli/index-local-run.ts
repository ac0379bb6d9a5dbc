import { realpath, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DarkserverError, toDarkserverError } from '../../shared/errors.ts';
import { findRpms } from '../indexer/find-rpms.ts';
import { FileRpmSource } from '../indexer/rpm-source.ts';
import { scanRpm } from '../indexer/scan-rpm.ts';
import type { ScanMode } from '../indexer/types.ts';
import type { IndexStore } from '../store/types.ts';
import type { Progress } from './progress.ts';

export interface LocalWork {
  /** Files and directories as a person named them. */
  readonly paths: readonly string[];
  readonly index: Pick<IndexStore, 'knownLocalRpm' | 'replaceLocalRpm'>;
  readonly scan: ScanMode;
  /** Whether RPMs that the index holds already are read again. */
  readonly readAgain: boolean;
  /** RPMs read at once. */
  readonly atOnce: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface LocalTally {
  indexed: number;
  unchanged: number;
  failed: number;
  /** Files with a build-id in what was indexed. */
  files: number;
  bytesRead: number;
}

/** Paths found before they are read, so that there is a total to measure progress by; a tree has no end of them. */
const FOUND_AHEAD = 100_000;

/** Errors that the next RPM would meet as well. */
const ENDS_ALL: ReadonlySet<DarkserverError['code']> = new Set([
  'configuration',
  'store',
  'internal',
  'stopped',
]);

/** Indexes RPM files. One that cannot be read is told to `progress`. Throws what would fail them all. */
export async function indexLocalRpms(work: LocalWork): Promise<LocalTally> {
  const tally: LocalTally = { indexed: 0, unchanged: 0, failed: 0, files: 0, bytesRead: 0 };
  let found = 0;
  let done = 0;
  const onSkipped = (path: string, reason: string): void => {
    tally.failed++;
    work.progress.say(`${path}: ${reason}`);
  };
  async function* counted(): AsyncGenerator<string> {
    for await (const path of findRpms(work.paths, onSkipped)) {
      found++;
      yield path;
    }
  }
  const paths = Readable.from(counted(), { highWaterMark: FOUND_AHEAD })[Symbol.asyncIterator]();
  const readSome = async (): Promise<void> => {
    for (;;) {
      if (work.signal.aborted) return;
      const next = await paths.next();
      if (next.done === true) return;
      await indexOne(String(next.value), work, tally);
      work.progress.show(++done, found);
    }
  };
  await Promise.all(Array.from({ length: work.atOnce }, readSome));
  return tally;
}

/** Throws `bad_input` for a path that is not there, so that a slip of the pen is told before any work. */
export async function requirePaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) await requirePath(path);
}

async function requirePath(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    throw new DarkserverError('bad_input', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function indexOne(path: string, work: LocalWork, tally: LocalTally): Promise<void> {
  try {
    const real = await realpath(path);
    const source = new FileRpmSource(real);
    if (!work.readAgain) {
      const head = await scanRpm(source, { mode: 'header' });
      if (await work.index.knownLocalRpm(real, head)) {
        tally.unchanged++;
        return;
      }
    }
    const scan = await scanRpm(source, { mode: work.scan });
    await work.index.replaceLocalRpm(real, scan, scan.files);
    for (const warning of scan.warnings) work.progress.say(`${real}: ${warning}`);
    tally.indexed++;
    tally.files += scan.files.length;
    tally.bytesRead += scan.bytesRead;
  } catch (thrown) {
    const error = toDarkserverError(thrown);
    if (ENDS_ALL.has(error.code)) throw error;
    tally.failed++;
    work.progress.say(error.message.includes(path) ? error.message : `${path}: ${error.message}`);
  }
}
