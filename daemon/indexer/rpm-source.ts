import { closeSync, fstatSync, open as openFile, read as readFile, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DarkserverError } from '../../shared/errors.ts';
import type { OpenedRpm, OpenFile, RpmSource } from './types.ts';

/** Bytes of one read. Larger ones gain nothing. */
const READ_BYTES = 256 * 1024;
/**
 * Bytes of a first read: lead, signature header and the beginning of the header, which says how long it is. The
 * signature header has 4.4 KB where rpm left room for a signature, which it has done since 2017.
 */
const FIRST_BYTES = 6 * 1024;

/** How a file is opened and read: as open(2), and pread(2), or read(2) where `position` is null. */
export interface FileCalls {
  open(path: string): Promise<number>;
  read(
    descriptor: number,
    buffer: Buffer,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
}

const open = promisify(openFile);
const read = promisify(readFile);

/** Of a plain descriptor: those of a FileHandle take twice the time, which for a header alone is a tenth of all. */
const BESIDE_OTHERS: FileCalls = {
  open: (path) => open(path, 'r'),
  read: (descriptor, buffer, length, position) => read(descriptor, buffer, 0, length, position),
};

/** An RPM on a file system: a local file, or one in a mounted topdir. */
export class FileRpmSource implements RpmSource {
  readonly name: string;
  readonly #calls: FileCalls;

  /** `calls`: for who may wait for a file. */
  constructor(path: string, calls = BESIDE_OTHERS) {
    this.name = path;
    this.#calls = calls;
  }

  async open(start: number, options: { signal?: AbortSignal } = {}): Promise<OpenedRpm> {
    let descriptor: number | undefined;
    try {
      descriptor = await this.#calls.open(this.name);
      // What opening has just fetched, from a file server, too: to wait for it would cost more than to ask.
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw new DarkserverError('bad_input', `${this.name} is not a file`);
      const first = start === 0 ? FIRST_BYTES : 0;
      const reading = new FileReading(this.name, this.#calls, descriptor, start, first, options.signal);
      return { size: status.size, chunks: { [Symbol.asyncIterator]: () => reading }, file: reading };
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw asDarkserverError(this.name, error);
    }
  }
}

/** Whether there is such a file, and its bytes. Throws `network` where nobody can tell. */
export async function statFile(path: string): Promise<{ readonly size: number } | null> {
  try {
    const status = await stat(path);
    return status.isFile() ? { size: status.size } : null;
  } catch (thrown) {
    const error = asDarkserverError(path, thrown);
    if (error.code === 'missing_file') return null;
    throw error;
  }
}

/** Not a generator: one that was never started would not close the file. */
class FileReading implements AsyncIterator<Uint8Array, undefined, number | undefined>, OpenFile {
  readonly #path: string;
  readonly #calls: FileCalls;
  readonly #descriptor: number;
  #isEnded = false;
  /** Reads under way: a descriptor that is closed before they end may be another file's by then. */
  #reads = 0;
  readonly #signal: AbortSignal | undefined;
  #position: number;
  /** No read takes less than this. */
  #leastBytes: number;

  constructor(
    path: string,
    calls: FileCalls,
    descriptor: number,
    start: number,
    leastBytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.#path = path;
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#position = start;
    this.#leastBytes = leastBytes;
    this.#signal = signal;
  }

  /** Reads `wanted` bytes, or a good many where the reader does not know. */
  async next(wanted = READ_BYTES): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      if (this.#signal?.aborted === true) {
        throw new DarkserverError('stopped', `reading ${this.#path} was called off`);
      }
      // A buffer for each read: what was read may still be on its way through a decompressor.
      const buffer = Buffer.allocUnsafe(Math.min(Math.max(wanted, this.#leastBytes), READ_BYTES));
      const { bytesRead } = await this.#read(buffer, buffer.length, this.#position);
      this.#position += bytesRead;
      this.#leastBytes = 0;
      return bytesRead === 0 ? this.#end() : { done: false, value: buffer.subarray(0, bytesRead) };
    } catch (error) {
      this.#end();
      throw asDarkserverError(this.#path, error);
    }
  }

  /** Node has no lseek: what reads without a position moves the descriptor's own, which nothing else uses. */
  async seek(offset: number): Promise<number> {
    try {
      const buffer = Buffer.allocUnsafe(Math.min(offset, READ_BYTES));
      for (let left = offset - this.#descriptorOffset(); left > 0;) {
        const { bytesRead } = await this.#read(buffer, Math.min(left, buffer.length), null);
        if (bytesRead === 0) break;
        left -= bytesRead;
      }
      return this.#descriptor;
    } catch (error) {
      throw asDarkserverError(this.#path, error);
    }
  }

  async position(): Promise<number> {
    try {
      const offset = this.#descriptorOffset();
      await this.#read(Buffer.allocUnsafe(1), 1, offset);
      return offset;
    } catch (error) {
      throw asDarkserverError(this.#path, error);
    }
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    return Promise.resolve(this.#end());
  }

  async #read(buffer: Buffer, length: number, position: number | null): Promise<{ bytesRead: number }> {
    if (this.#isEnded) throw new DarkserverError('internal', `${this.#path} is closed already`);
    this.#reads++;
    try {
      return await this.#calls.read(this.#descriptor, buffer, length, position);
    } finally {
      this.#reads--;
      this.#closeAtEnd();
    }
  }

  #end(): IteratorReturnResult<undefined> {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.#closeAtEnd();
    }
    return { done: true, value: undefined };
  }

  /** At once: a file that was only read has nothing to be written, which is what closing might wait for. */
  #closeAtEnd(): void {
    if (this.#isEnded && this.#reads === 0) closeSync(this.#descriptor);
  }

  /** The descriptor's own position (proc(5), /proc/pid/fdinfo), shared with the children that have it. */
  #descriptorOffset(): number {
    const info = readFileSync(`/proc/self/fdinfo/${this.#descriptor}`, 'latin1');
    return Number(/^pos:\s*(\d+)/m.exec(info)?.[1]);
  }
}

function asDarkserverError(path: string, error: unknown): DarkserverError {
  if (error instanceof DarkserverError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new DarkserverError('missing_file', `there is no file ${path}`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new DarkserverError('missing_file', `${path} may not be read: ${message}`, { cause: error });
  }
  // A mounted topdir is a network file system more often than not (EIO, ESTALE, ETIMEDOUT).
  return new DarkserverError('network', `${path} cannot be read: ${message}`, { cause: error });
}
