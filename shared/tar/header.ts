import { FormatError } from '../errors.ts';

/**
 * Headers of tar files: POSIX.1-2024 (pax, "ustar Interchange Format"), and what GNU tar's manual ("Basic Tar
 * Format") adds to it.
 */

/** Headers are of this size, and data is filled up to a multiple of it. */
export const TAR_BLOCK_BYTES = 512;

const CHECKSUM_START = 148;
const CHECKSUM_END = 156;
const SIZE_START = 124;
const SIZE_END = 136;
const TYPE_AT = 156;
/** In GNU's sparse files: whether blocks with more of the map of holes follow the header. */
const IS_EXTENDED_AT = 482;

/** The entry's type, a character: "0" and NUL file, "5" directory, "x" pax header, "L" GNU's long name, … */
export type TarType = string;

export interface TarHeader {
  readonly type: TarType;
  /** Bytes of data behind it, not counting what fills the last block; a pax header before it may say other. */
  readonly size: number;
  /** GNU sparse files: blocks with more of the map follow, which the size does not count. */
  readonly hasSparseBlocks: boolean;
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** True if these 512 bytes are a header: nothing else has the right sum. */
export function isTarHeader(block: Uint8Array): boolean {
  return block.length >= TAR_BLOCK_BYTES && statedChecksum(block) === checksum(block);
}

/** Reads a header at `offset` in the file. Throws FormatError. */
export function parseTarHeader(block: Uint8Array, offset: number): TarHeader {
  if (!isTarHeader(block)) {
    const hint = offset === 0 ? ': this is no tar file' : '';
    throw new FormatError('tar', offset, `the header's checksum is wrong${hint}`);
  }
  const type = String.fromCharCode(block[TYPE_AT] ?? 0);
  return {
    type,
    size: parseSize(block.subarray(SIZE_START, SIZE_END), offset),
    hasSparseBlocks: type === 'S' && (block[IS_EXTENDED_AT] ?? 0) !== 0,
  };
}

/** The sum of a header's bytes, its own field counted as blanks. */
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK_BYTES; i++) {
    sum += i >= CHECKSUM_START && i < CHECKSUM_END ? 0x20 : (block[i] ?? 0);
  }
  return sum;
}

function statedChecksum(block: Uint8Array): number | null {
  return parseOctal(block.subarray(CHECKSUM_START, CHECKSUM_END));
}

/** Null for what is no octal number, such as one with a sign. An empty field is 0. */
function parseOctal(field: Uint8Array): number | null {
  const digits = /^ *\0*([0-7]*)(?:[ \0]|$)/.exec(String.fromCharCode(...field))?.[1];
  if (digits === undefined) return null;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function parseSize(field: Uint8Array, offset: number): number {
  const first = field[0] ?? 0;
  const size = first < 0x80 ? parseOctal(field) : parseBase256(field);
  if (size === null) throw new FormatError('tar', offset, 'the size of the entry is no number');
  if (size < 0) throw new FormatError('tar', offset, 'the size of the entry is negative');
  if (size > Number.MAX_SAFE_INTEGER) {
    throw new FormatError('tar', offset, 'the size of the entry is larger than any file');
  }
  return size;
}

/** GNU's sizes of 8 GiB and more: 0x80 and eleven bytes, or a negative number, which begins with 0xff. */
function parseBase256(field: Uint8Array): number | null {
  if (field[0] === 0xff) return -1;
  if (field[0] !== 0x80) return null;
  return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
}
