import { BackwardBits } from './bits';
import { fillHuffman, takeLiteral } from './huffman';

const RAW: i32 = 0;
const REPEATED: i32 = 1;
const COMPRESSED: i32 = 2;
const JUMP_TABLE_BYTES: i32 = 6;
/** More than a block may decode to is bad data. */
const LITERALS_MAX: i32 = 128 * 1024;

/** Where the section of the literals ends. */
let sectionEnd: usize = 0;
/** How many have not been taken. */
let left: i32 = 0;
let isPlain: bool = false;

/** The next of the plain ones, and how far to the one behind it: 0 for one that is repeated. */
let at: usize = 0;
let step: usize = 0;

/** Of compressed ones one stream, or four that decode to a quarter each and that a jump table tells apart. */
const bits = new BackwardBits();
let jumpTable: usize = 0;
let streams: i32 = 0;
/** How many all streams but the last hold. */
let share: i32 = 0;
let stream: i32 = 0;
let streamEnd: usize = 0;
let streamLeft: i32 = 0;

/**
 * Opens the literals section of a frame's first block (RFC 8878, section 3.1.1.3.1), which lies between `start` and
 * `end`. Returns where it ends; 0 for bad data. Literals are decoded as far as they are taken.
 */
export function openLiterals(start: usize, end: usize): usize {
  const first: i32 = start < end ? load<u8>(start) : 0;
  const type = first & 3;
  const form = (first >> 2) & 3;
  if (type == RAW || type == REPEATED) return openPlain(start, end, form, type == RAW);
  return type == COMPRESSED ? openCompressed(start, end, form) : 0;
}

export function literalsLeft(): i32 {
  return left;
}

/** Puts the next `count`, at most as many as are left, where `to` points. False for bad data. */
export function takeLiterals(to: usize, count: i32): bool {
  left -= count;
  if (!isPlain) return takeCompressed(to, count);
  for (let i = 0; i < count; i++) {
    store<u8>(to + i, load<u8>(at));
    at += step;
  }
  return true;
}

function openPlain(start: usize, end: usize, form: i32, isRaw: bool): usize {
  const headerBytes = form == 1 ? 2 : form == 3 ? 3 : 1;
  const count = <i32>(littleEndian(start, headerBytes) >> (headerBytes == 1 ? 3 : 4));
  at = start + headerBytes;
  step = isRaw ? 1 : 0;
  left = count;
  isPlain = true;
  sectionEnd = isRaw ? at + <usize>count : at + 1;
  return sectionEnd > end || count > LITERALS_MAX ? 0 : sectionEnd;
}

function openCompressed(start: usize, end: usize, form: i32): usize {
  const sizeBits = form < 2 ? 10 : form == 2 ? 14 : 18;
  const headerBytes = (4 + 2 * sizeBits) / 8;
  const header = littleEndian(start, headerBytes) >> 4;
  const sizes: u64 = (1 << sizeBits) - 1;
  const count = <i32>(header & sizes);
  sectionEnd = start + headerBytes + <usize>((header >> sizeBits) & sizes);
  if (sectionEnd > end || count > LITERALS_MAX) return 0;
  jumpTable = fillHuffman(start + headerBytes, sectionEnd);
  if (jumpTable == 0) return 0;
  streams = form == 0 ? 1 : 4;
  streamEnd = streams == 1 ? jumpTable : jumpTable + JUMP_TABLE_BYTES;
  share = (count + streams - 1) / streams;
  stream = -1;
  streamLeft = 0;
  left = count;
  isPlain = false;
  return sectionEnd;
}

function takeCompressed(to: usize, count: i32): bool {
  for (let taken = 0; taken < count;) {
    if (streamLeft <= 0 && !openNextStream()) return false;
    const end = min(count, taken + streamLeft);
    streamLeft -= end - taken;
    for (; taken < end; taken++) store<u8>(to + taken, takeLiteral(bits));
    if (bits.left < 0) return false;
  }
  return true;
}

function openNextStream(): bool {
  const start = streamEnd;
  stream++;
  streamEnd = stream < streams - 1 ? start + load<u16>(jumpTable + stream * 2) : sectionEnd;
  streamLeft = share;
  if (start > streamEnd || streamEnd > sectionEnd) return false;
  bits.open(start, streamEnd);
  return true;
}

/** Of up to five bytes. */
function littleEndian(from: usize, bytes: i32): u64 {
  return load<u64>(from) & (((<u64>1) << (bytes * 8)) - 1);
}
