import { constants, gunzipSync } from 'node:zlib';
import type { ModuleCompression } from '../separators.ts';
import { firstBytesOfXz } from './xz.ts';
import { firstBytesOfZstd, ZSTD_FIRST_BLOCK_END_MAX } from './zstd.ts';

/** What zlib may make of the start of a file: deflate comes to a thousand times at most. */
const GZIP_OUTPUT_MAX = 2 * 1024 * 1024;

/** zlib's own is larger than what comes of a start. */
const GZIP_CHUNK_BYTES = 4 * 1024;

/** Bytes of a compressed file that tell its first few hundred bytes. zstd decodes nothing without its whole block. */
export const START_BYTES: Readonly<Record<ModuleCompression, number>> = {
  gzip: 512,
  xz: 512,
  zstd: ZSTD_FIRST_BLOCK_END_MAX,
};

/**
 * What a compressed file begins with, decoded from its first `START_BYTES`: up to `wanted` bytes. Null where that
 * cannot be told, be it that the data is bad or made in an uncommon way; only a whole decompressor knows then.
 */
export function firstBytes(
  compression: ModuleCompression,
  start: Uint8Array,
  wanted: number,
): Uint8Array | null {
  if (compression === 'xz') return firstBytesOfXz(start, wanted);
  return compression === 'zstd' ? firstBytesOfZstd(start, wanted) : firstBytesOfGzip(start, wanted);
}

function firstBytesOfGzip(start: Uint8Array, wanted: number): Uint8Array | null {
  try {
    // Flushing at the end, zlib does not mind that the file goes on.
    const options = { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: GZIP_CHUNK_BYTES };
    return gunzipSync(start, { ...options, maxOutputLength: GZIP_OUTPUT_MAX }).subarray(0, wanted);
  } catch {
    return null;
  }
}
