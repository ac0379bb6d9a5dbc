/**
 * Bits that are read from their end to their start, as zstd's entropy coders write them (RFC 8878, section 4.1):
 * little-endian, and the highest set bit of the last byte only marks where they end.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #left: number;

  /** They are in `bytes` from `start` to `end`. Without an end mark there are no bits, and less than none. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    const last = end > start ? (bytes[end - 1] ?? 0) : 0;
    this.#left = last === 0 ? -1 : (end - start) * 8 - 1 - Math.clz32(last << 24);
  }

  /** Bits that are left; negative once more were taken than there were. */
  get left(): number {
    return this.#left;
  }

  /** Takes up to 24 bits. Zeros come before the first. */
  take(count: number): number {
    const value = this.peek(count);
    this.#left -= count;
    return value;
  }

  peek(count: number): number {
    const bytes = this.#bytes;
    const first = this.#left - count;
    // Bits before the first are others'.
    if (first < 0) return this.#left > 0 ? this.peek(this.#left) << -first : 0;
    const byte = this.#start + (first >> 3);
    const word =
      (bytes[byte] ?? 0) |
      ((bytes[byte + 1] ?? 0) << 8) |
      ((bytes[byte + 2] ?? 0) << 16) |
      ((bytes[byte + 3] ?? 0) << 24);
    return (word >>> (first & 7)) & ((1 << count) - 1);
  }

  skip(count: number): void {
    this.#left -= count;
  }
}
