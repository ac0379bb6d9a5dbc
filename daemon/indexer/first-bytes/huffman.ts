import { BackwardBits } from './bits.ts';
import { FseTable } from './fse.ts';

const CODE_BITS_MAX = 11;
const WEIGHTS_MAX = 255;
const WEIGHTS_ACCURACY_LOG_MAX = 6;
const WEIGHT_SYMBOLS = CODE_BITS_MAX + 1;

const weightTable = new FseTable();
/** The weight of each literal. */
const weights = new Uint8Array(WEIGHTS_MAX + 1);
/** By weight: how many literals have it, then where the next of them goes. */
const ends = new Uint16Array(CODE_BITS_MAX + 1);

/**
 * zstd's Huffman code of literals (RFC 8878, section 4.2). Filled anew for each file. Codes of one length are
 * successive numbers, so that it is enough to know where those of each length begin: a table by code, which is
 * usual, pays only for more than a few hundred literals.
 */
export class HuffmanTable {
  /** Bits of the longest code. */
  #codeBits = 0;
  /** By weight, which is the higher the shorter the codes: the first code, as its `codeBits` bits. */
  readonly #starts = new Uint16Array(CODE_BITS_MAX + 1);
  /** By weight: where its literals begin in `literals`. */
  readonly #firsts = new Uint16Array(CODE_BITS_MAX + 1);
  /** By weight, and those of one weight in their order. */
  readonly #literals = new Uint8Array(WEIGHTS_MAX + 1);

  /** Fills it as described from `start` on. Returns where the description ends; null if it breaks the format. */
  fill(bytes: Uint8Array, start: number, end: number): number | null {
    const head = bytes[start] ?? 0;
    const isPlain = head >= 128;
    const descriptionEnd = start + 1 + (isPlain ? (head - 126) >> 1 : head);
    if (descriptionEnd > end) return null;
    const count = isPlain
      ? readPlainWeights(bytes, start + 1, head - 127)
      : readCompressedWeights(bytes, start + 1, descriptionEnd);
    return count !== null && this.#fillByWeights(count) ? descriptionEnd : null;
  }

  /** The next literal. */
  take(bits: BackwardBits): number {
    const code = bits.peek(this.#codeBits);
    let weight = this.#codeBits;
    while (code < (this.#starts[weight] ?? 0)) weight--;
    bits.skip(this.#codeBits + 1 - weight);
    const place = (code - (this.#starts[weight] ?? 0)) >> (weight - 1);
    return this.#literals[(this.#firsts[weight] ?? 0) + place] ?? 0;
  }

  /** The last weight is not written: it makes the sum a power of two. */
  #fillByWeights(count: number): boolean {
    let sum = 0;
    for (let literal = 0; literal < count; literal++) {
      const weight = weights[literal] ?? 0;
      if (weight > 0) sum += 1 << (weight - 1);
    }
    if (sum === 0) return false;
    const codeBits = 32 - Math.clz32(sum);
    if (codeBits > CODE_BITS_MAX) return false;
    const rest = (1 << codeBits) - sum;
    if ((rest & (rest - 1)) !== 0) return false;
    weights[count] = 32 - Math.clz32(rest);
    this.#codeBits = codeBits;
    this.#sort(count + 1);
    return true;
  }

  /** The longest codes, of the least weight, come first. */
  #sort(count: number): void {
    ends.fill(0);
    for (let literal = 0; literal < count; literal++) {
      const weight = weights[literal] ?? 0;
      ends[weight] = (ends[weight] ?? 0) + 1;
    }
    let code = 0;
    let place = 0;
    for (let weight = 1; weight <= this.#codeBits; weight++) {
      const alike = ends[weight] ?? 0;
      this.#starts[weight] = code;
      this.#firsts[weight] = place;
      ends[weight] = place;
      code += alike << (weight - 1);
      place += alike;
    }
    for (let literal = 0; literal < count; literal++) {
      const weight = weights[literal] ?? 0;
      if (weight === 0) continue;
      const end = ends[weight] ?? 0;
      this.#literals[end] = literal;
      ends[weight] = end + 1;
    }
  }
}

/** Returns how many there are. */
function readPlainWeights(bytes: Uint8Array, start: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const two = bytes[start + (i >> 1)] ?? 0;
    weights[i] = i % 2 === 0 ? two >> 4 : two & 15;
  }
  return count;
}

/** Two states take turns until the bits are used up; what they then stand for comes last. */
function readCompressedWeights(bytes: Uint8Array, start: number, end: number): number | null {
  const bitsStart = weightTable.fillAsDescribed(bytes, start, end, WEIGHTS_ACCURACY_LOG_MAX, WEIGHT_SYMBOLS);
  if (bitsStart === null) return null;
  const bits = new BackwardBits(bytes, bitsStart, end);
  const { states, accuracyLog } = weightTable;
  let state = states[bits.take(accuracyLog)] ?? 0;
  let other = states[bits.take(accuracyLog)] ?? 0;
  if (bits.left < 0) return null;
  for (let count = 0; count < WEIGHTS_MAX - 1; count++) {
    weights[count] = state & 0xff;
    const advanced = states[(state >> 16) + bits.take((state >> 8) & 0xff)] ?? 0;
    state = other;
    other = advanced;
    if (bits.left < 0) {
      weights[count + 1] = state & 0xff;
      return count + 2;
    }
  }
  return null;
}
