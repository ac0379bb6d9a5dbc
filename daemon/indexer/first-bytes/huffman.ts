import { BackwardBits } from './bits.ts';
import { FseState, readFseTable } from './fse.ts';

/** zstd's Huffman codes of literals (RFC 8878, section 4.2). */
export interface HuffmanTable {
  /** Bits of the longest code. */
  readonly codeBits: number;
  /** By the next `codeBits` bits: the literal, and from bit 8 on the bits of its code. */
  readonly codes: readonly number[];
}

const CODE_BITS_MAX = 11;
const WEIGHTS_MAX = 255;
const WEIGHTS_ACCURACY_LOG_MAX = 6;
const WEIGHT_SYMBOLS = CODE_BITS_MAX + 1;

/** Reads the description of a code from the start of `bytes`. Null if it breaks the format. */
export function readHuffmanTable(
  bytes: Uint8Array,
): { readonly table: HuffmanTable; readonly length: number } | null {
  const head = bytes[0] ?? 0;
  const isPlain = head >= 128;
  const length = 1 + (isPlain ? (head - 126) >> 1 : head);
  if (length > bytes.length) return null;
  const described = bytes.subarray(1, length);
  const weights = isPlain ? plainWeights(described, head - 127) : compressedWeights(described);
  const table = weights === null ? null : huffmanTable(weights);
  return table === null ? null : { table, length };
}

/** Decodes the first `wanted` literals of one stream. Null if the stream holds fewer. */
export function decodeHuffman(
  { codeBits, codes }: HuffmanTable,
  stream: Uint8Array,
  wanted: number,
): Uint8Array | null {
  const input = new BackwardBits(stream);
  const output = new Uint8Array(wanted);
  for (let at = 0; at < wanted; at++) {
    const code = codes[input.peek(codeBits)] ?? 0;
    output[at] = code & 0xff;
    input.skip(code >> 8);
    if (input.left < 0) return null;
  }
  return output;
}

function plainWeights(bytes: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const two = bytes[i >> 1] ?? 0;
    return i % 2 === 0 ? two >> 4 : two & 15;
  });
}

/** Two states take turns until the bits are used up; what they then stand for comes last. */
function compressedWeights(bytes: Uint8Array): number[] | null {
  const read = readFseTable(bytes, WEIGHTS_ACCURACY_LOG_MAX, WEIGHT_SYMBOLS);
  if (read === null) return null;
  const bits = new BackwardBits(bytes.subarray(read.length));
  let state = new FseState(read.table, bits);
  let other = new FseState(read.table, bits);
  if (bits.left < 0) return null;
  const weights: number[] = [];
  while (weights.length < WEIGHTS_MAX) {
    weights.push(state.symbol);
    state.advance(bits);
    if (bits.left < 0) return [...weights, other.symbol];
    [state, other] = [other, state];
  }
  return null;
}

/** The last weight is not written: it makes the sum a power of two. */
function huffmanTable(weights: number[]): HuffmanTable | null {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 1 << (weight - 1) : 0), 0);
  if (sum === 0 || weights.length > WEIGHTS_MAX) return null;
  const codeBits = 32 - Math.clz32(sum);
  if (codeBits > CODE_BITS_MAX) return null;
  const size = 1 << codeBits;
  const rest = size - sum;
  if ((rest & (rest - 1)) !== 0) return null;
  const all = [...weights, 32 - Math.clz32(rest)];
  const codes = new Array<number>(size).fill(0);
  // The longest codes, of the least weight, come first.
  const starts = new Uint16Array(CODE_BITS_MAX + 2);
  for (const weight of all)
    if (weight > 0) starts[weight + 1] = (starts[weight + 1] ?? 0) + (1 << (weight - 1));
  for (let weight = 1; weight < starts.length; weight++)
    starts[weight] = (starts[weight] ?? 0) + (starts[weight - 1] ?? 0);
  all.forEach((weight, literal) => {
    if (weight === 0) return;
    const start = starts[weight] ?? 0;
    const end = start + (1 << (weight - 1));
    codes.fill(literal | ((codeBits + 1 - weight) << 8), start, end);
    starts[weight] = end;
  });
  return { codeBits, codes };
}
