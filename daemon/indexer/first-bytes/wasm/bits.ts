/**
 * Bits that are read from their end to their start, as zstd's entropy coders write them (RFC 8878, section 4.1):
 * little-endian, and the highest set bit of the last byte only marks where they end.
 */
export class BackwardBits {
  private start: usize = 0;
  /** Bits that are left; negative once more were taken than there were. */
  left: i32 = -1;

  /** They are from `start` to `end`. Without an end mark there are no bits, and less than none. */
  open(start: usize, end: usize): void {
    const last: u32 = end > start ? load<u8>(end - 1) : 0;
    this.start = start;
    this.left = last == 0 ? -1 : <i32>(end - start) * 8 - 1 - (<i32>clz(last) - 24);
  }

  /** Takes up to 24 bits. Zeros come before the first. */
  take(count: i32): u32 {
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  peek(count: i32): u32 {
    const first = this.left - count;
    // Bits before the first are others'.
    if (first < 0) return this.left > 0 ? this.word(0, this.left) << -first : 0;
    return this.word(first, count);
  }

  skip(count: i32): void {
    this.left -= count;
  }

  private word(first: i32, count: i32): u32 {
    return (load<u32>(this.start + (first >> 3)) >> (first & 7)) & ((1 << count) - 1);
  }
}

/** Bits from their start on, as tables are described by. What comes behind the input is not worth reading. */
export class ForwardBits {
  private start: usize = 0;
  private taken: i32 = 0;

  open(start: usize): void {
    this.start = start;
    this.taken = 0;
  }

  /** Where the next byte begins of which no bit was taken. */
  get end(): usize {
    return this.start + ((this.taken + 7) >> 3);
  }

  take(count: i32): i32 {
    const value = this.peek(count);
    this.taken += count;
    return value;
  }

  /** A value of up to `max` in as few bits as it needs: the low values in one bit less where there is room. */
  takeUpTo(max: i32): i32 {
    const width = 32 - clz(max);
    const value = this.peek(width);
    const low = value & ((1 << (width - 1)) - 1);
    const spare = (1 << width) - 1 - max;
    this.taken += low < spare ? width - 1 : width;
    if (low < spare) return low;
    return value >= 1 << (width - 1) ? value - spare : value;
  }

  private peek(count: i32): i32 {
    return (load<u32>(this.start + (this.taken >> 3)) >> (this.taken & 7)) & ((1 << count) - 1);
  }
}
