import { FormatError } from '../errors.ts';
import {
  CPIO_ALIGN,
  CPIO_MAGIC_BYTES,
  CPIO_NAME_BYTES_MAX,
  NEWC_HEADER_BYTES,
  parseCpioMagic,
  parseCpioNameBytes,
  parseNewcHeader,
  parseStrippedHeader,
  STRIPPED_HEADER_BYTES,
} from './header.ts';
import type { CpioHeader } from './header.ts';

/** What a parser tells of the payload, in its order. What a visitor throws goes to the caller of `push`. */
export interface CpioVisitor {
  /**
   * An entry begins. Returns the bytes of its data: the header's own size, or, in the stripped form, the
   * size that the RPM's header has. `header.name` is a view that is good only during this call.
   */
  entry(header: CpioHeader): number;
  /** Data of the entry, views into the chunks that were pushed; an entry of no bytes has none. */
  data(bytes: Uint8Array): void;
  /** The entry's last byte has been told. */
  entryEnd(): void;
}

/** Zeros that may follow the trailer: GNU cpio fills its last block, of at most this size. */
const PADDING_BYTES_MAX = 64 * 1024;

type Expected = 'header' | 'data' | 'padding' | 'nothing';

/**
 * Reads a cpio payload whose bytes are pushed in order, in pieces of any size. Data is passed on and never
 * copied; headers are copied only where they cross pieces.
 */
export class CpioParser {
  readonly #visitor: CpioVisitor;
  #expected: Expected = 'header';
  /** Offset in the payload of the first byte that has not been read. */
  #offset = 0;
  /** A header that crosses pieces, as far as it has come. */
  readonly #partial = new Uint8Array(NEWC_HEADER_BYTES + CPIO_NAME_BYTES_MAX + CPIO_ALIGN);
  #filled = 0;
  /** Bytes of data or padding that are still to come. */
  #remaining = 0;
  #padding = 0;
  #bytesAfterTrailer = 0;

  constructor(visitor: CpioVisitor) {
    this.#visitor = visitor;
  }

  /** True once the trailer has been read. */
  get isDone(): boolean {
    return this.#expected === 'nothing';
  }

  /** Throws FormatError. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#expected === 'data') at += this.#readData(chunk, at);
      else if (this.#expected === 'padding') at += this.#readPadding(chunk.length - at);
      else if (this.#expected === 'header') at += this.#readHeader(chunk, at);
      else at += this.#readAfterTrailer(chunk.length - at);
    }
  }

  /** The payload's last byte has been pushed. Throws FormatError if there must be more. */
  end(): void {
    if (this.isDone) return;
    const missing = this.#expected === 'data' ? `${this.#remaining} bytes of a file's data` : 'the trailer';
    throw new FormatError('cpio', this.#offset, `the payload is truncated: ${missing} should follow`);
  }

  #readData(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#remaining, chunk.length - at);
    this.#visitor.data(taken === chunk.length ? chunk : chunk.subarray(at, at + taken));
    this.#offset += taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#endEntry();
    return taken;
  }

  #endEntry(): void {
    this.#visitor.entryEnd();
    this.#remaining = this.#padding;
    this.#expected = this.#padding > 0 ? 'padding' : 'header';
  }

  #readPadding(available: number): number {
    const taken = Math.min(this.#remaining, available);
    this.#offset += taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#expected = 'header';
    return taken;
  }

  /** Reads a header where it lies if the piece holds all of it, else collects it. */
  #readHeader(chunk: Uint8Array, at: number): number {
    if (this.#filled === 0) {
      const bytes = headerBytes(chunk, at, chunk.length - at, this.#offset);
      if (bytes <= chunk.length - at) {
        this.#beginEntry(chunk, at, bytes);
        return bytes;
      }
    }
    const wanted = headerBytes(this.#partial, 0, this.#filled, this.#offset);
    const taken = Math.min(wanted - this.#filled, chunk.length - at);
    this.#partial.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    const known = headerBytes(this.#partial, 0, this.#filled, this.#offset);
    if (this.#filled === known) {
      this.#filled = 0;
      this.#beginEntry(this.#partial, 0, known);
    }
    return taken;
  }

  #beginEntry(bytes: Uint8Array, at: number, length: number): void {
    const parse = parseCpioMagic(bytes, at, this.#offset) === 'newc' ? parseNewcHeader : parseStrippedHeader;
    const header = parse(bytes, at, this.#offset);
    if (header === null) {
      this.#offset += length;
      this.#expected = 'nothing';
      return;
    }
    const size = this.#visitor.entry(header);
    this.#offset += length;
    this.#padding = (CPIO_ALIGN - (size % CPIO_ALIGN)) % CPIO_ALIGN;
    this.#remaining = size;
    this.#expected = 'data';
    if (size === 0) this.#endEntry();
  }

  #readAfterTrailer(available: number): number {
    this.#bytesAfterTrailer += available;
    this.#offset += available;
    if (this.#bytesAfterTrailer <= PADDING_BYTES_MAX) return available;
    throw new FormatError('cpio', this.#offset, `more than ${PADDING_BYTES_MAX} bytes follow the trailer`);
  }
}

/**
 * Bytes of the header (with its name and padding) whose first `available` bytes are at `at`; of a header
 * that has not come far enough to tell, the bytes that it takes to know more.
 */
function headerBytes(bytes: Uint8Array, at: number, available: number, offset: number): number {
  if (available < CPIO_MAGIC_BYTES) return CPIO_MAGIC_BYTES;
  if (parseCpioMagic(bytes, at, offset) === 'stripped') return STRIPPED_HEADER_BYTES;
  if (available < NEWC_HEADER_BYTES) return NEWC_HEADER_BYTES;
  const bytesWithName = NEWC_HEADER_BYTES + parseCpioNameBytes(bytes, at, offset);
  return Math.ceil(bytesWithName / CPIO_ALIGN) * CPIO_ALIGN;
}
