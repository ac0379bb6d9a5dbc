import { ByteReader } from '../bytes.ts';
import { FormatError } from '../errors.ts';

/**
 * The ELF header, program headers and section headers, as far as build-ids need them. Both classes and
 * both byte orders. Source: System V ABI, chapters 4 and 5 (gabi), and elf(5) for the numbers.
 */

/** Bytes of the larger of the two ELF headers (64-bit); the 32-bit one has 52. */
export const ELF_HEADER_BYTES = 64;

/** A table whose records are larger than this is no table that any linker made. */
const ENTRY_BYTES_MAX = 256;

const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_PROGBITS = 1;
const SHT_NOTE = 7;
const SHF_ALLOC = 2;

/** A table of records inside the file, in bytes; null in ElfHeader where the file has none. */
export interface ElfTable {
  readonly offset: number;
  readonly entryBytes: number;
  readonly count: number;
}

export interface ElfHeader {
  readonly is64: boolean;
  readonly littleEndian: boolean;
  readonly programHeaders: ElfTable | null;
  /** A count of 0 means that section 0 holds the real one (extended numbering, 65280 sections or more). */
  readonly sectionHeaders: ElfTable | null;
}

export interface ProgramHeader {
  readonly isLoad: boolean;
  readonly isNote: boolean;
  readonly offset: number;
  readonly fileBytes: number;
  readonly align: number;
}

export interface SectionHeader {
  readonly isNote: boolean;
  /** Content that is loaded into memory; a separate debuginfo file has none. */
  readonly isLoadedContent: boolean;
  readonly offset: number;
  readonly bytes: number;
  readonly align: number;
}

/** True for the four bytes that every ELF file starts with. */
export function isElfMagic(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads an ELF header from the first bytes of a file: 52 of them for the 32-bit class, 64 for the other.
 * A table with records of an impossible size is left out. Throws FormatError.
 */
export function parseElfHeader(bytes: Uint8Array): ElfHeader {
  if (!isElfMagic(bytes)) throw new FormatError('ELF', 0, 'the file does not start with 7f 45 4c 46');
  const [elfClass, order] = [bytes[4], bytes[5]];
  if (elfClass !== 1 && elfClass !== 2)
    throw new FormatError('ELF', 4, `class ${String(elfClass)} is unknown`);
  if (order !== 1 && order !== 2) throw new FormatError('ELF', 5, `byte order ${String(order)} is unknown`);
  const is64 = elfClass === 2;
  const littleEndian = order === 1;
  const reader = new ByteReader(bytes, 'ELF', { littleEndian });
  const at = is64 ? { ph: 32, sh: 40, phSize: 54, shSize: 58 } : { ph: 28, sh: 32, phSize: 42, shSize: 46 };
  return {
    is64,
    littleEndian,
    programHeaders: table(reader, is64, at.ph, at.phSize, is64 ? 56 : 32),
    sectionHeaders: table(reader, is64, at.sh, at.shSize, is64 ? 64 : 40),
  };
}

/** Both tables are described alike: an offset, then the bytes of a record, then the count. */
function table(
  reader: ByteReader,
  is64: boolean,
  offsetAt: number,
  sizeAt: number,
  recordBytes: number,
): ElfTable | null {
  const offset = is64 ? reader.u64(offsetAt) : reader.u32(offsetAt);
  const entryBytes = reader.u16(sizeAt);
  const count = reader.u16(sizeAt + 2);
  if (offset === 0 || entryBytes < recordBytes || entryBytes > ENTRY_BYTES_MAX) return null;
  return { offset, entryBytes, count };
}

/** Reads one record of the program header table. Throws FormatError. */
export function parseProgramHeader(header: ElfHeader, bytes: Uint8Array): ProgramHeader {
  const reader = new ByteReader(bytes, 'ELF program header', header);
  const type = reader.u32(0);
  return {
    isLoad: type === PT_LOAD,
    isNote: type === PT_NOTE,
    offset: header.is64 ? reader.u64(8) : reader.u32(4),
    fileBytes: header.is64 ? reader.u64(32) : reader.u32(16),
    align: header.is64 ? reader.u64(48) : reader.u32(28),
  };
}

/** Reads one record of the section header table. Throws FormatError. */
export function parseSectionHeader(header: ElfHeader, bytes: Uint8Array): SectionHeader {
  const reader = new ByteReader(bytes, 'ELF section header', header);
  const type = reader.u32(4);
  // SHF_ALLOC is in the low half of 64-bit flags, whose high half may be anything.
  const flags = reader.u32(header.is64 && !header.littleEndian ? 12 : 8);
  const bytesInFile = header.is64 ? reader.u64(32) : reader.u32(20);
  return {
    isNote: type === SHT_NOTE,
    isLoadedContent: type === SHT_PROGBITS && (flags & SHF_ALLOC) !== 0 && bytesInFile > 0,
    offset: header.is64 ? reader.u64(24) : reader.u32(16),
    bytes: bytesInFile,
    align: header.is64 ? reader.u64(48) : reader.u32(32),
  };
}
