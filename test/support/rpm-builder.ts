import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import type { Compression } from '../../daemon/indexer/decompress.ts';
import { RpmSignatureTag, RpmTag } from '../../shared/rpm/tags.ts';
import { cpioTrailer, newcEntry, strippedEntry } from './cpio-builder.ts';

/** Makes RPMs that rpmbuild would not: broken, hostile, and in forms that need gigabytes otherwise. */

/** Values of one tag by type. */
export type TagValue =
  | { readonly string: string | Uint8Array }
  | { readonly strings: readonly (string | Uint8Array)[] }
  | { readonly int16: readonly number[] }
  | { readonly int32: readonly number[] }
  | { readonly int64: readonly number[] }
  | { readonly binary: Uint8Array };

export type Tags = ReadonlyMap<number, TagValue> | readonly (readonly [number, TagValue])[];

function encode(value: TagValue): { type: number; count: number; bytes: Buffer; align: number } {
  const text = (item: string | Uint8Array): Buffer =>
    Buffer.concat([Buffer.from(item as string), Buffer.alloc(1)]);
  if ('string' in value) return { type: 6, count: 1, bytes: text(value.string), align: 1 };
  if ('strings' in value) {
    return { type: 8, count: value.strings.length, bytes: Buffer.concat(value.strings.map(text)), align: 1 };
  }
  if ('binary' in value)
    return { type: 7, count: value.binary.length, bytes: Buffer.from(value.binary), align: 1 };
  const [numbers, width, type] =
    'int16' in value ? [value.int16, 2, 3] : 'int32' in value ? [value.int32, 4, 4] : [value.int64, 8, 5];
  const bytes = Buffer.alloc(numbers.length * width);
  numbers.forEach((number, i) => {
    if (width === 2) bytes.writeUInt16BE(number, i * 2);
    else if (width === 4) bytes.writeUInt32BE(number, i * 4);
    else bytes.writeBigUInt64BE(BigInt(number), i * 8);
  });
  return { type, count: numbers.length, bytes, align: width };
}

/** A header structure. `region` is its tag (62, 63), or null for packages of rpm 3, which have none. */
export function buildRpmHeader(tags: Tags, region: number | null): Buffer {
  const index: Buffer[] = [];
  let data = Buffer.alloc(0);
  const entry = (tag: number, type: number, offset: number, count: number): Buffer => {
    const bytes = Buffer.alloc(16);
    [tag, type, offset, count].forEach((value, i) => bytes.writeUInt32BE(value >>> 0, i * 4));
    return bytes;
  };
  for (const [tag, value] of tags) {
    const { type, count, bytes, align } = encode(value);
    data = Buffer.concat([data, Buffer.alloc((align - (data.length % align)) % align)]);
    index.push(entry(tag, type, data.length, count));
    data = Buffer.concat([data, bytes]);
  }
  if (region !== null) {
    index.unshift(entry(region, 7, data.length, 16));
    data = Buffer.concat([data, entry(region, 7, -(index.length * 16), 16)]);
  }
  const intro = Buffer.from('8eade801000000000000000000000000', 'hex');
  intro.writeUInt32BE(index.length, 8);
  intro.writeUInt32BE(data.length, 12);
  return Buffer.concat([intro, ...index, data]);
}

export interface RpmFile {
  readonly path: string | Uint8Array;
  readonly data?: Uint8Array;
  /** Regular and executable unless said otherwise. */
  readonly mode?: number;
  /** Bytes that the header states; those of the data unless said otherwise. */
  readonly size?: number;
  /** libmagic's words. A package in which no file has any has no FILECLASS. */
  readonly fileClass?: string;
  /** The same in packages of rpm 6; "" for files without one in a package that has some. */
  readonly mimeType?: string;
  readonly flags?: number;
  /** Makes it a symbolic link to this. */
  readonly linkTo?: string | Uint8Array;
  /** Files with one inode are hard links; the last of them has the data. */
  readonly inode?: number;
  /** Leave it out of the payload. */
  readonly isAbsent?: boolean;
}

