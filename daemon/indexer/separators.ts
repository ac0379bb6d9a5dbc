import { crc32, gzipSync } from 'node:zlib';
import type { Compression } from './decompress.ts';

/**
 * Whole little files in each compression, made here so that one decompressor can be given many files one
 * after another: what it puts out has no borders between them, unless a file with known content lies there.
 */

/** Compressions that kernel modules come in. */
export type ModuleCompression = Extract<Compression, 'gzip' | 'xz' | 'zstd'>;

/** `content` has at most 255 bytes, which is all that zstd's one-byte size holds. */
export function compressedSeparator(compression: ModuleCompression, content: Uint8Array): Uint8Array {
  if (compression === 'gzip') return gzipSync(content);
  return compression === 'xz' ? xzStream(content) : zstdFrame(content);
}

/** A frame of one raw block (RFC 8878, sections 3.1.1.1 and 3.1.1.2). */
function zstdFrame(content: Uint8Array): Uint8Array {
  const singleSegmentWithSizeOfOneByte = 0x20;
  const lastRawBlock = 1 | (content.length << 3);
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, singleSegmentWithSizeOfOneByte, content.length]),
    Buffer.from([lastRawBlock & 0xff, lastRawBlock >> 8, 0]),
    content,
  ]);
}

/** A stream of one block that holds one uncompressed LZMA2 chunk (The .xz File Format 1.2.0, sections 2 to 4). */
function xzStream(content: Uint8Array): Uint8Array {
  const noCheck = Buffer.from([0, 0]);
  const streamHeader = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), noCheck, crc(noCheck)]);
  // Eight bytes of header behind its size, in units of four less one; one filter: LZMA2 with one byte of
  // properties, which asks for the smallest dictionary; padding.
  const blockFields = Buffer.from([2, 0, 0x21, 1, 0, 0, 0, 0]);
  const chunkSize = content.length - 1;
  const block = Buffer.concat([
    blockFields,
    crc(blockFields),
    Buffer.from([1, chunkSize >> 8, chunkSize & 0xff]),
    content,
    Buffer.from([0]),
  ]);
  const indexFields = padded(Buffer.from([0, 1, ...xzInteger(block.length), ...xzInteger(content.length)]));
  const index = Buffer.concat([indexFields, crc(indexFields)]);
  const footerFields = Buffer.concat([littleEndian32(index.length / 4 - 1), noCheck]);
  const streamFooter = Buffer.concat([crc(footerFields), footerFields, Buffer.from('YZ')]);
  return Buffer.concat([streamHeader, padded(block), index, streamFooter]);
}

/** Seven bits a byte, the lowest first. */
function xzInteger(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...xzInteger(value >> 7)];
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function crc(bytes: Uint8Array): Uint8Array {
  return littleEndian32(crc32(bytes));
}

function littleEndian32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
