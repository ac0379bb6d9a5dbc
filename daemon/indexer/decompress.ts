import type { Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DarkserverError, FormatError } from '../../shared/errors.ts';
import { decompressionWindow, USUAL_WINDOW } from './decompression-window.ts';
import { MemoryBudget } from './memory-budget.ts';
import { isReadByProgram, runProgram } from './programs.ts';
import type { OnData, Pipe } from './programs.ts';

export type Compression = 'gzip' | 'bzip2' | 'lzma' | 'xz' | 'zstd' | 'none';

const MAGICS: readonly { readonly compression: Compression; readonly magic: readonly number[] }[] = [
  { compression: 'gzip', magic: [0x1f, 0x8b] },
  { compression: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { compression: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { compression: 'bzip2', magic: [0x42, 0x5a, 0x68] },
  // lzma has none: this is the byte of its usual parameters, and a dictionary of 64 KiB or more.
  { compression: 'lzma', magic: [0x5d, 0x00, 0x00] },
  { compression: 'none', magic: [0x30, 0x37, 0x30, 0x37, 0x30] },
];

/** Bytes that detectCompression needs to see. */
export const COMPRESSION_MAGIC_BYTES = 6;

/** What the tag PAYLOADCOMPRESSOR says is not asked: packages without it, and with a wrong one, exist. */
export function detectCompression(bytes: Uint8Array): Compression | null {
  return MAGICS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte))?.compression ?? null;
}

/**
 * Takes what was decompressed. A promise means: no more before it is settled. The bytes are lent until the
 * call returns: the next output may overwrite them.
 */
export type OnOutput = (bytes: Uint8Array) => Promise<void> | undefined;

/**
 * A decompressor that is running. Bad data shows as a FormatError from `write` or `end`, as does whatever
 * `onOutput` threw. One of `end` and `stop` has to be awaited, so that no child is left behind.
 */
export interface Decompressor {
  /** True once it has met bad data, or what took its output threw: the rest would be in vain. */
  readonly hasFailed: boolean;
  /** A promise where the decompressor has enough for now; it is settled when there is room again. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** No more will come; settled once all output was taken. */
  end(): Promise<void>;
  /** Leaves the rest alone, and never throws. */
  stop(): Promise<void>;
}

/** zlib's buffer; its own default of 16 KiB costs a third of the speed. */
const GZIP_CHUNK_BYTES = 256 * 1024;

const MiB = 1024 * 1024;

/** A program keeps this window, and its own code and buffers. */
const PROGRAM_BYTES = 4 * MiB;

/**
 * For all the programs of this process at once, so that it stays under 300 MB with them, however many RPMs are
 * read in parallel: one with the largest window that is allowed, or seven with the usual one.
 */
const memory = new MemoryBudget(150 * MiB);

/** What is to be decompressed. */
export interface CompressedInput {
  readonly compression: Compression;
  /** Offset of the data in its file, for messages. */
  readonly base: number;
  /** The first WINDOW_START_BYTES of the data, or all that there is. */
  readonly start: Uint8Array;
  /**
   * With the descriptor of a file, a program (isReadByProgram) reads that from where it stands to its end, and
   * nothing is written to it.
   */
  readonly descriptor: number | null;
}

/**
 * Starts a decompressor for a file, when there is memory for one: others may be running. Throws `limit` for data
 * that needs more than is ever allowed, and the signal's reason if that comes first.
 */
export async function openDecompressor(
  { compression, base, start, descriptor }: CompressedInput,
  onOutput: OnOutput,
  signal?: AbortSignal,
): Promise<Decompressor> {
  if (!isReadByProgram(compression)) return startInProcess(compression, base, onOutput);
  const window = decompressionWindow(compression, base, start);
  const giveBack = await memory.take(window + PROGRAM_BYTES + USUAL_WINDOW, signal);
  return new PipedDecompressor((onData) => {
    try {
      const pipe = runProgram(compression, { base, window, descriptor }, onData);
      pipe.finished.then(giveBack, giveBack);
      return pipe;
    } catch (error) {
      giveBack();
      throw error;
    }
  }, onOutput);
}

