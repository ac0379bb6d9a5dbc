import { decodeHuffman, readHuffmanTable } from './huffman.ts';
import type { HuffmanTable } from './huffman.ts';

const LITERALS_RAW = 0;
const LITERALS_REPEATED = 1;
const LITERALS_COMPRESSED = 2;
const JUMP_TABLE_BYTES = 6;
/** More than a block may decode to is bad data. */
const LITERALS_MAX = 128 * 1024;

interface LiteralsSection {
  /** The first of the literals. */
  readonly literals: Uint8Array;
  /** Bytes of the whole section. */
  readonly length: number;
}

/** The first `wanted` literals of a frame's first block (RFC 8878, section 3.1.1.3.1). Null for bad data. */
export function readLiterals(block: Uint8Array, wanted: number): LiteralsSection | null {
  const head = block[0] ?? 0;
  const type = head & 3;
  const form = (head >> 2) & 3;
  if (type === LITERALS_RAW || type === LITERALS_REPEATED) return readPlain(block, type, form, wanted);
  return type === LITERALS_COMPRESSED ? readCompressed(block, form, wanted) : null;
}

function readPlain(block: Uint8Array, type: number, form: number, wanted: number): LiteralsSection | null {
  const [a = 0, b = 0, c = 0] = block;
  const headerBytes = form === 1 ? 2 : form === 3 ? 3 : 1;
  const all = (a | (b << 8) | (c << 16)) & (2 ** (8 * headerBytes) - 1);
  const count = all >> (headerBytes === 1 ? 3 : 4);
  const length = headerBytes + (type === LITERALS_RAW ? count : 1);
  if (length > block.length || count > LITERALS_MAX) return null;
  if (type === LITERALS_RAW) {
    return { literals: block.subarray(headerBytes, headerBytes + Math.min(count, wanted)), length };
  }
  return { literals: new Uint8Array(Math.min(count, wanted)).fill(block[headerBytes] ?? 0), length };
}

function readCompressed(block: Uint8Array, form: number, wanted: number): LiteralsSection | null {
  const sizeBits = form < 2 ? 10 : form === 2 ? 14 : 18;
  const headerBytes = (4 + 2 * sizeBits) / 8;
  const header = block.subarray(0, headerBytes).reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
  const count = Math.floor(header / 16) % 2 ** sizeBits;
  const length = headerBytes + Math.floor(header / 2 ** (4 + sizeBits));
  if (length > block.length || count > LITERALS_MAX) return null;
  const content = block.subarray(headerBytes, length);
  const tree = readHuffmanTable(content);
  if (tree === null) return null;
  const streams = content.subarray(tree.length);
  const taken = Math.min(count, wanted);
  const literals =
    form === 0 ? decodeHuffman(tree.table, streams, taken) : decodeFour(tree.table, streams, count, taken);
  return literals === null ? null : { literals, length };
}

/** Four streams, each of which decodes to a quarter, that a jump table tells apart. */
function decodeFour(
  table: HuffmanTable,
  content: Uint8Array,
  count: number,
  wanted: number,
): Uint8Array | null {
  const quarter = (count + 3) >> 2;
  const output = new Uint8Array(wanted);
  let start = JUMP_TABLE_BYTES;
  for (let stream = 0, at = 0; at < wanted && stream < 4; stream++, at += quarter) {
    const jump = (content[stream * 2] ?? 0) | ((content[stream * 2 + 1] ?? 0) << 8);
    const end = stream < 3 ? start + jump : content.length;
    if (end > content.length) return null;
    const part = decodeHuffman(table, content.subarray(start, end), Math.min(quarter, wanted - at));
    if (part === null) return null;
    output.set(part, at);
    start = end;
  }
  return output;
}