export interface RpmParts {
  readonly name?: string;
  readonly files?: readonly RpmFile[];
  readonly compression?: Compression;
  readonly form?: 'newc' | 'crc' | 'stripped';
  /** Another payload, uncompressed, than the files make. */
  readonly payload?: Uint8Array;
  /** Bytes behind the header as they are. */
  readonly rawPayload?: Uint8Array;
  /** OLDFILENAMES, FILESIZES and no regions, as rpm 3 wrote; or LONGFILESIZES and no md5, as rpm 6 does. */
  readonly format?: 3 | 4 | 6;
  readonly isSource?: boolean;
  readonly extraTags?: readonly (readonly [number, TagValue])[];
}

/** With `options` of the program, if it is not gzip. */
export function compress(
  compression: Compression,
  bytes: Uint8Array,
  options: readonly string[] = ['-1'],
): Uint8Array {
  if (compression === 'none') return bytes;
  if (compression === 'gzip') return gzipSync(bytes);
  const command = compression === 'lzma' ? 'xz' : compression;
  const args = ['-c', ...options, ...(compression === 'lzma' ? ['--format=lzma'] : [])];
  return execFileSync(command, args, { input: bytes, maxBuffer: 1 << 30 });
}

/** Bytes that one block of `zstdBomb` stands for, with four of its own. */
export const ZSTD_BOMB_BLOCK_BYTES = 128 * 1024;

/** A zstd frame of blocks that repeat one byte (RFC 8878, section 3.1.1.2), of any size in no time. */
export function zstdBomb(blocks: number): Uint8Array {
  const window128KiB = [0x00, 0x38];
  const frame = Buffer.alloc(4 + 2 + 4 * blocks + 3);
  frame.set([0x28, 0xb5, 0x2f, 0xfd, ...window128KiB]);
  const repeatedBlock = (ZSTD_BOMB_BLOCK_BYTES << 3) | (1 << 1);
  for (let i = 0; i < blocks; i++) frame.writeUIntLE(repeatedBlock, 6 + i * 4, 3);
  frame.writeUIntLE(1, 6 + blocks * 4, 3);
  return frame;
}

const asBytes = (path: string | Uint8Array): Buffer => Buffer.from(path as string);

function splitPath(path: string | Uint8Array): { directory: Buffer; base: Buffer } {
  const bytes = asBytes(path);
  const slash = bytes.lastIndexOf('/');
  return { directory: bytes.subarray(0, slash + 1), base: bytes.subarray(slash + 1) };
}

function modeOf({ mode, linkTo }: RpmFile): number {
  return mode ?? (linkTo === undefined ? 0o100755 : 0o120777);
}

function fileTags(files: readonly RpmFile[], format: 3 | 4 | 6): (readonly [number, TagValue])[] {
  if (files.length === 0) return [];
  const sizes = files.map(({ data, size }) => size ?? data?.length ?? 0);
  const tags: (readonly [number, TagValue])[] = [
    [RpmTag.fileModes, { int16: files.map(modeOf) }],
    [RpmTag.fileFlags, { int32: files.map(({ flags = 0 }) => flags) }],
    [RpmTag.fileDevices, { int32: files.map(() => 1) }],
    [RpmTag.fileInodes, { int32: files.map(({ inode }, i) => inode ?? 1000 + i) }],
    format === 6 ? [RpmTag.longFileSizes, { int64: sizes }] : [RpmTag.fileSizes, { int32: sizes }],
  ];
  if (files.some(({ linkTo }) => linkTo !== undefined)) {
    tags.push([RpmTag.fileLinkTos, { strings: files.map(({ linkTo = '' }) => linkTo) }]);
  }
  if (format === 3) {
    tags.push([RpmTag.oldFileNames, { strings: files.map(({ path }) => path) }]);
  } else {
    const directories = [...new Set(files.map(({ path }) => splitPath(path).directory.toString('latin1')))];
    tags.push(
      [RpmTag.dirNames, { strings: directories.map((directory) => Buffer.from(directory, 'latin1')) }],
      [RpmTag.baseNames, { strings: files.map(({ path }) => splitPath(path).base) }],
      [
        RpmTag.dirIndexes,
        { int32: files.map(({ path }) => directories.indexOf(splitPath(path).directory.toString('latin1'))) },
      ],
    );
  }
  if (files.some(({ fileClass }) => fileClass !== undefined)) {
    const classes = [...new Set(files.map(({ fileClass = '' }) => fileClass))];
    tags.push(
      [RpmTag.fileClass, { int32: files.map(({ fileClass = '' }) => classes.indexOf(fileClass)) }],
      [RpmTag.classDict, { strings: classes }],
    );
  }
  if (files.some(({ mimeType }) => mimeType !== undefined)) {
    const types = [...new Set(files.map(({ mimeType = '' }) => mimeType))];
    tags.push(
      [RpmTag.fileMimeIndex, { int32: files.map(({ mimeType = '' }) => types.indexOf(mimeType)) }],
      [RpmTag.mimeDict, { strings: types }],
    );
  }
  return tags;
}

