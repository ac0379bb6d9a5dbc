import { BackwardBits } from './bits';
import { FseTable } from './fse';

const TABLE_PREDEFINED: i32 = 0;
const TABLE_OF_ONE: i32 = 1;
const TABLE_DESCRIBED: i32 = 2;

/** An offset with more bits lies before any block. */
const OFFSET_BITS_MAX: i32 = 24;

/** One of the three codes that sequences are made of (RFC 8878, section 3.1.1.3.2): what it allows, and its state. */
class SequenceCode {
  private predefined: FseTable = new FseTable();
  private own: FseTable = new FseTable();
  private table: FseTable = this.predefined;
  private state: u32 = 0;

  /** The counts are those of the table that holds where the block has none (section 3.1.1.3.2.2). */
  constructor(
    private accuracyLogMax: i32,
    private symbols: i32,
    accuracyLog: i32,
    counts: usize,
    countsLength: i32,
  ) {
    this.predefined.fillByCounts(counts, countsLength, accuracyLog);
  }

  /** Takes the block's table, which lies at `start` unless it is the predefined one. Returns its end; 0 for bad data. */
  useTable(mode: i32, start: usize, end: usize): usize {
    this.table = mode == TABLE_PREDEFINED ? this.predefined : this.own;
    if (mode == TABLE_PREDEFINED) return start;
    if (mode == TABLE_DESCRIBED) {
      return this.own.fillAsDescribed(start, end, this.accuracyLogMax, this.symbols);
    }
    const symbol: i32 = start < end ? load<u8>(start) : this.symbols;
    if (mode != TABLE_OF_ONE || symbol >= this.symbols) return 0;
    this.own.fillWithOne(symbol);
    return start + 1;
  }

  begin(bits: BackwardBits): void {
    this.state = this.table.begin(bits);
  }

  get symbol(): i32 {
    return this.state & 0xff;
  }

  advance(bits: BackwardBits): void {
    this.state = this.table.advance(this.state, bits);
  }
}

const LITERALS_COUNTS = memory.data<i16>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1,
  -1,
]);
const MATCH_COUNTS = memory.data<i16>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
]);
const OFFSET_COUNTS = memory.data<i16>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
]);

const literalsCode = new SequenceCode(9, 36, 6, LITERALS_COUNTS, 36);
const matchCode = new SequenceCode(9, 53, 6, MATCH_COUNTS, 53);
const offsetCode = new SequenceCode(8, 32, 5, OFFSET_COUNTS, 29);

/** The codes of the first so many lengths take no bits more; of the others these, and the lengths have no gaps. */
const LITERALS_WITHOUT_BITS: i32 = 16;
const LITERALS_BITS = memory.data<u8>([1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCHES_WITHOUT_BITS: i32 = 32;
const MATCH_BITS = memory.data<u8>([1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCH_BYTES_MIN: i32 = 3;

const bits = new BackwardBits();
let left: i32 = 0;

/** The sequence that was read last: so many literals, then so many bytes from so far behind. */
let literals: i32 = 0;
let match: i32 = 0;
let offset: i32 = 0;

/** The offsets of the last sequences, which the lowest values stand for (RFC 8878, section 3.1.2.5). */
let last: i32 = 1;
let lastButOne: i32 = 4;
let lastButTwo: i32 = 8;

/** Opens the sequences section of a frame's first block, from `start` to `end`. False for bad data. */
export function openSequences(start: usize, end: usize): bool {
  last = 1;
  lastButOne = 4;
  lastButTwo = 8;
  if (start >= end) return false;
  const a: i32 = load<u8>(start);
  const modesAt = start + (a < 128 ? 1 : a < 255 ? 2 : 3);
  if (modesAt > end) return false;
  const b: i32 = load<u8>(start + 1);
  const c: i32 = load<u8>(start + 2);
  left = a < 128 ? a : a < 255 ? ((a - 128) << 8) + b : b + (c << 8) + 0x7f00;
  if (left == 0) return true;
  if (modesAt == end) return false;
  const modes: i32 = load<u8>(modesAt);
  const offsets = literalsCode.useTable(modes >> 6, modesAt + 1, end);
  if (offsets == 0) return false;
  const matches = offsetCode.useTable((modes >> 4) & 3, offsets, end);
  if (matches == 0) return false;
  const bitsStart = matchCode.useTable((modes >> 2) & 3, matches, end);
  if (bitsStart == 0) return false;
  bits.open(bitsStart, end);
  literalsCode.begin(bits);
  offsetCode.begin(bits);
  matchCode.begin(bits);
  return true;
}

export function hasMoreSequences(): bool {
  return left > 0;
}

/** False for bad data. */
export function nextSequence(): bool {
  const offsetBits = offsetCode.symbol;
  if (offsetBits > OFFSET_BITS_MAX) return false;
  const offsetValue = (1 << offsetBits) + bits.take(offsetBits);
  match = MATCH_BYTES_MIN + takeLength(matchCode.symbol, MATCHES_WITHOUT_BITS, MATCH_BITS);
  literals = takeLength(literalsCode.symbol, LITERALS_WITHOUT_BITS, LITERALS_BITS);
  offset = takeOffset(offsetValue);
  if (bits.left < 0 || offset <= 0) return false;
  literalsCode.advance(bits);
  matchCode.advance(bits);
  offsetCode.advance(bits);
  left--;
  return true;
}

export function sequenceLiterals(): i32 {
  return literals;
}

export function sequenceMatch(): i32 {
  return match;
}

export function sequenceOffset(): i32 {
  return offset;
}

function takeOffset(value: i32): i32 {
  const before = last;
  const which = value + (literals == 0 ? 1 : 0);
  if (value <= 3 && which == 1) return before;
  if (value > 3) last = value - 3;
  else if (which == 2) last = lastButOne;
  else last = which == 3 ? lastButTwo : before - 1;
  if (value > 3 || which > 2) lastButTwo = lastButOne;
  lastButOne = before;
  return last;
}

function takeLength(code: i32, withoutBits: i32, bitsOfOthers: usize): i32 {
  if (code < withoutBits) return code;
  let base = withoutBits;
  const others = code - withoutBits;
  for (let i = 0; i < others; i++) base += 1 << load<u8>(bitsOfOthers + i);
  return base + bits.take(load<u8>(bitsOfOthers + others));
}
