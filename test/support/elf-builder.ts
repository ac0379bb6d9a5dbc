/** Makes small ELF files, right and wrong ones, of both classes and byte orders. */

export interface ElfSection {
  /** SHT_*: 1 PROGBITS, 7 NOTE, 8 NOBITS. */
  readonly type: number;
  /** SHF_*: 2 ALLOC. */
  readonly flags?: number;
  readonly bytes: Uint8Array;
  readonly align?: number;
  /** Bytes of filling before the section. */
  readonly gap?: number;
}

export interface ElfSegment {
  /** PT_*: 1 LOAD, 4 NOTE. */
  readonly type: number;
  /** Number of the section that it covers, counted from 0; or an offset and a size that may be stale. */
  readonly section?: number;
  readonly offset?: number;
  readonly size?: number;
  readonly align?: number;
}

export interface ElfParts {
  readonly is64?: boolean;
  readonly littleEndian?: boolean;
  /** ET_*: 1 REL, 3 DYN; the latter unless said otherwise. */
  readonly type?: number;
  readonly sections?: readonly ElfSection[];
  readonly segments?: readonly ElfSegment[];
  /** Leave out the section header table, as sstrip does. */
  readonly withoutSectionTable?: boolean;
  /** Put the section header table in front of the sections. */
  readonly sectionTableFirst?: boolean;
  /** Put the program headers behind everything, as patchelf does. */
  readonly segmentsLast?: boolean;
  /** Say the number of sections in section 0, as files with 65280 and more do. */
  readonly extendedNumbering?: boolean;
}

export const SHT_PROGBITS = 1;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHF_ALLOC = 2;
export const ET_REL = 1;
export const PT_LOAD = 1;
export const PT_NOTE = 4;

/** A note; `owner` gets its NUL, name and descriptor are padded to `align`. */
export function elfNote(
  owner: string,
  type: number,
  descriptor: Uint8Array,
  { littleEndian = true, align = 4 }: { littleEndian?: boolean; align?: number } = {},
): Uint8Array {
  const name = Buffer.from(`${owner}\0`, 'latin1');
  const header = Buffer.alloc(12);
  const view = new DataView(header.buffer, header.byteOffset, 12);
  [name.length, descriptor.length, type].forEach((value, i) => {
    view.setUint32(i * 4, value, littleEndian);
  });
  return padTo(Buffer.concat([padTo(Buffer.concat([header, name]), align), descriptor]), align);
}

export function buildIdNote(idHex: string, options?: { littleEndian?: boolean; align?: number }): Uint8Array {
  return elfNote('GNU', 3, Buffer.from(idHex, 'hex'), options);
}

export function padTo(bytes: Uint8Array, align: number): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((align - (bytes.length % align)) % align)]);
}

export function buildElf(parts: ElfParts): Uint8Array {
  const { is64 = true, littleEndian = true, sections = [], segments = [] } = parts;
  const sizes = is64 ? { header: 64, ph: 56, sh: 64 } : { header: 52, ph: 32, sh: 40 };
  const sectionCount = sections.length + 1;
  const tableBytes = parts.withoutSectionTable === true ? 0 : sectionCount * sizes.sh;
  let at = sizes.header;
  const phOffset = segments.length === 0 ? 0 : at;
  if (parts.segmentsLast !== true) at += segments.length * sizes.ph;
  let shOffset = at;
  if (parts.sectionTableFirst === true) at += tableBytes;
  const offsets = sections.map(({ bytes, gap = 0, type }) => {
    const offset = at + gap;
    at = offset + (type === SHT_NOBITS ? 0 : bytes.length);
    return offset;
  });
  if (parts.sectionTableFirst !== true) {
    shOffset = at;
    at += tableBytes;
  }
  const phAt = parts.segmentsLast === true && segments.length > 0 ? at : phOffset;
  if (parts.segmentsLast === true) at += segments.length * sizes.ph;

  const file = Buffer.alloc(at);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const u16 = (offset: number, value: number): void => {
    view.setUint16(offset, value, littleEndian);
  };
  const u32 = (offset: number, value: number): void => {
    view.setUint32(offset, value, littleEndian);
  };
  const word = (offset: number, value: number): void => {
    if (is64) view.setBigUint64(offset, BigInt(value), littleEndian);
    else u32(offset, value);
  };
  file.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, littleEndian ? 1 : 2, 1]);
  u16(16, parts.type ?? 3);
  word(is64 ? 32 : 28, phAt);
  word(is64 ? 40 : 32, parts.withoutSectionTable === true ? 0 : shOffset);
  const tail = is64 ? 52 : 40;
  u16(tail, sizes.header);
  u16(tail + 2, sizes.ph);
  u16(tail + 4, segments.length);
  u16(tail + 6, sizes.sh);
  u16(tail + 8, parts.withoutSectionTable === true || parts.extendedNumbering === true ? 0 : sectionCount);

  segments.forEach((segment, i) => {
    const start = phAt + i * sizes.ph;
    const covered = segment.section === undefined ? undefined : sections[segment.section];
    const offset = segment.section === undefined ? (segment.offset ?? 0) : (offsets[segment.section] ?? 0);
    u32(start, segment.type);
    word(start + (is64 ? 8 : 4), offset);
    word(start + (is64 ? 32 : 16), segment.size ?? covered?.bytes.length ?? 0);
    word(start + (is64 ? 48 : 28), segment.align ?? covered?.align ?? 4);
  });
  sections.forEach((section, i) => {
    if (section.type !== SHT_NOBITS) file.set(section.bytes, offsets[i]);
    if (parts.withoutSectionTable === true) return;
    const start = shOffset + (i + 1) * sizes.sh;
    u32(start + 4, section.type);
    word(start + 8, section.flags ?? 0);
    word(start + (is64 ? 24 : 16), offsets[i] ?? 0);
    word(start + (is64 ? 32 : 20), section.bytes.length);
    word(start + (is64 ? 48 : 32), section.align ?? 4);
  });
  if (parts.extendedNumbering === true) word(shOffset + (is64 ? 32 : 20), sectionCount);
  return file;
}

/** An executable with a build-id, padded to about `bytes`. */
export function simpleElf(idHex: string | null, bytes = 0): Uint8Array {
  const note = idHex === null ? elfNote('GNU', 1, Buffer.alloc(16)) : buildIdNote(idHex);
  return buildElf({
    sections: [
      { type: SHT_NOTE, flags: SHF_ALLOC, bytes: note },
      { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(Math.max(16, bytes)) },
    ],
    segments: [{ type: PT_NOTE, section: 0 }],
  });
}
