import { fstatSync, readFileSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { DarkserverError } from '../../shared/errors.ts';
import type { OpenedRpm, OpenFile, RpmSource } from './types.ts';

/** Bytes of one read. Larger ones gain nothing. */
const READ_BYTES = 256 * 1024;
/**
 * Bytes of a first read: lead, signature header and the beginning of the header, which says how long it is. The
 * signature header has 4.4 KB where rpm left room for a signature, which it has done since 2017.
 */
const FIRST_BYTES = 6 * 1024;

/** An RPM on a file system: a local file, or one in a mounted topdir. */
export class FileRpmSource implements RpmSource {
  readonly name: string;

  constructor(path: string) {
    this.name = path;
  }

  async open(start: number, options: { signal?: AbortSignal } = {}): Promise<OpenedRpm> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.name, 'r');
      // What opening has just fetched, from a file server, too: to wait for it would cost more than to ask.
      const status = fstatSync(handle.fd);
      if (!status.isFile()) throw new DarkserverError('bad_input', `${this.name} is not a file`);
      const first = start === 0 ? FIRST_BYTES : 0;
      const reading = new FileReading(this.name, handle, start, first, options.signal);
      return { size: status.size, chunks: { [Symbol.asyncIterator]: () => reading }, file: reading };
    } catch (error) {
      await handle?.close();
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
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal | undefined;
  #position: number;
  /** No read takes less than this. */
  #leastBytes: number;

  constructor(
    path: string,
    handle: FileHandle,
    start: number,
    leastBytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.#path = path;
    this.#handle = handle;
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
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#position);
      this.#position += bytesRead;
      this.#leastBytes = 0;
      return bytesRead === 0 ? await this.return() : { done: false, value: buffer.subarray(0, bytesRead) };
    } catch (error) {
      await this.return();
      throw asDarkserverError(this.#path, error);
    }
  }

  /** Node has no lseek: what reads without a position moves the descriptor's own, which nothing else uses. */
  async seek(offset: number): Promise<number> {
    try {
      const buffer = Buffer.allocUnsafe(Math.min(offset, READ_BYTES));
      for (let left = offset - this.#descriptorOffset(); left > 0;) {
        const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(left, buffer.length), null);
        if (bytesRead === 0) break;
        left -= bytesRead;
      }
      return this.#handle.fd;
    } catch (error) {
      throw asDarkserverError(this.#path, error);
    }
  }

  async position(): Promise<number> {
    try {
      const offset = this.#descriptorOffset();
      await this.#handle.read(Buffer.allocUnsafe(1), 0, 1, offset);
      return offset;
    } catch (error) {
      throw asDarkserverError(this.#path, error);
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#handle.close();
    return { done: true, value: undefined };
  }

  /** The descriptor's own position (proc(5), /proc/pid/fdinfo), shared with the children that have it. */
  #descriptorOffset(): number {
    const info = readFileSync(`/proc/self/fdinfo/${this.#handle.fd}`, 'latin1');
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
