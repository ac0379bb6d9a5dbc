import { BackwardBits } from './bits.ts';
import { FseState, fseTable, fseTableOfOne, readFseTable } from './fse.ts';
import type { FseTable } from './fse.ts';

/** So many literals, then so many bytes from so far behind. */
export interface Sequence {
  readonly literals: number;
  readonly match: number;
  readonly offset: number;
}

/** What each of the three codes allows, and the table that holds where the block has none (RFC 8878, 3.1.1.3.2.2). */
const LITERALS_CODE = {
  accuracyLogMax: 9,
  symbols: 36,
  predefined: fseTable(
    [
      ...[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2],
      ...[2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    ],
    6,
  ),
};
const MATCH_CODE = {
  accuracyLogMax: 9,
  symbols: 53,
  predefined: fseTable(
    [
      ...[1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
      ...[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1],
    ],
    6,
  ),
};
const OFFSET_CODE = {
  accuracyLogMax: 8,
  symbols: 32,
  predefined: fseTable(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    5,
  ),
};

/** Of each code from the first that takes more bits: the bits. The lengths follow from them, without gaps. */
const LITERALS_EXTRA = {
  first: 16,
  bits: [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};
const MATCH_EXTRA = {
  first: 32,
  bits: [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};
const LITERALS_LENGTHS = lengthsOf(LITERALS_EXTRA, 0);
const MATCH_LENGTHS = lengthsOf(MATCH_EXTRA, 3);

const TABLE_PREDEFINED = 0;
const TABLE_OF_ONE = 1;
const TABLE_DESCRIBED = 2;

/** An offset with more bits lies before any block. */
const OFFSET_BITS_MAX = 24;

/** The sequences of a frame's first block, as far as they are asked for. Null for bad data. */
export function openSequences(section: Uint8Array): SequenceReader | null {
  const [a = 0, b = 0, c = 0] = section;
  const count = a < 128 ? a : a < 255 ? ((a - 128) << 8) + b : b + (c << 8) + 0x7f00;
  let at = a < 128 ? 1 : a < 255 ? 2 : 3;
  if (count === 0) return new SequenceReader(0, NO_TABLES, section);
  const modes = section[at++] ?? 0;
  const literals = readTable(section.subarray(at), modes >> 6, LITERALS_CODE);
  at += literals?.length ?? 0;
  const offset = readTable(section.subarray(at), (modes >> 4) & 3, OFFSET_CODE);
  at += offset?.length ?? 0;
  const match = readTable(section.subarray(at), (modes >> 2) & 3, MATCH_CODE);
  at += match?.length ?? 0;
  if (literals === null || offset === null || match === null) return null;
  const tables = { literals: literals.table, offset: offset.table, match: match.table };
  return new SequenceReader(count, tables, section.subarray(at));
}

interface Tables {
  readonly literals: FseTable;
  readonly offset: FseTable;
  readonly match: FseTable;
}

const NO_TABLES: Tables = { literals: fseTableOfOne(0), offset: fseTableOfOne(0), match: fseTableOfOne(0) };

class SequenceReader {
  #left: number;
  readonly #bits: BackwardBits;
  readonly #literals: FseState;
  readonly #offset: FseState;
  readonly #match: FseState;
  readonly #last = new LastOffsets();

  constructor(count: number, tables: Tables, bits: Uint8Array) {
    this.#left = count;
    this.#bits = new BackwardBits(bits);
    this.#literals = new FseState(tables.literals, this.#bits);
    this.#offset = new FseState(tables.offset, this.#bits);
    this.#match = new FseState(tables.match, this.#bits);
  }

  get hasMore(): boolean {
    return this.#left > 0;
  }

  /** Null for bad data. */
  next(): Sequence | null {
    const bits = this.#bits;
    const offsetBits = this.#offset.symbol;
    if (offsetBits > OFFSET_BITS_MAX) return null;
    const offsetValue = 2 ** offsetBits + bits.take(offsetBits);
    const match = takeLength(MATCH_LENGTHS, this.#match.symbol, bits);
    const literals = takeLength(LITERALS_LENGTHS, this.#literals.symbol, bits);
    const offset = this.#last.take(offsetValue, literals === 0);
    if (bits.left < 0 || offset <= 0) return null;
    this.#literals.advance(bits);
    this.#match.advance(bits);
    this.#offset.advance(bits);
    this.#left--;
    return { literals, match, offset };
  }
}

function readTable(
  bytes: Uint8Array,
  mode: number,
  code: { readonly accuracyLogMax: number; readonly symbols: number; readonly predefined: FseTable },
): { readonly table: FseTable; readonly length: number } | null {
  if (mode === TABLE_PREDEFINED) return { table: code.predefined, length: 0 };
  if (mode === TABLE_DESCRIBED) return readFseTable(bytes, code.accuracyLogMax, code.symbols);
  const symbol = bytes[0] ?? code.symbols;
  return mode === TABLE_OF_ONE && symbol < code.symbols ? { table: fseTableOfOne(symbol), length: 1 } : null;
}

interface Length {
  readonly base: number;
  readonly bits: number;
}

function lengthsOf(
  extra: { readonly first: number; readonly bits: readonly number[] },
  least: number,
): Length[] {
  const lengths = Array.from({ length: extra.first }, (_, i) => ({ base: least + i, bits: 0 }));
  let base = least + extra.first;
  for (const bits of extra.bits) {
    lengths.push({ base, bits });
    base += 2 ** bits;
  }
  return lengths;
}

function takeLength(lengths: readonly Length[], code: number, bits: BackwardBits): number {
  const length = lengths[code];
  return length === undefined ? 0 : length.base + bits.take(length.bits);
}

/** The offsets of the last sequences, which the lowest values stand for (RFC 8878, section 3.1.2.5). */
class LastOffsets {
  #offsets: [number, number, number] = [1, 4, 8];

  take(value: number, isWithoutLiterals: boolean): number {
    const [first, second, third] = this.#offsets;
    if (value > 3) {
      this.#offsets = [value - 3, first, second];
      return value - 3;
    }
    const which = value + (isWithoutLiterals ? 1 : 0);
    if (which === 1) return first;
    if (which === 2) this.#offsets = [second, first, third];
    else this.#offsets = [which === 3 ? third : first - 1, first, second];
    return this.#offsets[0];
  }
}
