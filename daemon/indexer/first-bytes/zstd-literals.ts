import { BackwardBits } from './bits.ts';
import { HuffmanTable } from './huffman.ts';

const LITERALS_RAW = 0;
const LITERALS_REPEATED = 1;
const LITERALS_COMPRESSED = 2;
const STREAMS = 4;
const JUMP_TABLE_BYTES = 6;
/** More than a block may decode to is bad data. */
const LITERALS_MAX = 128 * 1024;

const table = new HuffmanTable();

/** The literals of a block, which are decoded as far as they are taken. */
export interface Literals {
  /** Where their section ends. */
  readonly end: number;
  /** How many have not been taken. */
  readonly left: number;
  /** Puts the next `count`, at most as many as are left, into `output` from `at` on. False for bad data. */
  take(output: Uint8Array, at: number, count: number): boolean;
}

/**
 * Opens the literals section of a frame's first block (RFC 8878, section 3.1.1.3.1), which has to lie between
 * `start` and `end`. Null for bad data. They can be taken until the next are opened.
 */
export function openLiterals(bytes: Uint8Array, start: number, end: number): Literals | null {
  const type = (bytes[start] ?? 0) & 3;
  if (type === LITERALS_RAW || type === LITERALS_REPEATED) return openPlain(bytes, start, end, type);
  return type === LITERALS_COMPRESSED ? openCompressed(bytes, start, end) : null;
}

function openPlain(bytes: Uint8Array, start: number, end: number, type: number): Literals | null {
  const form = ((bytes[start] ?? 0) >> 2) & 3;
  const headerBytes = form === 1 ? 2 : form === 3 ? 3 : 1;
  const count = littleEndian(bytes, start, headerBytes) >> (headerBytes === 1 ? 3 : 4);
  const content = start + headerBytes;
  const sectionEnd = content + (type === LITERALS_RAW ? count : 1);
  if (sectionEnd > end || count > LITERALS_MAX) return null;
  return new PlainLiterals(bytes, content, count, type === LITERALS_RAW ? 1 : 0);
}

function openCompressed(bytes: Uint8Array, start: number, end: number): Literals | null {
  const form = ((bytes[start] ?? 0) >> 2) & 3;
  const sizeBits = form < 2 ? 10 : form === 2 ? 14 : 18;
  const headerBytes = (4 + 2 * sizeBits) / 8;
  const header = littleEndian(bytes, start, headerBytes);
  const count = Math.floor(header / 16) % 2 ** sizeBits;
  const sectionEnd = start + headerBytes + Math.floor(header / 2 ** (4 + sizeBits));
  if (sectionEnd > end || count > LITERALS_MAX) return null;
  const streams = table.fill(bytes, start + headerBytes, sectionEnd);
  return streams === null
    ? null
    : new CompressedLiterals(bytes, streams, sectionEnd, count, form === 0 ? 1 : STREAMS);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

class PlainLiterals implements Literals {
  readonly #bytes: Uint8Array;
  #at: number;
  /** 1, or 0 for one literal that is repeated. */
  readonly #step: 0 | 1;
  left: number;

  constructor(bytes: Uint8Array, start: number, count: number, step: 0 | 1) {
    this.#bytes = bytes;
    this.#at = start;
    this.left = count;
    this.#step = step;
  }

  get end(): number {
    return this.#step === 0 ? this.#at + 1 : this.#at + this.left;
  }

  take(output: Uint8Array, at: number, count: number): boolean {
    for (let i = at; i < at + count; i++) {
      output[i] = this.#bytes[this.#at] ?? 0;
      this.#at += this.#step;
    }
    this.left -= count;
    return true;
  }
}

/** One stream, or four that decode to a quarter each and that a jump table tells apart. */
class CompressedLiterals implements Literals {
  readonly #bytes: Uint8Array;
  readonly end: number;
  left: number;
  readonly #jumpTable: number;
  readonly #streams: number;
  /** How many all streams but the last hold. */
  readonly #share: number;
  #stream = -1;
  #streamEnd: number;
  #streamLeft = 0;
  #bits: BackwardBits | null = null;

  constructor(bytes: Uint8Array, start: number, end: number, count: number, streams: number) {
    this.#bytes = bytes;
    this.end = end;
    this.left = count;
    this.#streams = streams;
    this.#share = Math.ceil(count / streams);
    this.#jumpTable = start;
    this.#streamEnd = streams === 1 ? start : start + JUMP_TABLE_BYTES;
  }

  take(output: Uint8Array, at: number, count: number): boolean {
    this.left -= count;
    for (let taken = 0; taken < count;) {
      const bits = this.#streamLeft > 0 ? this.#bits : this.#nextStream();
      if (bits === null) return false;
      const end = at + Math.min(count, taken + this.#streamLeft);
      this.#streamLeft -= end - at - taken;
      for (let i = at + taken; i < end; i++) output[i] = table.take(bits);
      if (bits.left < 0) return false;
      taken = end - at;
    }
    return true;
  }

  #nextStream(): BackwardBits | null {
    const start = this.#streamEnd;
    this.#stream++;
    if (this.#stream < this.#streams - 1) {
      this.#streamEnd += littleEndian(this.#bytes, this.#jumpTable + this.#stream * 2, 2);
    } else {
      this.#streamEnd = this.end;
    }
    this.#streamLeft = this.#share;
    if (start > this.#streamEnd || this.#streamEnd > this.end) return null;
    return (this.#bits = new BackwardBits(this.#bytes, start, this.#streamEnd));
  }
}
