import { DarkserverError } from '../../shared/errors.ts';
import type { ProgramCompression } from './programs.ts';

/** Bytes of compressed data that tell its window: the longest are the filters of an .xz block. */
export const WINDOW_START_BYTES = 64;

const MiB = 1024 * 1024;

/**
 * What rpm itself refuses cannot be installed: more than 100 MiB for xz and lzma, and than zstd's own limit. Of
 * packages in the wild the default settings have 2 to 8 MiB, and the highest ones 64 and 128.
 */
const WINDOW_MAX = { zstd: 128 * MiB, xz: 98 * MiB, lzma: 98 * MiB, bzip2: 4 * MiB } as const;

/** What every program may have: the data need not go on as it begins. */
export const USUAL_WINDOW = 8 * MiB;

const XZ_BLOCK_HEADER = 12;
const XZ_BLOCK_FILTERS = 2;
const XZ_FILTER_LZMA2 = 0x21;
const XZ_FILTERS_MAX = 4;

/**
 * Bytes of decompressed data that a program has to keep at hand for what begins like this. It is the largest
 * that is allowed where the start does not tell; the program is held to what is said here. Throws `limit` for
 * still more; `base` is the offset of the data in its file, for the message.
 */
export function decompressionWindow(
  compression: ProgramCompression,
  base: number,
  start: Uint8Array,
): number {
  const most = WINDOW_MAX[compression];
  const window = Math.max(statedWindow(compression, start) ?? most, Math.min(USUAL_WINDOW, most));
  if (window <= most) return window;
  throw new DarkserverError(
    'limit',
    `${compression} data at offset ${base}: decompressing it takes ${Math.ceil(window / MiB)} MiB of memory, ` +
      `more than the ${Math.ceil(most / MiB)} MiB that are allowed, here and by rpm`,
  );
}

function statedWindow(compression: ProgramCompression, start: Uint8Array): number | null {
  if (compression === 'zstd') return zstdWindow(start);
  if (compression === 'xz') return xzDictionary(start);
  // lzma: one byte of properties, then the size of the dictionary.
  return compression === 'lzma' ? littleEndian(start, 1, 4) : null;
}

/** RFC 8878, section 3.1.1.1: the window, or the size of a frame that is its own window. */
function zstdWindow(start: Uint8Array): number | null {
  if (start[0] !== 0x28) return null;
  const descriptor = start[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if (!isSingleSegment) {
    const window = start[5] ?? 0;
    const base = 2 ** (10 + (window >> 3));
    return base + (base / 8) * (window & 7);
  }
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  // A size of two bytes begins at 256.
  return littleEndian(start, 5 + dictionaryIdBytes, 2 ** sizeFlag) + (sizeFlag === 1 ? 256 : 0);
}

/** The .xz File Format 1.2.0, sections 3.1 and 5.3.1: LZMA2 comes last, behind up to three filters. */
function xzDictionary(start: Uint8Array): number | null {
  const flags = start[XZ_BLOCK_HEADER + 1] ?? 0;
  const filters = (flags & 3) + 1;
  let at = XZ_BLOCK_HEADER + XZ_BLOCK_FILTERS;
  for (const isPresent of [(flags & 0x40) !== 0, (flags & 0x80) !== 0]) {
    if (isPresent) at = behindInteger(start, at);
  }
  for (let filter = 0; filter < filters && filter < XZ_FILTERS_MAX; filter++) {
    const id = start[at];
    const propertiesBytes = start[at + 1] ?? 0;
    if (id === XZ_FILTER_LZMA2) return dictionaryBytes(start[at + 2] ?? 40);
    at += 2 + propertiesBytes;
  }
  return null;
}

function dictionaryBytes(code: number): number {
  return code < 40 ? (2 | (code & 1)) * 2 ** ((code >> 1) + 11) : 2 ** 32 - 1;
}

function behindInteger(bytes: Uint8Array, start: number): number {
  let at = start;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at++;
  return at + 1;
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  return bytes.subarray(at, at + count).reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
}