/**
 * Starts at once a decompressor for what lies inside of what another one puts out: that has memory for both. Data
 * that needs a window of more than 8 MiB is a `limit`.
 */
export function startInnerDecompressor(compression: Compression, onOutput: OnOutput): Decompressor {
  if (!isReadByProgram(compression)) return startInProcess(compression, null, onOutput);
  const input = { base: null, window: USUAL_WINDOW, descriptor: null };
  return new PipedDecompressor((onData) => runProgram(compression, input, onData), onOutput);
}

function startInProcess(compression: 'gzip' | 'none', base: number | null, onOutput: OnOutput): Decompressor {
  if (compression === 'none') return passThrough(onOutput);
  return new PipedDecompressor((onData) => gunzip(base, onData), onOutput);
}

function passThrough(onOutput: OnOutput): Decompressor {
  const nothingToDo = (): Promise<void> => Promise.resolve();
  return { hasFailed: false, write: onOutput, end: nothingToDo, stop: nothingToDo };
}

function gunzip(base: number | null, onData: OnData): Pipe {
  const stream = createGunzip({ chunkSize: GZIP_CHUNK_BYTES });
  stream.on('data', onData);
  const finished = new Promise<void>((resolve, reject) => {
    stream.on('end', resolve);
    stream.on('close', resolve);
    stream.on('error', (error) => {
      const message = `${error.message}: it is corrupt or truncated`;
      reject(
        base === null
          ? new DarkserverError('format', `gzip data: ${message}`)
          : new FormatError('gzip data', base, message),
      );
    });
  });
  return { input: stream, output: stream, finished, kill: () => stream.destroy() };
}

class PipedDecompressor implements Decompressor {
  readonly #pipe: Pipe;
  readonly #onOutput: OnOutput;
  /** What ended it early: thrown by whoever takes the output, or bad data. */
  #failure: Error | null = null;
  #taking: Promise<void> = Promise.resolve();
  /** Settled once the input has room; one for all that write meanwhile. */
  #draining: Promise<void> | null = null;
  readonly #settled: Promise<void>;

  constructor(start: (onData: OnData) => Pipe, onOutput: OnOutput) {
    this.#onOutput = onOutput;
    this.#pipe = start((bytes) => {
      this.#take(bytes);
    });
    this.#settled = this.#pipe.finished
      .catch((error: unknown) => {
        this.#failure ??= asError(error);
      })
      .then(() => this.#taking);
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    const { input } = this.#pipe;
    // A child may have closed its input; `finished` will say why.
    if (input === null || !input.writable) {
      return this.#settled.then(() => {
        this.#throwFailure();
      });
    }
    if (input.write(chunk)) return undefined;
    this.#draining ??= this.#drained(input).finally(() => {
      this.#draining = null;
    });
    return this.#draining;
  }

  async end(): Promise<void> {
    this.#pipe.input?.end();
    await this.#settled;
    this.#throwFailure();
  }

  async stop(): Promise<void> {
    this.#pipe.kill();
    await this.#settled;
  }

  async #drained(input: Writable): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        input.off('drain', done);
        input.off('close', done);
        resolve();
      };
      input.on('drain', done);
      input.on('close', done);
    });
    this.#throwFailure();
  }

  #take(chunk: Uint8Array): void {
    if (this.#failure !== null) return;
    try {
      const taken = this.#onOutput(chunk);
      if (taken !== undefined) this.#taking = this.#takeAfter(taken);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #takeAfter(taken: Promise<void>): Promise<void> {
    this.#pipe.output.pause();
    try {
      await taken;
    } catch (error) {
      this.#fail(error);
    }
    this.#pipe.output.resume();
  }

  #fail(error: unknown): void {
    this.#failure ??= asError(error);
    this.#pipe.kill();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
