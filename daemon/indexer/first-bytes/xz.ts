import { decoders } from './decoders.ts';

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const;
const STREAM_HEADER_BYTES = 12;
const BLOCK_RESERVED_FLAGS = 0x3c;
const BLOCK_FILTERS_LESS_ONE = 0x03;
const BLOCK_HAS_COMPRESSED_SIZE = 0x40;
const BLOCK_HAS_SIZE = 0x80;
const FILTER_LZMA2 = 0x21;

/** An LZMA2 chunk begins with one of these, or with a higher one; those that say less cannot come first. */
const CHUNK_PLAIN_WITH_RESET = 0x01;
const CHUNK_LZMA_WITH_RESET = 0xe0;

/**
 * Up to `wanted` of the first bytes of an .xz file, from its start; fewer if its first chunk holds no more. Null
 * for what only the xz program can read (filters that are seldom used, streams without content) and for bad data.
 * Sources: The .xz File Format 1.2.0, sections 2 and 3; for LZMA2 the description in xz-embedded.
 */
export function firstBytesOfXz(file: Uint8Array, wanted: number): Uint8Array | null {
  if (MAGIC.some((byte, i) => file[i] !== byte)) return null;
  const blockSize = file[STREAM_HEADER_BYTES] ?? 0;
  const flags = file[STREAM_HEADER_BYTES + 1] ?? 0;
  if (blockSize === 0 || (flags & (BLOCK_RESERVED_FLAGS | BLOCK_FILTERS_LESS_ONE)) !== 0) return null;
  let at: number | null = STREAM_HEADER_BYTES + 2;
  if ((flags & BLOCK_HAS_COMPRESSED_SIZE) !== 0) at = behindInteger(file, at);
  if ((flags & BLOCK_HAS_SIZE) !== 0 && at !== null) at = behindInteger(file, at);
  if (at === null || file[at] !== FILTER_LZMA2 || file[at + 1] !== 1) return null;
  return firstBytesOfLzma2(file.subarray(STREAM_HEADER_BYTES + (blockSize + 1) * 4), wanted);
}

function firstBytesOfLzma2(data: Uint8Array, wanted: number): Uint8Array | null {
  const control = data[0] ?? 0;
  const size = ((data[1] ?? 0) << 8) + (data[2] ?? 0) + 1;
  if (control === CHUNK_PLAIN_WITH_RESET) {
    const bytes = Math.min(size, wanted);
    return data.length < 3 + bytes ? null : data.subarray(3, 3 + bytes);
  }
  if (control < CHUNK_LZMA_WITH_RESET) return null;
  const bytes = ((control & 0x1f) << 16) + size;
  const packedBytes = ((data[3] ?? 0) << 8) + (data[4] ?? 0) + 1;
  return decoders().lzma(data.subarray(6, 6 + packedBytes), Math.min(bytes, wanted), data[5] ?? 0);
}

/** Behind an integer of up to nine bytes, seven bits in each. */
function behindInteger(bytes: Uint8Array, start: number): number | null {
  for (let at = start; at < start + 9; at++) if (((bytes[at] ?? 0x80) & 0x80) === 0) return at + 1;
  return null;
}
