import { FormatError } from '../../shared/errors.ts';
import type { ChunkSource, OpenFile } from './types.ts';

/** Reads pieces of given lengths off the front of a stream, and hands over what is left of it. */
export class ChunkReader {
  readonly #iterator: AsyncIterator<Uint8Array, unknown, number | undefined>;
  /** Bytes that have come and were not read. */
  #chunk: Uint8Array = new Uint8Array();
  #offset: number;
  #bytesTaken = 0;
  readonly #start: number;
  readonly #file: OpenFile | undefined;
  #hasEnded = false;

  /** `offset` is that of the stream's first byte in the file; `file` the file itself, if there is one. */
  constructor(chunks: ChunkSource, offset: number, file?: OpenFile) {
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#offset = offset;
    this.#start = offset;
    this.#file = file;
  }

  /** Offset in the file of the next byte to be read. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes that the source delivered. */
  get bytesTaken(): number {
    return this.#bytesTaken;
  }

  /**
   * Reads exactly `length` bytes, in memory that grows with what comes and not with what was asked for:
   * the length may be a lie. Throws FormatError, in the name of `format`, if the file ends before.
   */
  async read(length: number, format: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let missing = length;
    while (missing > this.#chunk.length) {
      pieces.push(this.#chunk);
      missing -= this.#chunk.length;
      if (!(await this.#advance(missing))) {
        throw new FormatError(
          format,
          this.#offset,
          `the file is truncated: ${length} bytes are needed and ${length - missing} are left`,
        );
      }
    }
    pieces.push(this.#chunk.subarray(0, missing));
    this.#chunk = this.#chunk.subarray(missing);
    this.#offset += length;
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length);
  }

  /** The next bytes, which stay to be read: `length` of them, or fewer if the file ends before. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#chunk.length < length) {
      const kept = this.#chunk;
      if (!(await this.#advance(length - kept.length))) break;
      this.#chunk = Buffer.concat([kept, this.#chunk]);
    }
    return this.#chunk.subarray(0, length);
  }

  /** The next piece as it comes; null at the end. */
  async readAny(): Promise<Uint8Array | null> {
    while (this.#chunk.length === 0) if (!(await this.#advance())) return null;
    const chunk = this.#chunk;
    this.#offset += chunk.length;
    this.#chunk = chunk.subarray(chunk.length);
    return chunk;
  }

  /**
   * The descriptor of the file, which stands at the next byte to be read; null if there is no file, or if
   * all of it has come already: a source that has ended is closed.
   */
  async lendFile(): Promise<number | null> {
    if (this.#hasEnded) return null;
    return (await this.#file?.seek(this.#offset)) ?? null;
  }

  /** Counts what was read of the file that was lent. Throws `network` if it cannot be read further. */
  async takeFileBack(): Promise<void> {
    if (this.#file === undefined) return;
    this.#bytesTaken = Math.max(this.#bytesTaken, (await this.#file.position()) - this.#start);
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #advance(wanted?: number): Promise<boolean> {
    // Whoever peeked beyond the end comes here again.
    if (this.#hasEnded) return false;
    const next = await this.#iterator.next(wanted);
    if (next.done === true) {
      this.#hasEnded = true;
      return false;
    }
    this.#chunk = next.value;
    this.#bytesTaken += next.value.length;
    return true;
  }
}
