import { describe, expect, test } from '@jest/globals';
import { ElfScanner } from '../../../shared/elf/scanner.ts';
import type { ElfScan } from '../../../shared/elf/scanner.ts';
import type { ByteRange } from '../../../shared/elf/file-range.ts';
import {
  buildElf,
  buildIdNote,
  elfNote,
  PT_LOAD,
  PT_NOTE,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PROGBITS,
  simpleElf,
} from '../../support/elf-builder.ts';

const ID = '00112233445566778899aabbccddeeff01234567';
const OTHER_ID = 'ffffffffffffffffffffffffffffffffffffffff';
const CODE = { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(64, 0x90) };

function scan(bytes: Uint8Array, pieceBytes = bytes.length, knownRanges: readonly ByteRange[] = []): ElfScan {
  const scanner = new ElfScanner();
  scanner.start(knownRanges);
  for (let at = 0; at < bytes.length; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
  return scanner.end();
}

function buildIdOf(bytes: Uint8Array, pieceBytes?: number): string | null {
  const result = scan(bytes, pieceBytes);
  return result.isElf ? result.buildId : null;
}

describe.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('64-bit %s, little-endian %s', (is64, littleEndian) => {
  const note = buildIdNote(ID, { littleEndian });

  test('finds a build-id by section and by segment, in pieces of every size', () => {
    const file = buildElf({
      is64,
      littleEndian,
      sections: [{ type: SHT_NOTE, flags: SHF_ALLOC, bytes: note }, CODE],
      segments: [{ type: PT_NOTE, section: 0 }],
    });
    for (const pieceBytes of [1, 3, 11, 64, 1000]) {
      expect(scan(file, pieceBytes)).toEqual({ isElf: true, buildId: ID, kind: 'executable', missed: [] });
    }
  });

  test('finds it by section alone (relocatable objects) and by segment alone (sstrip)', () => {
    const sections = [{ type: SHT_NOTE, flags: SHF_ALLOC, bytes: note }, CODE];
    expect(buildIdOf(buildElf({ is64, littleEndian, sections }))).toBe(ID);
    const segments = [
      { type: PT_LOAD, section: 1 },
      { type: PT_NOTE, section: 0 },
    ];
    expect(scan(buildElf({ is64, littleEndian, sections, segments, withoutSectionTable: true }))).toEqual({
      isElf: true,
      buildId: ID,
      kind: 'executable',
      missed: [],
    });
  });

  test('reads the number of sections where files with very many have it', () => {
    const sections = [CODE, { type: SHT_NOTE, flags: SHF_ALLOC, bytes: note }];
    const file = buildElf({ is64, littleEndian, sections, extendedNumbering: true });
    expect(buildIdOf(file, 7)).toBe(ID);
  });

  test('calls a file without loaded content debuginfo', () => {
    const file = buildElf({
      is64,
      littleEndian,
      sections: [
        { type: SHT_NOTE, flags: SHF_ALLOC, bytes: note },
        { type: SHT_NOBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(64) },
        { type: SHT_PROGBITS, bytes: Buffer.alloc(64) },
      ],
    });
    expect(scan(file)).toMatchObject({ buildId: ID, kind: 'debuginfo' });
  });
});

test.each([2, 8, 16, 20, 32, 64])('takes ids of %i bytes', (bytes) => {
  const id = 'ab'.repeat(bytes);
  expect(buildIdOf(simpleElf(id))).toBe(id);
});

test.each([1, 65])('leaves ids of %i bytes alone', (bytes) => {
  expect(scan(simpleElf('ab'.repeat(bytes)))).toMatchObject({ isElf: true });
});

test('notes of other owners and types are passed over, those with long names and descriptors too', () => {
  const notes = Buffer.concat([
    elfNote('GNU', 1, Buffer.alloc(16)),
    elfNote('Go', 3, Buffer.from(OTHER_ID, 'hex')),
    elfNote('a-longer-owner', 3, Buffer.alloc(5000)),
    elfNote('GNU', 5, Buffer.alloc(4096)),
    buildIdNote(ID),
  ]);
  const file = buildElf({ sections: [{ type: SHT_NOTE, bytes: notes }, CODE] });
  for (const pieceBytes of [1, 17, 4096]) expect(buildIdOf(file, pieceBytes)).toBe(ID);
});

test('notes padded to 8 bytes are read where the section is aligned to 8', () => {
  const notes = Buffer.concat([
    elfNote('GNU', 5, Buffer.alloc(12), { align: 8 }),
    buildIdNote(ID, { align: 8 }),
  ]);
  expect(buildIdOf(buildElf({ sections: [{ type: SHT_NOTE, bytes: notes, align: 8 }, CODE] }))).toBe(ID);
});

test('a segment aligned to 8 may hold notes padded to 4, as some linkers made them', () => {
  const notes = Buffer.concat([elfNote('GNU', 5, Buffer.alloc(20)), buildIdNote(ID)]);
  const file = buildElf({
    sections: [{ type: SHT_NOTE, bytes: notes }],
    segments: [{ type: PT_NOTE, section: 0, align: 8 }],
    withoutSectionTable: true,
  });
  expect(buildIdOf(file)).toBe(ID);
});

test('sections win over segments, whose offsets are stale in separate debuginfo files', () => {
  const decoy = buildIdNote(OTHER_ID);
  const file = buildElf({
    sections: [
      { type: SHT_PROGBITS, bytes: decoy },
      { type: SHT_NOTE, flags: SHF_ALLOC, bytes: buildIdNote(ID) },
    ],
    segments: [{ type: PT_NOTE, section: 0 }],
  });
  expect(scan(file)).toMatchObject({ buildId: ID, kind: 'debuginfo' });
});

test('a stale segment that begins before the section does not hide it (Fedora 30, hello.debug)', () => {
  // The segment covers the section's bytes from four bytes before its start, so that no note fits.
  const file = buildElf({
    sections: [{ type: SHT_NOTE, flags: SHF_ALLOC, bytes: buildIdNote(ID), gap: 28 }],
    segments: [{ type: PT_NOTE, offset: 64 + 56 + 24, size: 68 }],
  });
  expect(buildIdOf(file)).toBe(ID);
});

test('the table of sections may come first, and the program headers last', () => {
  const sections = [CODE, { type: SHT_NOTE, bytes: buildIdNote(ID), gap: 200_000 }];
  expect(buildIdOf(buildElf({ sections, sectionTableFirst: true }), 4096)).toBe(ID);
  const segments = [{ type: PT_NOTE, section: 0 }];
  const small = [{ type: SHT_NOTE, bytes: buildIdNote(ID) }, CODE];
  const file = buildElf({ sections: small, segments, segmentsLast: true, withoutSectionTable: true });
  expect(buildIdOf(file, 50)).toBe(ID);
});

test('a note far into the file is found in one pass if a segment tells of it', () => {
  const file = buildElf({
    sections: [CODE, { type: SHT_NOTE, flags: SHF_ALLOC, bytes: buildIdNote(ID), gap: 300_000 }],
    segments: [{ type: PT_NOTE, section: 1 }],
  });
  expect(buildIdOf(file, 65_536)).toBe(ID);
});

test('a note that only the table at the end tells of is missed, and found by a second pass', () => {
  const file = buildElf({
    sections: [CODE, { type: SHT_NOTE, bytes: buildIdNote(ID), gap: 300_000 }, { ...CODE, gap: 100_000 }],
    segments: [{ type: PT_LOAD, section: 0 }],
  });
  for (const pieceBytes of [1000, 65_536]) {
    const first = scan(file, pieceBytes);
    expect(first).toMatchObject({ isElf: true, buildId: null });
    const missed = first.isElf ? first.missed : [];
    expect(missed).toHaveLength(1);
    expect(scan(file, pieceBytes, missed)).toMatchObject({ buildId: ID, kind: 'executable' });
  }
});

describe('relocatable objects with their notes behind the code (modules of Linux 6.12)', () => {
  const late = (gap: number, note = buildIdNote(ID)): Uint8Array =>
    buildElf({ sections: [CODE, { type: SHT_NOTE, bytes: note, gap }, { ...CODE, gap: 100_000 }] });

  test('are read in one pass, wherever the note lies', () => {
    for (let shift = 0; shift < 100; shift++) expect(buildIdOf(late(66_000 + shift), 4096)).toBe(ID);
    for (const pieceBytes of [1, 5, 79, 80, 81, 65_536]) expect(buildIdOf(late(70_000), pieceBytes)).toBe(ID);
  });

  test('have ids of every length', () => {
    for (const bytes of [2, 20, 64]) {
      const id = 'cd'.repeat(bytes);
      expect(buildIdOf(late(300_000, buildIdNote(id)), 100)).toBe(id);
    }
  });

  test('are not taken in by the same bytes elsewhere', () => {
    const decoy = { type: SHT_PROGBITS, bytes: buildIdNote(OTHER_ID), gap: 80_000 };
    const note = { type: SHT_NOTE, bytes: buildIdNote(ID), gap: 80_000 };
    expect(buildIdOf(buildElf({ sections: [CODE, decoy, note, decoy, CODE] }), 4096)).toBe(ID);
    expect(buildIdOf(buildElf({ sections: [CODE, decoy, CODE] }), 4096)).toBeNull();
    const shifted = Buffer.concat([Buffer.from('xy'), buildIdNote(OTHER_ID)]);
    const notes = { type: SHT_NOTE, bytes: shifted, gap: 80_000 };
    const file = buildElf({ sections: [CODE, notes, { ...CODE, gap: 80_000 }] });
    expect(scan(file, 4096)).toMatchObject({ buildId: null, missed: [expect.anything()] });
  });
});

test('nothing is missed in a file that has another build-id', () => {
  const file = buildElf({
    sections: [
      { type: SHT_NOTE, bytes: buildIdNote(ID) },
      { type: SHT_NOTE, bytes: elfNote('GNU', 1, Buffer.alloc(16)), gap: 300_000 },
      { ...CODE, gap: 100_000 },
    ],
  });
  expect(scan(file, 65_536)).toMatchObject({ buildId: ID, missed: [] });
});

test.each([
  ['nothing', ''],
  ['a script', '#!/bin/sh\n'],
  ['the magic alone', '\x7fELF'],
  ['an unknown class', `\x7fELF\x03\x01${'\0'.repeat(60)}`],
  ['an unknown byte order', `\x7fELF\x02\x03${'\0'.repeat(60)}`],
])('%s is no ELF file', (_, text) => {
  expect(scan(Buffer.from(text, 'latin1'))).toEqual({ isElf: false });
});

test('a file that was cut off anywhere has its build-id or none, and never an error', () => {
  const file = simpleElf(ID, 500);
  for (let length = 0; length < file.length; length++) {
    const result = scan(file.subarray(0, length), 64);
    if (result.isElf) expect([ID, null]).toContain(result.buildId);
  }
});

test('tables and notes that lie outside of every file are passed over', () => {
  const huge = Number.MAX_SAFE_INTEGER;
  const file = Buffer.from(
    buildElf({
      sections: [{ type: SHT_NOTE, bytes: buildIdNote(ID) }],
      segments: [
        { type: PT_NOTE, offset: huge - 10, size: huge },
        { type: PT_NOTE, offset: 10, size: huge },
        { type: PT_NOTE, section: 0 },
      ],
    }),
  );
  expect(buildIdOf(file)).toBe(ID);
  file.writeBigUInt64LE(2n ** 64n - 1n, 32);
  expect(buildIdOf(file)).toBeNull();
});

test('thousands of ranges over the same bytes do not make the scanner read them thousands of times', () => {
  const sections = Array.from({ length: 3000 }, () => ({ type: SHT_NOTE, bytes: buildIdNote(OTHER_ID) }));
  const file = Buffer.from(buildElf({ sections, sectionTableFirst: true }));
  // Every section is made to cover the whole file, which goes on with 16 MiB of the smallest notes.
  const filling = Buffer.alloc(16 * 1024 * 1024);
  const table = Number(file.readBigUInt64LE(40));
  for (let i = 1; i <= sections.length; i++) {
    file.writeBigUInt64LE(0n, table + i * 64 + 24);
    file.writeBigUInt64LE(BigInt(file.length + filling.length), table + i * 64 + 32);
  }
  // Without a bound this takes minutes, and the test's time runs out.
  expect(scan(Buffer.concat([file, filling]), 65_536)).toMatchObject({ isElf: true });
});
