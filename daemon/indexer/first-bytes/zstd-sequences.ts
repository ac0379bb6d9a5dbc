import { BackwardBits } from './bits.ts';
import { FseTable } from './fse.ts';

const TABLE_PREDEFINED = 0;
const TABLE_OF_ONE = 1;
const TABLE_DESCRIBED = 2;

/** An offset with more bits lies before any block. */
const OFFSET_BITS_MAX = 24;

/** One of the three codes that sequences are made of (RFC 8878, section 3.1.1.3.2): what it allows, and its state. */
class SequenceCode {
  readonly #accuracyLogMax: number;
  readonly #symbols: number;
  readonly #predefined = new FseTable();
  readonly #own = new FseTable();
  #table = this.#predefined;
  #state = 0;

  /** The counts are those of the table that holds where the block has none (section 3.1.1.3.2.2). */
  constructor(accuracyLogMax: number, symbols: number, accuracyLog: number, counts: readonly number[]) {
    this.#accuracyLogMax = accuracyLogMax;
    this.#symbols = symbols;
    this.#predefined.fillByCounts(counts, accuracyLog);
  }

  /** Takes the block's table, which lies at `start` unless it is the predefined one. Returns its end; null for bad data. */
  useTable(mode: number, bytes: Uint8Array, start: number, end: number): number | null {
    this.#table = mode === TABLE_PREDEFINED ? this.#predefined : this.#own;
    if (mode === TABLE_PREDEFINED) return start;
    if (mode === TABLE_DESCRIBED) {
      return this.#own.fillAsDescribed(bytes, start, end, this.#accuracyLogMax, this.#symbols);
    }
    const symbol = start < end ? (bytes[start] ?? 0) : this.#symbols;
    if (mode !== TABLE_OF_ONE || symbol >= this.#symbols) return null;
    this.#own.fillWithOne(symbol);
    return start + 1;
  }

  begin(bits: BackwardBits): void {
    this.#state = this.#table.states[bits.take(this.#table.accuracyLog)] ?? 0;
  }

  get symbol(): number {
    return this.#state & 0xff;
  }

  advance(bits: BackwardBits): void {
    this.#state = this.#table.states[(this.#state >> 16) + bits.take((this.#state >> 8) & 0xff)] ?? 0;
  }
}

const literalsCode = new SequenceCode(9, 36, 6, [
  ...[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2],
  ...[2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
]);
const matchCode = new SequenceCode(9, 53, 6, [
  ...[1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  ...[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1],
]);
const offsetCode = new SequenceCode(8, 32, 5, [
  ...[1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
]);

interface Length {
  readonly base: number;
  readonly bits: number;
}

/** The codes of the first so many lengths take no bits more; of the others these, and the lengths have no gaps. */
const LITERALS_LENGTHS = lengthsOf(
  0,
  16,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
const MATCH_LENGTHS = lengthsOf(
  3,
  32,
  [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);

function lengthsOf(least: number, withoutBits: number, bitsOfOthers: readonly number[]): Length[] {
  const lengths = Array.from({ length: withoutBits }, (_, i) => ({ base: least + i, bits: 0 }));
  let base = least + withoutBits;
  for (const bits of bitsOfOthers) {
    lengths.push({ base, bits });
    base += 2 ** bits;
  }
  return lengths;
}

/**
 * Opens the sequences section of a frame's first block, which lies from `start` to `end`. Null for bad data. They
 * can be read until the next are opened.
 */
export function openSequences(bytes: Uint8Array, start: number, end: number): SequenceReader | null {
  const a = start < end ? (bytes[start] ?? 0) : 0;
  const b = bytes[start + 1] ?? 0;
  const c = bytes[start + 2] ?? 0;
  const count = a < 128 ? a : a < 255 ? ((a - 128) << 8) + b : b + (c << 8) + 0x7f00;
  if (count === 0) return new SequenceReader(0, new BackwardBits(bytes, end, end));
  const modesAt = start + (a < 128 ? 1 : a < 255 ? 2 : 3);
  const modes = bytes[modesAt] ?? 0;
  const offsets = literalsCode.useTable(modes >> 6, bytes, modesAt + 1, end);
  if (offsets === null) return null;
  const matches = offsetCode.useTable((modes >> 4) & 3, bytes, offsets, end);
  if (matches === null) return null;
  const bits = matchCode.useTable((modes >> 2) & 3, bytes, matches, end);
  return bits === null ? null : new SequenceReader(count, new BackwardBits(bytes, bits, end));
}

/** The sequences of a block: so many literals each, then so many bytes from so far behind. */
class SequenceReader {
  literals = 0;
  match = 0;
  offset = 0;
  #left: number;
  readonly #bits: BackwardBits;
  /** The offsets of the last sequences, which the lowest values stand for (RFC 8878, section 3.1.2.5). */
  #last = 1;
  #lastButOne = 4;
  #lastButTwo = 8;

  constructor(count: number, bits: BackwardBits) {
    this.#left = count;
    this.#bits = bits;
    if (count === 0) return;
    literalsCode.begin(bits);
    offsetCode.begin(bits);
    matchCode.begin(bits);
  }

  get hasMore(): boolean {
    return this.#left > 0;
  }

  /** False for bad data. */
  next(): boolean {
    const bits = this.#bits;
    const offsetBits = offsetCode.symbol;
    if (offsetBits > OFFSET_BITS_MAX) return false;
    const offsetValue = (1 << offsetBits) + bits.take(offsetBits);
    this.match = takeLength(MATCH_LENGTHS, matchCode.symbol, bits);
    this.literals = takeLength(LITERALS_LENGTHS, literalsCode.symbol, bits);
    this.offset = this.#takeOffset(offsetValue);
    if (bits.left < 0 || this.offset <= 0) return false;
    literalsCode.advance(bits);
    matchCode.advance(bits);
    offsetCode.advance(bits);
    this.#left--;
    return true;
  }

  #takeOffset(value: number): number {
    const last = this.#last;
    const which = value + (this.literals === 0 ? 1 : 0);
    if (value <= 3 && which === 1) return last;
    if (value > 3) this.#last = value - 3;
    else if (which === 2) this.#last = this.#lastButOne;
    else this.#last = which === 3 ? this.#lastButTwo : last - 1;
    if (value > 3 || which > 2) this.#lastButTwo = this.#lastButOne;
    this.#lastButOne = last;
    return this.#last;
  }
}

function takeLength(lengths: readonly Length[], code: number, bits: BackwardBits): number {
  const length = lengths[code];
  return length === undefined ? 0 : length.base + bits.take(length.bits);
}
