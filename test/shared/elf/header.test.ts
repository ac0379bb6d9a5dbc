import { expect, test } from '@jest/globals';
import { FormatError } from '../../../shared/errors.ts';
import { parseElfHeader, parseProgramHeader, parseSectionHeader } from '../../../shared/elf/header.ts';
import { buildElf, PT_LOAD, SHF_ALLOC, SHT_NOTE, SHT_PROGBITS } from '../../support/elf-builder.ts';

const sections = [
  { type: SHT_NOTE, bytes: Buffer.alloc(24), align: 8 },
  { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(100) },
];
const segments = [{ type: PT_LOAD, section: 1, align: 4096 }];

test.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('reads headers and tables (64-bit %s, little-endian %s)', (is64, littleEndian) => {
  const file = buildElf({ is64, littleEndian, sections, segments });
  const header = parseElfHeader(file);
  expect(header).toMatchObject({ is64, littleEndian });
  expect(header.programHeaders).toEqual({ offset: is64 ? 64 : 52, entryBytes: is64 ? 56 : 32, count: 1 });
  expect(header.sectionHeaders?.count).toBe(3);
  const { offset: ph } = header.programHeaders ?? { offset: 0 };
  const { offset: sh, entryBytes } = header.sectionHeaders ?? { offset: 0, entryBytes: 0 };
  expect(parseProgramHeader(header, file.subarray(ph))).toMatchObject({
    isLoad: true,
    isNote: false,
    fileBytes: 100,
    align: 4096,
  });
  expect(parseSectionHeader(header, file.subarray(sh + entryBytes))).toMatchObject({
    isNote: true,
    isLoadedContent: false,
    bytes: 24,
    align: 8,
  });
  expect(parseSectionHeader(header, file.subarray(sh + 2 * entryBytes))).toMatchObject({
    isNote: false,
    isLoadedContent: true,
  });
});

test('leaves out tables with records of an impossible size', () => {
  const file = Buffer.from(buildElf({ sections, segments }));
  file.writeUInt16LE(8, 54);
  file.writeUInt16LE(300, 58);
  expect(parseElfHeader(file)).toMatchObject({ programHeaders: null, sectionHeaders: null });
});

test('names the format and the offset of what is wrong', () => {
  expect(() => parseElfHeader(Buffer.from('MZ'))).toThrow(FormatError);
  expect(() => parseElfHeader(buildElf({}).subarray(0, 60))).toThrow(/^ELF at offset 60: 2 bytes are needed/);
});