/** RPMFILE_GHOST. */
const GHOST = 64;

/** The payload of these files as rpm would write it. */
export function buildPayload(files: readonly RpmFile[], form: 'newc' | 'crc' | 'stripped'): Uint8Array {
  const entries = files.flatMap((file, i) => {
    if (file.isAbsent === true) return [];
    const links = files.filter(
      ({ inode, flags = 0 }) => inode !== undefined && inode === file.inode && flags !== GHOST,
    );
    const data = links.length > 1 && links.at(-1) !== file ? Buffer.alloc(0) : (file.data ?? Buffer.alloc(0));
    if (form === 'stripped') return [strippedEntry(i, data)];
    return [
      newcEntry({
        name: Buffer.concat([Buffer.from('.'), asBytes(file.path)]),
        data,
        mode: modeOf(file),
        inode: file.inode ?? 1000 + i,
        linkCount: Math.max(1, links.length),
        magic: form === 'crc' ? '070702' : '070701',
      }),
    ];
  });
  return Buffer.concat([...entries, cpioTrailer()]);
}

export function buildRpm(parts: RpmParts): Buffer {
  const { name = 'made', files = [], compression = 'gzip', form = 'newc', format = 4 } = parts;
  const header = buildRpmHeader(
    [
      [RpmTag.name, { string: name }],
      [RpmTag.version, { string: '1.0' }],
      [RpmTag.release, { string: '1.fc40' }],
      [RpmTag.arch, { string: 'x86_64' }],
      parts.isSource === true
        ? [RpmTag.sourcePackage, { int32: [1] }]
        : [RpmTag.sourceRpm, { string: `${name}-1.0-1.fc40.src.rpm` }],
      [RpmTag.payloadFormat, { string: 'cpio' }],
      ...fileTags(files, format),
      ...(parts.extraTags ?? []),
    ],
    format === 3 ? null : 63,
  );
  const payload = parts.rawPayload ?? compress(compression, parts.payload ?? buildPayload(files, form));
  const signatureTags: (readonly [number, TagValue])[] =
    format === 6
      ? [[272, { string: 'a'.repeat(64) }]]
      : [
          [RpmSignatureTag.size, { int32: [header.length + payload.length] }],
          [RpmSignatureTag.md5, { binary: Buffer.alloc(16, 0xab) }],
        ];
  const signature = buildRpmHeader(signatureTags, format === 3 ? null : 62);
  const lead = Buffer.alloc(96);
  lead.set([0xed, 0xab, 0xee, 0xdb, format === 6 ? 4 : 3, 0, 0, parts.isSource === true ? 1 : 0]);
  lead.writeUInt16BE(5, 78);
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8);
  return Buffer.concat([lead, signature, padding, header, payload]);
}
