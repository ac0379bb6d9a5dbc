/** Bytes of a file, from `start` up to but not including `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A reader of one range of a file, which gets the range's bytes in order, in pieces of any size. */
export interface RangeReader extends ByteRange {
  push(bytes: Uint8Array): void;
}

/**
 * Reads a table of records of equal size as it comes by. `count` may be raised while reading, because
 * the first section header may say how many follow.
 */
export class RecordReader implements RangeReader {
  readonly start: number;
  count: number;
  readonly #recordBytes: number;
  readonly #onRecord: (record: Uint8Array, index: number) => void;
  readonly #partial: Uint8Array;
  #filled = 0;
  #index = 0;

  constructor(
    table: { offset: number; entryBytes: number; count: number },
    onRecord: (record: Uint8Array, index: number) => void,
  ) {
    this.start = table.offset;
    this.count = table.count;
    this.#recordBytes = table.entryBytes;
    this.#onRecord = onRecord;
    this.#partial = new Uint8Array(table.entryBytes);
  }

  get end(): number {
    return this.start + this.count * this.#recordBytes;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled === 0 && bytes.length - at >= this.#recordBytes) {
        this.#onRecord(bytes.subarray(at, at + this.#recordBytes), this.#index++);
        at += this.#recordBytes;
        continue;
      }
      const taken = Math.min(this.#recordBytes - this.#filled, bytes.length - at);
      this.#partial.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled < this.#recordBytes) return;
      this.#filled = 0;
      this.#onRecord(this.#partial, this.#index++);
    }
  }
}
