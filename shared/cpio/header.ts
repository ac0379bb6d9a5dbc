import { FormatError } from '../errors.ts';

/**
 * Headers of cpio entries in the three forms that RPM payloads have: newc (070701), crc (070702, the same
 * with a sum that nobody checks), and rpm's own stripped form (07070X), which names a file by its index
 * in the RPM's header and leaves size and name to that. Source: cpio(5) "New ASCII Format"; rpm's
 * lib/cpio.c for the stripped form and for the limit on names.
 */
export interface CpioHeader {
  readonly form: 'newc' | 'stripped';
  /** Offset of the entry in the payload. */
  readonly offset: number;
  /** The file's index in the RPM's header; -1 in the newc form. */
  readonly fileIndex: number;
  /** The entry's name as it is stored, without its NUL; empty in the stripped form. */
  readonly name: Uint8Array;
  /** Bytes of data that follow. 0 in the stripped form, where the RPM's header has the size. */
  readonly size: number;
  readonly linkCount: number;
  /** The same for all hard links of one file. */
  readonly inodeKey: string;
}

/** CPIO_NAMESIZE_MAX of rpm: bytes of a name with its NUL. */
export const CPIO_NAME_BYTES_MAX = 4096;
/** All entries start at multiples of this, and so do names' and data's ends. */
export const CPIO_ALIGN = 4;

export const CPIO_MAGIC_BYTES = 6;
export const NEWC_HEADER_BYTES = 110;
/** With its padding. */
export const STRIPPED_HEADER_BYTES = 16;
/** The index of a stripped entry that ends the payload; rpm writes a newc trailer, and takes both. */
const STRIPPED_END = 0xffffffff;
const TRAILER = 'TRAILER!!!';
const NO_NAME = new Uint8Array();

/** Fields of the newc form by their number, each of eight hex digits. */
const FIELD = { inode: 0, linkCount: 4, size: 6, deviceMajor: 7, deviceMinor: 8, nameBytes: 11 } as const;

/** Values of hex digits by character code; 255 for what is none. */
const DIGITS = new Uint8Array(256).fill(255);
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  DIGITS[digit.charCodeAt(0)] = value;
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Reads the first six bytes at `at`. Throws FormatError for every other form of cpio. */
export function parseCpioMagic(bytes: Uint8Array, at: number, offset: number): CpioHeader['form'] {
  const isCpio =
    bytes[at] === 0x30 &&
    bytes[at + 1] === 0x37 &&
    bytes[at + 2] === 0x30 &&
    bytes[at + 3] === 0x37 &&
    bytes[at + 4] === 0x30;
  const last = bytes[at + 5];
  if (isCpio && (last === 0x31 || last === 0x32)) return 'newc';
  if (isCpio && last === 0x58) return 'stripped';
  const found = String.fromCharCode(...bytes.subarray(at, at + CPIO_MAGIC_BYTES));
  throw new FormatError(
    'cpio',
    offset,
    `070701, 070702 or 07070X is missing, found ${JSON.stringify(found)}`,
  );
}

/** Bytes of a newc header's name with its NUL. Throws FormatError for none and for more than rpm allows. */
export function parseCpioNameBytes(bytes: Uint8Array, at: number, offset: number): number {
  const nameBytes = hexField(bytes, at, FIELD.nameBytes, offset);
  if (nameBytes >= 1 && nameBytes <= CPIO_NAME_BYTES_MAX) return nameBytes;
  throw new FormatError(
    'cpio',
    offset,
    `a name of ${nameBytes} bytes (1 to ${CPIO_NAME_BYTES_MAX} are allowed)`,
  );
}

/** Reads a newc header and its name, all of which is in `bytes`. Returns null for the trailer. Throws FormatError. */
export function parseNewcHeader(bytes: Uint8Array, at: number, offset: number): CpioHeader | null {
  const nameBytes = parseCpioNameBytes(bytes, at, offset);
  const stored = bytes.subarray(at + NEWC_HEADER_BYTES, at + NEWC_HEADER_BYTES + nameBytes);
  const end = stored.indexOf(0);
  const name = end < 0 ? stored : stored.subarray(0, end);
  if (isTrailer(name)) return null;
  const linkCount = hexField(bytes, at, FIELD.linkCount, offset);
  return {
    form: 'newc',
    offset,
    fileIndex: -1,
    name,
    size: hexField(bytes, at, FIELD.size, offset),
    linkCount,
    inodeKey: linkCount > 1 ? newcInodeKey(bytes, at, offset) : '',
  };
}

/** Reads a header of the stripped form. Returns null for the end of the payload. Throws FormatError. */
export function parseStrippedHeader(bytes: Uint8Array, at: number, offset: number): CpioHeader | null {
  const fileIndex = hexField(bytes, at, 0, offset);
  if (fileIndex === STRIPPED_END) return null;
  return { form: 'stripped', offset, fileIndex, name: NO_NAME, size: 0, linkCount: 1, inodeKey: '' };
}

function newcInodeKey(bytes: Uint8Array, at: number, offset: number): string {
  const major = hexField(bytes, at, FIELD.deviceMajor, offset);
  const minor = hexField(bytes, at, FIELD.deviceMinor, offset);
  return `${major}:${minor}:${hexField(bytes, at, FIELD.inode, offset)}`;
}

function hexField(bytes: Uint8Array, at: number, field: number, offset: number): number {
  const start = at + CPIO_MAGIC_BYTES + field * 8;
  let value = 0;
  for (let i = start; i < start + 8; i++) {
    const digit = DIGITS[bytes[i] ?? 0] ?? 255;
    if (digit > 15) {
      const found = String.fromCharCode(...bytes.subarray(start, start + 8));
      throw new FormatError(
        'cpio',
        offset,
        `field ${field} is no number of eight hex digits: ${JSON.stringify(found)}`,
      );
    }
    value = value * 16 + digit;
  }
  return value;
}

function isTrailer(name: Uint8Array): boolean {
  if (name.length !== TRAILER.length) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== TRAILER.charCodeAt(i)) return false;
  return true;
}
