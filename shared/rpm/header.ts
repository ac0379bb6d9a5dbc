import { ByteReader } from '../bytes.ts';
import { DarkserverError } from '../errors.ts';
import { decodeRpmText } from './text.ts';

/**
 * The header structure, which an RPM holds twice: first the signature header, then the header proper.
 * Source: rpm's docs/manual/format_header.md; the limits are those of lib/header.cc.
 */

/** Magic, four reserved bytes, the number of index entries, the bytes of data. */
export const RPM_HEADER_INTRO_BYTES = 16;
const ENTRY_BYTES = 16;

/** rpm's limits: HEADER_TAGS_MAX, HEADER_DATA_MAX, HEADER_ARRAY_MAX, and those of the signature header. */
const TAGS_MAX = 0xffff;
const DATA_MAX = 0x0fffffff;
const ARRAY_MAX = 0xfffff;
const SIGNATURE_TAGS_MAX = 32;
const SIGNATURE_DATA_MAX = 64 * 1024 * 1024;

/**
 * Ours: a header is held in memory whole, and several packages are read at a time. The largest header
 * known has 2 MB; a million files with long names and digests would need some 150.
 */
const RPM_HEADER_BYTES_MAX = 64 * 1024 * 1024;

/** NAME_MAX of Linux: name, version, release and arch are parts of a file's name. They go into messages and keys. */
const SHORT_STRING_BYTES_MAX = 255;

/** Types of values by their numbers; the bytes of one value, 0 for strings, which end with a NUL. */
const TYPE_BYTES: readonly (number | undefined)[] = [undefined, 1, 1, 2, 4, 8, 0, 1, 0, 0];
const TYPE_STRING = 6;
const TYPE_BIN = 7;

/** Tags of regions, and their type and count. */
const REGION_SIGNATURES = 62;
const REGION_IMMUTABLE = 63;
/** Old packages have this in the trailer of the signature header's region. */
const REGION_IMAGE = 61;
const FIRST_PLAIN_TAG = 100;

export type RpmHeaderKind = 'signature' | 'header';

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** Values of an integer tag. */
export type RpmIntegers = Uint16Array | Uint32Array | Float64Array;

/** The strings of a tag: views into the header, since most are never looked at. */
export class RpmStrings {
  readonly #bytes: Uint8Array;
  /** Where each string starts, and where one more would. */
  readonly #starts: Uint32Array;

  constructor(bytes: Uint8Array, starts: Uint32Array) {
    this.#bytes = bytes;
    this.#starts = starts;
  }

  get length(): number {
    return this.#starts.length - 1;
  }

