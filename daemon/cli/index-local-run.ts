import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { DarkserverError, toDarkserverError } from '../../shared/errors.ts';
import { askDebuginfoBeside } from '../indexer/debuginfo-links.ts';
import { type FoundRpm, findRpms } from '../indexer/find-rpms.ts';
import { FileRpmSource } from '../indexer/rpm-source.ts';
import { scanRpm } from '../indexer/scan-rpm.ts';
import { ScanThread } from '../indexer/scan-thread.ts';
import type { RpmScan, ScanMode } from '../indexer/types.ts';
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
  /** For tests: what reads headers beside this thread. */
  readonly startThread?: (onLost: (reason: string) => void) => ScanThread;
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

/**
 * RPMs for which a thread pays where only headers are read: V8 compiles for it anew what it has compiled here, which
 * takes as long as to read some hundreds. Where payloads are read, its memory is the decompressors'.
 */
const MANY = 1000;

/**
 * RPMs that the thread is asked for at once, and how often it may be asked before it has answered: enough for the time
 * that a transaction takes.
 */
const ASKED_AT_ONCE = 32;
const ASKED_AHEAD = 16;

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
  /** Those that are scanned here. */
  readonly #atOnce: ReturnType<typeof pLimit>;
  readonly #paths: AsyncIterator<FoundRpm>;
  #thread: ScanThread | null = null;
  #found = 0;
  #taken = 0;
  #done = 0;

  constructor(work: LocalWork) {
    this.#work = work;
    this.#atOnce = pLimit(work.atOnce);
    this.#paths = Readable.from(this.#find(), { highWaterMark: FOUND_AHEAD })[Symbol.asyncIterator]();
    this.#batch = new LocalBatch(work.index, work.scan, ({ path, files }, error) => {
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
    try {
      await Promise.all(Array.from({ length: this.#work.atOnce }, () => this.#readSome()));
    } finally {
      try {
        // Also where something would fail all the others: what was read until then is not lost.
        await this.#batch.write();
      } finally {
        await this.#thread?.close();
      }
    }
    return this.#tally;
  }

  async *#find(): AsyncGenerator<FoundRpm> {
    const onSkipped = (path: string, reason: string): void => {
      this.#fail(path, reason);
    };
    for await (const rpm of findRpms(this.#work.paths, onSkipped)) {
      this.#found++;
      yield rpm;
    }
  }

  async #readSome(): Promise<void> {
    for (let rpm = await this.#next(); rpm !== null; rpm = await this.#next()) {
      await this.#scanHere(rpm);
      const isWorthThread = this.#found >= MANY && this.#work.scan === 'header';
      if (isWorthThread && this.#thread === null) await this.#readBeside();
    }
  }

  /** Reads headers in another thread until there are no more, while this one reads others and writes. */
  async #readBeside(): Promise<void> {
    const { progress, startThread = (onLost) => new ScanThread(onLost) } = this.#work;
    const thread = startThread((reason) => {
      progress.say(
        `the thread that reads headers has ended (${reason}): it goes on without, at half the speed`,
      );
    });
    this.#thread = thread;
    await Promise.all(Array.from({ length: ASKED_AHEAD }, () => this.#askSome(thread)));
  }

  async #askSome(thread: ScanThread): Promise<void> {
    for (let rpms = await this.#nextSome(); rpms.length > 0; rpms = await this.#nextSome()) {
      const answer = await thread.scan(rpms.map(({ realPath }) => realPath));
      for (const [i, rpm] of rpms.entries()) await this.#takeOver(rpm, answer[i] ?? null);
    }
  }

  /** The fewer are left the fewer these are, so that both threads come to an end at one time. */
  async #nextSome(): Promise<FoundRpm[]> {
    const share = (this.#found - this.#taken) / (2 * ASKED_AHEAD);
    const some = Math.min(Math.max(1, share), ASKED_AT_ONCE);
    const rpms: FoundRpm[] = [];
    while (rpms.length < some) {
      const rpm = await this.#next();
      if (rpm === null) break;
      rpms.push(rpm);
    }
    return rpms;
  }

  /** The next RPM that is not in hand; null at the end, and when it is to stop. */
  async #next(): Promise<FoundRpm | null> {
    while (!this.#work.signal.aborted) {
      const next = await this.#paths.next();
      if (next.done === true) return null;
      this.#taken++;
      if (!this.#inHand.has(next.value.realPath)) {
        this.#inHand.add(next.value.realPath);
        return next.value;
      }
      this.#tally.unchanged++;
      this.#showDone();
    }
    return null;
  }

  /** What the thread has found, unless it leaves the RPM to this one. */
  async #takeOver(rpm: FoundRpm, scan: RpmScan | null): Promise<void> {
    if (scan === null) {
      await this.#scanHere(rpm);
      return;
    }
    await this.#attempt(rpm, async () => {
      if (!(await this.#isUnchanged(rpm, () => Promise.resolve(scan)))) await this.#add(rpm, scan);
    });
  }

  #scanHere(rpm: FoundRpm): Promise<void> {
    return this.#atOnce(() =>
      this.#attempt(rpm, async () => {
        const { scan: mode, signal } = this.#work;
        const source = new FileRpmSource(rpm.realPath);
        if (await this.#isUnchanged(rpm, () => scanRpm(source, { mode: 'header' }))) return;
        const askDebuginfo = askDebuginfoBeside(rpm.realPath, signal);
        await this.#add(rpm, await scanRpm(source, { mode, askDebuginfo }));
      }),
    );
  }

  async #attempt({ path, realPath }: FoundRpm, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (thrown) {
      const error = toDarkserverError(thrown);
      if (ENDS_ALL.has(error.code)) throw error;
      this.#inHand.delete(realPath);
      this.#fail(path, error.message);
    }
    this.#showDone();
  }

  /** Reads nothing of a file that was never read before, which is the usual one. */
  async #isUnchanged({ realPath }: FoundRpm, readHeader: () => Promise<RpmScan>): Promise<boolean> {
    if (this.#work.readAgain) return false;
    const known = await this.#work.index.knownLocalRpm(realPath);
    // Without a hash nothing tells a rebuilt package from the one that was read.
    if (known === null || known.payloadHash === null) return false;
    const { payloadHash, size } = await readHeader();
    if (payloadHash !== known.payloadHash || size !== known.size) return false;
    this.#inHand.delete(realPath);
    this.#tally.unchanged++;
    return true;
  }

  async #add({ realPath }: FoundRpm, scan: RpmScan): Promise<void> {
    const { files, warnings, bytesRead, ...facts } = scan;
    for (const warning of warnings) this.#work.progress.say(`${realPath}: ${warning}`);
    this.#tally.bytesRead += bytesRead;
    await this.#batch.add({ path: realPath, facts, files });
  }

  #showDone(): void {
    this.#work.progress.show(++this.#done, this.#found);
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
