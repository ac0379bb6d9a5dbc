import { FormatError } from './errors.ts';

/**
 * Bounds-checked reading of binary formats. Every read names the format and the offset when the
 * bytes are not there, so that no parser needs checks of its own before it reads a number.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly #format: string;
  /** Offset of `bytes[0]` in the file, so that errors name offsets of the file. */
  readonly #base: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, format: string, options: { littleEndian: boolean; base?: number }) {
    this.bytes = bytes;
    this.littleEndian = options.littleEndian;
    this.#format = format;
    this.#base = options.base ?? 0;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(offset: number): number {
    this.#need(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.#need(offset, 2);
    return this.#view.getUint16(offset, this.littleEndian);
  }

  u32(offset: number): number {
    this.#need(offset, 4);
    return this.#view.getUint32(offset, this.littleEndian);
  }

  /** A 64-bit unsigned integer as a number. Throws FormatError from 2^53 on: no file is that large. */
  u64(offset: number): number {
    this.#need(offset, 8);
    const value = this.#view.getBigUint64(offset, this.littleEndian);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.error(offset, `the 64-bit number ${value.toString()} is larger than any file`);
    }
    return Number(value);
  }

  /** A view (not a copy) of `length` bytes. */
  slice(offset: number, length: number): Uint8Array {
    this.#need(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  error(offset: number, message: string): FormatError {
    return new FormatError(this.#format, this.#base + offset, message);
  }

  #need(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.bytes.length) {
      throw this.error(
        offset,
        `${length} bytes are needed and only ${Math.max(0, this.bytes.length - offset)} are left`,
      );
    }
  }
}