  /** Bytes of a string without its NUL; 0 where there is none of this number. */
  byteLength(index: number): number {
    const end = this.#starts[index + 1];
    return end === undefined ? 0 : end - 1 - (this.#starts[index] ?? 0);
  }

  /** As a string's startsWith, for ASCII, without making a view: each file of each package is asked several times. */
  startsWith(index: number, prefix: string): boolean {
    return this.byteLength(index) >= prefix.length && this.#holds(this.#starts[index] ?? 0, prefix);
  }

  /** As startsWith. */
  endsWith(index: number, suffix: string): boolean {
    const at = (this.#starts[index + 1] ?? 0) - 1 - suffix.length;
    return this.byteLength(index) >= suffix.length && this.#holds(at, suffix);
  }

  #holds(at: number, text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** A string without its NUL; empty where there is none of this number. */
  bytes(index: number): Uint8Array {
    const end = this.#starts[index + 1];
    return end === undefined
      ? this.#bytes.subarray(0, 0)
      : this.#bytes.subarray(this.#starts[index], end - 1);
  }
}

/**
 * Reads the intro: how many bytes of index and data follow it. Throws FormatError, and `limit` for a
 * header that rpm allows and that is larger than RPM_HEADER_BYTES_MAX.
 */
export function parseRpmHeaderIntro(bytes: Uint8Array, kind: RpmHeaderKind, base: number): number {
  const reader = new ByteReader(bytes, formatName(kind), { littleEndian: false, base });
  if (reader.u32(0) !== 0x8eade801) {
    throw reader.error(0, `8eade801 is missing, found ${reader.u32(0).toString(16).padStart(8, '0')}`);
  }
  const tags = reader.u32(8);
  const dataBytes = reader.u32(12);
  const [tagsMax, dataMax] =
    kind === 'signature' ? [SIGNATURE_TAGS_MAX, SIGNATURE_DATA_MAX] : [TAGS_MAX, DATA_MAX];
  if (tags > tagsMax) throw reader.error(8, `${tags} tags are more than the ${tagsMax} that rpm allows`);
  if (dataBytes > dataMax) {
    throw reader.error(12, `${dataBytes} bytes of data are more than the ${dataMax} that rpm allows`);
  }
  const bodyBytes = tags * ENTRY_BYTES + dataBytes;
  if (bodyBytes > RPM_HEADER_BYTES_MAX) {
    throw new DarkserverError(
      'limit',
      `${formatName(kind)} at offset ${base}: it has ${bodyBytes} bytes, and at most ${RPM_HEADER_BYTES_MAX} are read`,
    );
  }
  return bodyBytes;
}

/** Bytes of padding behind a signature header of this size, intro included: the header proper is aligned to 8. */
export function signaturePadding(bytes: number): number {
  return (8 - (bytes % 8)) % 8;
}

/** Tags and their values. Values are looked at when they are asked for; all of the methods throw FormatError. */
export class RpmHeader {
  readonly #reader: ByteReader;
  readonly #dataStart: number;
  readonly #entries = new Map<number, Entry>();

  /** `bytes` is the header with its intro, `base` its offset in the file. Throws FormatError. */
  constructor(bytes: Uint8Array, kind: RpmHeaderKind, base: number) {
    // A plain one: parts of node's Buffer, of which there are some for each file, cost several times as much to make.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#reader = new ByteReader(plain, formatName(kind), { littleEndian: false, base });
    const tags = this.#reader.u32(8);
    this.#dataStart = RPM_HEADER_INTRO_BYTES + tags * ENTRY_BYTES;
    if (this.#dataStart > bytes.length) {
      throw this.#reader.error(8, `an index of ${tags} entries does not fit into ${bytes.length} bytes`);
    }
    for (let i = 0; i < tags; i++) this.#readEntry(RPM_HEADER_INTRO_BYTES + i * ENTRY_BYTES, i, tags, kind);
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** A short string (names, versions and the like), or the first of several. */
  string(tag: number): string | null {
    const strings = this.strings(tag);
    if (strings === null) return null;
    const bytes = strings.byteLength(0);
    if (bytes <= SHORT_STRING_BYTES_MAX) return decodeRpmText(strings.bytes(0));
    throw this.error(`tag ${tag} is a string of ${bytes} bytes, more than ${SHORT_STRING_BYTES_MAX}`);
  }

  strings(tag: number): RpmStrings | null {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return null;
    if (TYPE_BYTES[entry.type] !== 0) throw this.#wrongType(tag, entry, 'strings');
    const { bytes } = this.#reader;
    const starts = new Uint32Array(entry.count + 1);
    starts[0] = this.#dataStart + entry.offset;
    for (let i = 0; i < entry.count; i++) {
      const at = starts[i] ?? 0;
      // Most are shorter than what calling indexOf takes.
      let end = at;
      while (bytes[end] !== 0) {
        if (end++ === bytes.length) throw this.#reader.error(at, `string ${i} of tag ${tag} has no end`);
      }
      starts[i + 1] = end + 1;
    }
    return new RpmStrings(bytes, starts);
  }

  /** The integers of a tag, unsigned. */
  integers(tag: number): RpmIntegers | null {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return null;
    const width = TYPE_BYTES[entry.type] ?? 0;
    if (width === 0 || entry.type === TYPE_BIN) throw this.#wrongType(tag, entry, 'integers');
    const start = this.#dataStart + entry.offset;
    const { bytes } = this.#reader;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, entry.count * width);
    if (width === 8) {
      const values = new Float64Array(entry.count);
      for (let i = 0; i < entry.count; i++) values[i] = this.#reader.u64(start + i * 8);
      return values;
    }
    if (width === 4) {
      const values = new Uint32Array(entry.count);
      for (let i = 0; i < entry.count; i++) values[i] = view.getUint32(i * 4);
      return values;
    }
    const values = new Uint16Array(entry.count);
    for (let i = 0; i < entry.count; i++) values[i] = width === 2 ? view.getUint16(i * 2) : view.getUint8(i);
    return values;
  }

  /** One integer, or the first of several. */
  integer(tag: number): number | null {
    return this.integers(tag)?.[0] ?? null;
  }

  /** A tag's bytes as they are, a view into the header. */
  binary(tag: number): Uint8Array | null {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return null;
    if (entry.type !== TYPE_BIN) throw this.#wrongType(tag, entry, 'bytes');
    return this.#reader.slice(this.#dataStart + entry.offset, entry.count);
  }

  error(message: string): DarkserverError {
    return this.#reader.error(0, message);
  }

  #readEntry(at: number, index: number, tags: number, kind: RpmHeaderKind): void {
    const reader = this.#reader;
    const tag = reader.u32(at);
    const entry: Entry = { type: reader.u32(at + 4), offset: reader.u32(at + 8), count: reader.u32(at + 12) };
    const dataBytes = reader.length - this.#dataStart;
    const width = TYPE_BYTES[entry.type];
    if (width === undefined) throw reader.error(at, `tag ${tag} has the unknown type ${entry.type}`);
    const least = entry.count * Math.max(width, 1);
    if (entry.count < 1 || entry.offset + least > dataBytes) {
      const range = `${entry.count} values at offset ${entry.offset}`;
      throw reader.error(at, `tag ${tag} has ${range}, which the ${dataBytes} bytes of data do not hold`);
    }
    if (entry.type !== TYPE_BIN && entry.count > ARRAY_MAX) {
      throw reader.error(
        at,
        `tag ${tag} has ${entry.count} values, more than the ${ARRAY_MAX} that rpm allows`,
      );
    }
    if (entry.type === TYPE_STRING && entry.count !== 1) {
      throw reader.error(at, `tag ${tag} is one string, and has the count ${entry.count}`);
    }
    if (tag < FIRST_PLAIN_TAG) this.#checkRegion(at, index, tag, entry, tags, kind);
    // Entries behind the region ("dribbles") replace entries in it, so that the last of a tag counts.
    else this.#entries.set(tag, entry);
  }

  /**
   * A region says which entries are as they were when the package was built. All of them are read alike
   * here; a region that does not fit its header tells of a broken one.
   */
  #checkRegion(
    at: number,
    index: number,
    tag: number,
    entry: Entry,
    tags: number,
    kind: RpmHeaderKind,
  ): void {
    const isRegion = tag === REGION_SIGNATURES || tag === REGION_IMMUTABLE || tag === REGION_IMAGE;
    if (!isRegion || index !== 0) throw this.#reader.error(at, `tag ${tag} has no place here`);
    if (entry.type !== TYPE_BIN || entry.count !== ENTRY_BYTES) {
      throw this.#reader.error(
        at,
        `region ${tag} has type ${entry.type} and ${entry.count} bytes, not 7 and 16`,
      );
    }
    const trailer = this.#dataStart + entry.offset;
    const trailerTag = this.#reader.u32(trailer);
    const isOldTrailer = kind === 'signature' && trailerTag === REGION_IMAGE;
    const regionBytes = -(this.#reader.u32(trailer + 8) | 0);
    if ((trailerTag !== tag && !isOldTrailer) || regionBytes < 0 || regionBytes > tags * ENTRY_BYTES) {
      throw this.#reader.error(trailer, `the trailer of region ${tag} is broken`);
    }
  }

  #wrongType(tag: number, entry: Entry, wanted: string): DarkserverError {
    return this.#reader.error(
      this.#dataStart + entry.offset,
      `tag ${tag} has type ${entry.type}, not ${wanted}`,
    );
  }
}

function formatName(kind: RpmHeaderKind): string {
  return kind === 'signature' ? 'RPM signature header' : 'RPM header';
}
