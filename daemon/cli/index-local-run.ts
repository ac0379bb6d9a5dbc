import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DarkserverError, toDarkserverError } from '../../shared/errors.ts';
import { askDebuginfoBeside } from '../indexer/debuginfo-links.ts';
import { type FoundRpm, findRpms } from '../indexer/find-rpms.ts';
import { FileRpmSource } from '../indexer/rpm-source.ts';
import { scanRpm } from '../indexer/scan-rpm.ts';
import type { ScanMode } from '../indexer/types.ts';
import type { IndexStore } from '../store/types.ts';
import { LocalBatch } from './local-batch.ts';
import type { Progress } from './progress.ts';

export interface LocalWork {
  /** Files and directories as a person named them. */
  readonly paths: readonly string[];
  readonly index: Pick<IndexStore, 'knownLocalRpm' | 'replaceLocalRpms'>;
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
export function indexLocalRpms(work: LocalWork): Promise<LocalTally> {
  return new LocalIndexing(work).run();
}

class LocalIndexing {
  readonly #work: LocalWork;
  readonly #tally: LocalTally = { indexed: 0, unchanged: 0, failed: 0, files: 0, bytesRead: 0 };
  readonly #batch: LocalBatch;
  /** What is read, or waits to be written: a tree may lead to one file in several ways. */
  readonly #inHand = new Set<string>();
  #found = 0;
  #done = 0;

  constructor(work: LocalWork) {
    this.#work = work;
    this.#batch = new LocalBatch(work.index, ({ path, files }, error) => {
      this.#inHand.delete(path);
      if (error !== undefined) {
        this.#fail(path, error.message);
        return;
      }
      this.#tally.indexed++;
      this.#tally.files += files.length;
    });
  }

  async run(): Promise<LocalTally> {
    const paths = Readable.from(this.#paths(), { highWaterMark: FOUND_AHEAD })[Symbol.asyncIterator]();
    try {
      await Promise.all(Array.from({ length: this.#work.atOnce }, () => this.#readSome(paths)));
    } finally {
      // Also where something would fail all the others: what was read until then is not lost.
      await this.#batch.write();
    }
    return this.#tally;
  }

  async *#paths(): AsyncGenerator<FoundRpm> {
    const onSkipped = (path: string, reason: string): void => {
      this.#fail(path, reason);
    };
    for await (const rpm of findRpms(this.#work.paths, onSkipped)) {
      this.#found++;
      yield rpm;
    }
  }

  async #readSome(paths: AsyncIterator<FoundRpm>): Promise<void> {
    while (!this.#work.signal.aborted) {
      const next = await paths.next();
      if (next.done === true) return;
      await this.#indexOne(next.value);
      this.#work.progress.show(++this.#done, this.#found);
    }
  }

  async #indexOne({ path, realPath }: FoundRpm): Promise<void> {
    const { scan: mode, progress } = this.#work;
    if (this.#inHand.has(realPath)) {
      this.#tally.unchanged++;
      return;
    }
    this.#inHand.add(realPath);
    try {
      const source = new FileRpmSource(realPath);
      if (!this.#work.readAgain && (await this.#isUnchanged(realPath, source))) {
        this.#inHand.delete(realPath);
        this.#tally.unchanged++;
        return;
      }
      const { files, warnings, bytesRead, ...facts } = await scanRpm(source, {
        mode,
        askDebuginfo: askDebuginfoBeside(realPath, this.#work.signal),
      });
      for (const warning of warnings) progress.say(`${realPath}: ${warning}`);
      this.#tally.bytesRead += bytesRead;
      await this.#batch.add({ path: realPath, facts, files });
    } catch (thrown) {
      const error = toDarkserverError(thrown);
      if (ENDS_ALL.has(error.code)) throw error;
      this.#inHand.delete(realPath);
      this.#fail(path, error.message);
    }
  }

  /** Reads nothing of a file that was never read before, which is the usual one. */
  async #isUnchanged(realPath: string, source: FileRpmSource): Promise<boolean> {
    const known = await this.#work.index.knownLocalRpm(realPath);
    // Without a hash nothing tells a rebuilt package from the one that was read.
    if (known === null || known.payloadHash === null) return false;
    const { payloadHash, size } = await scanRpm(source, { mode: 'header' });
    return payloadHash === known.payloadHash && size === known.size;
  }

  #fail(path: string, reason: string): void {
    this.#tally.failed++;
    this.#work.progress.say(reason.includes(path) ? reason : `${path}: ${reason}`);
  }
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
