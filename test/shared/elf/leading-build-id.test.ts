import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leadingBuildId } from '../../../shared/elf/leading-build-id.ts';
import {
  buildElf,
  buildIdNote,
  elfNote,
  ET_REL,
  SHF_ALLOC,
  SHT_NOTE,
  SHT_PROGBITS,
} from '../../support/elf-builder.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';

interface Form {
  readonly is64: boolean;
  readonly littleEndian: boolean;
}

const object = (form: Form, notes: readonly Uint8Array[], type = ET_REL): Uint8Array =>
  buildElf({
    ...form,
    type,
    sections: [
      ...notes.map((bytes) => ({ type: SHT_NOTE, flags: SHF_ALLOC, bytes })),
      { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(100, 0x90) },
    ],
  });

const FORMS: Form[] = [true, false].flatMap((is64) => [
  { is64, littleEndian: true },
  { is64, littleEndian: false },
]);
const X86 = { is64: true, littleEndian: true };

test.each(FORMS)('the note behind the ELF header has it (%o)', (form) => {
  expect(leadingBuildId(object(form, [buildIdNote(ID, form)]))).toBe(ID);
});

test.each(FORMS)('other notes may come first (%o)', (form) => {
  const notes = [
    elfNote('GNU', 5, Buffer.alloc(16), form),
    elfNote('Linux', 0x101, Buffer.from([1]), form),
    buildIdNote(ID, form),
  ];
  expect(leadingBuildId(object(form, notes))).toBe(ID);
});

test('anything else says nothing', () => {
  const note = buildIdNote(ID);
  const EXEC_DYN = 3;
  expect(leadingBuildId(object(X86, [note], EXEC_DYN))).toBeNull();
  expect(leadingBuildId(object(X86, [Buffer.alloc(64), note]))).toBeNull();
  expect(leadingBuildId(object(X86, []))).toBeNull();
  expect(leadingBuildId(object(X86, [elfNote('GNU', 3, Buffer.alloc(65))]))).toBeNull();
  expect(leadingBuildId(object(X86, [elfNote('XYZ', 3, Buffer.alloc(20))]))).toBeNull();
  expect(
    leadingBuildId(
      object(
        X86,
        Array.from({ length: 9 }, () => elfNote('A', 9, Buffer.alloc(0))),
      ),
    ),
  ).toBeNull();
  expect(leadingBuildId(Buffer.from('no ELF file'))).toBeNull();
});

test('a start that ends too early says nothing, and nothing is read behind it', () => {
  const file = object(X86, [buildIdNote(ID)]);
  for (let bytes = 0; bytes < 64 + 36; bytes++) expect(leadingBuildId(file.subarray(0, bytes))).toBeNull();
  expect(leadingBuildId(file.subarray(0, 64 + 36))).toBe(ID);
});

test('whatever the bytes, it answers', () => {
  const file = object(X86, [elfNote('GNU', 5, Buffer.alloc(16)), buildIdNote(ID)]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(140), fc.nat(255)), { maxLength: 4 }),
      fc.nat(160),
      (changes, length) => {
        const bytes = Uint8Array.from(file.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        expect(leadingBuildId(bytes) ?? ID).toMatch(/^[0-9a-f]+$/);
      },
    ),
    { seed: 1, numRuns: 5000 },
  );
});
