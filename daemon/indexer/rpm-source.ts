import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { DarkserverError } from '../../shared/errors.ts';
import type { OpenedRpm, RpmSource } from './types.ts';

/** Bytes of one read. Larger ones gain nothing; the first is as large as the reader expects to need. */
const READ_BYTES = 256 * 1024;

/** An RPM on a file system: a local file, or one in a mounted topdir. */
export class FileRpmSource implements RpmSource {
  readonly name: string;

  constructor(path: string) {
    this.name = path;
  }

  async open(start: number, options: { expect?: number; signal?: AbortSignal } = {}): Promise<OpenedRpm> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.name, 'r');
      const status = await handle.stat();
      if (!status.isFile()) throw new DarkserverError('bad_input', `${this.name} is not a file`);
      const first = Math.min(options.expect ?? READ_BYTES, READ_BYTES);
      return { size: status.size, chunks: this.#read(handle, start, first, options.signal) };
    } catch (error) {
      await handle?.close();
      throw this.#asDarkserverError(error);
    }
  }

  async *#read(
    handle: FileHandle,
    start: number,
    firstBytes: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      let position = start;
      let length = firstBytes;
      for (;;) {
        if (signal?.aborted === true)
          throw new DarkserverError('stopped', `reading ${this.name} was called off`);
        // A buffer for each read: what was read may still be on its way through a decompressor.
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
        position += bytesRead;
        length = READ_BYTES;
      }
    } catch (error) {
      throw this.#asDarkserverError(error);
    } finally {
      await handle.close();
    }
  }

  #asDarkserverError(error: unknown): DarkserverError {
    if (error instanceof DarkserverError) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return new DarkserverError('missing_file', `there is no file ${this.name}`, { cause: error });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return new DarkserverError('missing_file', `${this.name} may not be read: ${message}`, {
        cause: error,
      });
    }
    // A mounted topdir is a network file system more often than not (EIO, ESTALE, ETIMEDOUT).
    return new DarkserverError('network', `${this.name} cannot be read: ${message}`, { cause: error });
  }
}
