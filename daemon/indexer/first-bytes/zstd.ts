import { decoders } from './decoders.ts';

/** Bytes of the longest frame header, of a block's header, and of the largest block that is compressed. */
const FRAME_HEADER_BYTES_MAX = 18;
const BLOCK_HEADER_BYTES = 3;
const BLOCK_BYTES_MAX = 128 * 1024;

/** Bytes of a file in which all of its first block lies. */
export const ZSTD_FIRST_BLOCK_END_MAX = FRAME_HEADER_BYTES_MAX + BLOCK_HEADER_BYTES + BLOCK_BYTES_MAX;

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const BLOCK_RAW = 0;
const BLOCK_REPEATED = 1;
const BLOCK_COMPRESSED = 2;

/**
 * Up to `wanted` of the first bytes of a .zst file, of which all of the first block has to be there; fewer if that
 * block holds no more. Null for what only the zstd program can read (dictionaries, frames that are skipped) and for
 * bad data. Source: RFC 8878, section 3.1.1.
 */
export function firstBytesOfZstd(file: Uint8Array, wanted: number): Uint8Array | null {
  const at = blockStart(file);
  if (at === null || at + BLOCK_HEADER_BYTES > file.length) return null;
  const header = (file[at] ?? 0) | ((file[at + 1] ?? 0) << 8) | ((file[at + 2] ?? 0) << 16);
  const type = (header >> 1) & 3;
  const size = header >> 3;
  const start = at + BLOCK_HEADER_BYTES;
  if (type === BLOCK_RAW) return file.subarray(start, start + Math.min(size, wanted));
  if (type === BLOCK_REPEATED) return new Uint8Array(Math.min(size, wanted)).fill(file[start] ?? 0);
  if (type !== BLOCK_COMPRESSED || start + size > file.length) return null;
  return decoders().zstdBlock(file.subarray(start, start + size), wanted);
}

/** Behind the header of a frame that needs no dictionary. */
function blockStart(file: Uint8Array): number | null {
  if (MAGIC.some((byte, i) => file[i] !== byte)) return null;
  const descriptor = file[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasReservedOrDictionary = (descriptor & 0x0b) !== 0;
  if (hasReservedOrDictionary) return null;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
  return 5 + (isSingleSegment ? 0 : 1) + sizeBytes;
}
