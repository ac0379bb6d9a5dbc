import type { BackwardBits } from './bits.ts';

/**
 * Tables of zstd's finite state entropy (RFC 8878, section 4.1): each state stands for a symbol, and tells how to
 * get to the next one.
 */
export interface FseTable {
  readonly accuracyLog: number;
  /**
   * By state: its symbol, from bit 8 on the bits to take for the next state, and from bit 16 on what to add to
   * them. Arrays of small numbers are made faster than typed ones.
   */
  readonly states: readonly number[];
}

/** Bytes that a description may have: no alphabet here has more than 53 symbols that are described. */
const DESCRIPTION_BYTES_MAX = 256;

/** A table of one symbol, which takes no bits. */
export function fseTableOfOne(symbol: number): FseTable {
  return { accuracyLog: 0, states: [symbol] };
}

/** `counts` sum up to two to the power of `accuracyLog`, where -1, for "less than one", counts as 1. */
export function fseTable(counts: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const states = new Array<number>(size).fill(0);
  let high = size - 1;
  counts.forEach((count, symbol) => {
    if (count === -1) states[high--] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      states[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position > high);
    }
  });
  const next = counts.map((count) => Math.abs(count));
  for (let state = 0; state < size; state++) {
    const symbol = states[state] ?? 0;
    const at = next[symbol] ?? 1;
    next[symbol] = at + 1;
    const taken = accuracyLog - (31 - Math.clz32(at));
    states[state] = symbol | (taken << 8) | (((at << taken) - size) << 16);
  }
  return { accuracyLog, states };
}

/**
 * Reads the description of a table from the start of `bytes` (RFC 8878, section 4.1.1). Null if it breaks the
 * format or asks for more than `accuracyLogMax` and `symbolsMax`.
 */
export function readFseTable(
  bytes: Uint8Array,
  accuracyLogMax: number,
  symbolsMax: number,
): { readonly table: FseTable; readonly length: number } | null {
  const reader = new ForwardBits(bytes.subarray(0, DESCRIPTION_BYTES_MAX));
  const accuracyLog = reader.take(4) + 5;
  if (accuracyLog > accuracyLogMax) return null;
  const counts: number[] = [];
  let remaining = 1 << accuracyLog;
  while (remaining > 0 && counts.length < symbolsMax) {
    const count = reader.takeUpTo(remaining + 1) - 1;
    remaining -= Math.abs(count);
    counts.push(count);
    // Of symbols that do not occur, two bits say how many more follow, and three go on.
    for (let repeat = count === 0 ? 3 : 0; repeat === 3;) {
      repeat = reader.take(2);
      for (let i = 0; i < repeat; i++) counts.push(0);
      if (counts.length > symbolsMax) return null;
    }
  }
  if (remaining !== 0 || reader.bytesTaken > bytes.length) return null;
  return { table: fseTable(counts, accuracyLog), length: reader.bytesTaken };
}

/** One state that goes through a table. */
export class FseState {
  readonly #table: FseTable;
  #state: number;

  constructor(table: FseTable, bits: BackwardBits) {
    this.#table = table;
    this.#state = bits.take(table.accuracyLog);
  }

  get symbol(): number {
    return (this.#table.states[this.#state] ?? 0) & 0xff;
  }

  advance(bits: BackwardBits): void {
    const state = this.#table.states[this.#state] ?? 0;
    this.#state = (state >> 16) + bits.take((state >> 8) & 0xff);
  }
}

class ForwardBits {
  readonly #bytes: Uint8Array;
  #taken = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
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
    const byte = this.#taken >> 3;
    const bytes = this.#bytes;
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    return (word >>> (this.#taken & 7)) & ((1 << count) - 1);
  }
}
