import { BackwardBits } from './bits';
import { FseTable } from './fse';

const CODE_BITS_MAX: i32 = 11;
const WEIGHTS_MAX: i32 = 255;
const WEIGHTS_ACCURACY_LOG_MAX: i32 = 6;
const WEIGHT_SYMBOLS: i32 = CODE_BITS_MAX + 1;

const weightTable = new FseTable();
const weightBits = new BackwardBits();
/** The weight of each literal. */
const weights: usize = memory.data(256);
/** By weight, as u16: how many literals have it, then where the next of them goes. */
const ends: usize = memory.data(16 * 2, 2);

/**
 * zstd's Huffman code of literals (RFC 8878, section 4.2). Codes of one length are successive numbers, so that it
 * is enough to know where those of each length begin: a table by code, which is usual, pays only for more than a
 * few hundred literals.
 */

/** Bits of the longest code. */
let codeBits: i32 = 0;
/** By weight, which is the higher the shorter the codes: the first code, as its `codeBits` bits, as u16. */
const starts: usize = memory.data(16 * 2, 2);
/** By weight, as u16: where its literals begin in `literals`. */
const firsts: usize = memory.data(16 * 2, 2);
/** By weight, and those of one weight in their order. */
const literals: usize = memory.data(256);

/** Fills it as described from `start` on. Returns where the description ends; 0 if it breaks the format. */
export function fillHuffman(start: usize, end: usize): usize {
  const head: i32 = start < end ? load<u8>(start) : 0;
  const isPlain = head >= 128;
  const descriptionEnd = start + 1 + (isPlain ? (head - 126) >> 1 : head);
  if (descriptionEnd > end) return 0;
  const count = isPlain
    ? readPlainWeights(start + 1, head - 127)
    : readCompressedWeights(start + 1, descriptionEnd);
  return count > 0 && fillByWeights(count) ? descriptionEnd : 0;
}

/** The next literal. */
export function takeLiteral(bits: BackwardBits): i32 {
  const code = bits.peek(codeBits);
  let weight = codeBits;
  while (code < load<u16>(starts + (weight << 1))) weight--;
  bits.skip(codeBits + 1 - weight);
  const place = (code - load<u16>(starts + (weight << 1))) >> (weight - 1);
  return load<u8>(literals + load<u16>(firsts + (weight << 1)) + place);
}

/** The last weight is not written: it makes the sum a power of two. */
function fillByWeights(count: i32): bool {
  let sum = 0;
  for (let literal = 0; literal < count; literal++) {
    const weight: i32 = load<u8>(weights + literal);
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum == 0) return false;
  codeBits = 32 - clz(sum);
  if (codeBits > CODE_BITS_MAX) return false;
  const rest = (1 << codeBits) - sum;
  if ((rest & (rest - 1)) != 0) return false;
  store<u8>(weights + count, 32 - clz(rest));
  sort(count + 1);
  return true;
}

/** The longest codes, of the least weight, come first. */
function sort(count: i32): void {
  memory.fill(ends, 0, (CODE_BITS_MAX + 1) * 2);
  for (let literal = 0; literal < count; literal++) {
    const end = ends + ((<usize>load<u8>(weights + literal)) << 1);
    store<u16>(end, load<u16>(end) + 1);
  }
  let code = 0;
  let place = 0;
  for (let weight = 1; weight <= codeBits; weight++) {
    const alike: i32 = load<u16>(ends + (weight << 1));
    store<u16>(starts + (weight << 1), code);
    store<u16>(firsts + (weight << 1), place);
    store<u16>(ends + (weight << 1), place);
    code += alike << (weight - 1);
    place += alike;
  }
  for (let literal = 0; literal < count; literal++) {
    const weight: usize = load<u8>(weights + literal);
    if (weight == 0) continue;
    const end: u32 = load<u16>(ends + (weight << 1));
    store<u8>(literals + end, literal);
    store<u16>(ends + (weight << 1), end + 1);
  }
}

/** Returns how many there are. */
function readPlainWeights(start: usize, count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const two = load<u8>(start + (i >> 1));
    store<u8>(weights + i, i % 2 == 0 ? two >> 4 : two & 15);
  }
  return count;
}

/** Two states take turns until the bits are used up; what they then stand for comes last. 0 for bad data. */
function readCompressedWeights(start: usize, end: usize): i32 {
  const bitsStart = weightTable.fillAsDescribed(start, end, WEIGHTS_ACCURACY_LOG_MAX, WEIGHT_SYMBOLS);
  if (bitsStart == 0) return 0;
  const bits = weightBits;
  bits.open(bitsStart, end);
  let state = weightTable.begin(bits);
  let other = weightTable.begin(bits);
  if (bits.left < 0) return 0;
  for (let count = 0; count < WEIGHTS_MAX - 1; count++) {
    store<u8>(weights + count, state & 0xff);
    const advanced = weightTable.advance(state, bits);
    state = other;
    other = advanced;
    if (bits.left < 0) {
      store<u8>(weights + count + 1, state & 0xff);
      return count + 2;
    }
  }
  return 0;
}
