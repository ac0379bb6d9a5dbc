/** No table of zstd has more states, and no alphabet that a table is described for more symbols. */
const ACCURACY_LOG_MAX = 9;
const SYMBOLS_MAX = 53;

/** How often each symbol occurs in the table that is being made. */
const counts = new Int16Array(SYMBOLS_MAX + 3);
/** For each symbol the number of its next state. */
const next = new Uint16Array(SYMBOLS_MAX + 3);

/**
 * A table of zstd's finite state entropy (RFC 8878, section 4.1): each state stands for a symbol, and tells how to
 * get to the next one. It is filled anew for each use: for a few symbols of each of thousands of files, making a
 * table costs more than filling it.
 */
export class FseTable {
  accuracyLog = 0;
  /** By state: its symbol, from bit 8 on the bits to take for the next state, and from bit 16 on what to add to them. */
  readonly states = new Int32Array(1 << ACCURACY_LOG_MAX);

  /** Of one symbol, which takes no bits. */
  fillWithOne(symbol: number): void {
    this.accuracyLog = 0;
    this.states[0] = symbol;
  }

  /** The counts sum up to two to the power of `accuracyLog`, where -1, for "less than one", counts as 1. */
  fillByCounts(given: readonly number[], accuracyLog: number): void {
    counts.set(given);
    this.#fill(given.length, accuracyLog);
  }

  /**
   * As described in `bytes` from `start` on (RFC 8878, section 4.1.1). Returns where the description ends; null if
   * it breaks the format, or asks for more than `accuracyLogMax` and `symbolsMax`.
   */
  fillAsDescribed(
    bytes: Uint8Array,
    start: number,
    end: number,
    accuracyLogMax: number,
    symbolsMax: number,
  ): number | null {
    const bits = new ForwardBits(bytes, start);
    const accuracyLog = bits.take(4) + 5;
    if (accuracyLog > accuracyLogMax) return null;
    let symbols = 0;
    let remaining = 1 << accuracyLog;
    while (remaining > 0 && symbols < symbolsMax) {
      const count = bits.takeUpTo(remaining + 1) - 1;
      remaining -= count < 0 ? 1 : count;
      counts[symbols++] = count;
      // Of symbols that do not occur, two bits say how many more follow, and three go on.
      for (let repeat = count === 0 ? 3 : 0; repeat === 3;) {
        repeat = bits.take(2);
        if (symbols + repeat > symbolsMax) return null;
        for (let i = 0; i < repeat; i++) counts[symbols++] = 0;
      }
    }
    const descriptionEnd = start + bits.bytesTaken;
    if (remaining !== 0 || descriptionEnd > end) return null;
    this.#fill(symbols, accuracyLog);
    return descriptionEnd;
  }

  #fill(symbols: number, accuracyLog: number): void {
    const { states } = this;
    const size = 1 << accuracyLog;
    this.accuracyLog = accuracyLog;
    let high = size - 1;
    for (let symbol = 0; symbol < symbols; symbol++) {
      const count = counts[symbol] ?? 0;
      next[symbol] = count === -1 ? 1 : count;
      if (count === -1) states[high--] = symbol;
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let position = 0;
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (let left = counts[symbol] ?? 0; left > 0; left--) {
        states[position] = symbol;
        do position = (position + step) & (size - 1);
        while (position > high);
      }
    }
    for (let state = 0; state < size; state++) {
      const symbol = states[state] ?? 0;
      const at = next[symbol] ?? 1;
      next[symbol] = at + 1;
      const taken = accuracyLog - (31 - Math.clz32(at));
      states[state] = symbol | (taken << 8) | (((at << taken) - size) << 16);
    }
  }
}

class ForwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #taken = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#start = start;
  }

  get bytesTaken(): number {
    return (this.#taken + 7) >> 3;
  }

  take(count: number): number {
    const value = this.#peek(count);
    this.#taken += count;
    return value;
  }

  /** A value of up to `max` in as few bits as it needs: the low values in one bit less where there is room. */
  takeUpTo(max: number): number {
    const width = 32 - Math.clz32(max);
    const value = this.#peek(width);
    const low = value & ((1 << (width - 1)) - 1);
    const spare = (1 << width) - 1 - max;
    if (low < spare) {
      this.#taken += width - 1;
      return low;
    }
    this.#taken += width;
    return value >= 1 << (width - 1) ? value - spare : value;
  }

  #peek(count: number): number {
    const byte = this.#start + (this.#taken >> 3);
    const bytes = this.#bytes;
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    return (word >>> (this.#taken & 7)) & ((1 << count) - 1);
  }
}
