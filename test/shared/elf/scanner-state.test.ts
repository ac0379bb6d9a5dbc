import { expect, test } from '@jest/globals';
import { ElfScanner } from '../../../shared/elf/scanner.ts';
import { buildElf, buildIdNote, PT_LOAD, PT_NOTE, SHT_NOTE, simpleElf } from '../../support/elf-builder.ts';

const ID = '00112233445566778899aabbccddeeff01234567';
const OTHER_ID = 'ffffffffffffffffffffffffffffffffffffffff';

test('a scanner that knows that a file is not ELF says so before its end', () => {
  const scanner = new ElfScanner();
  scanner.start();
  scanner.push(Buffer.from('#!/'));
  expect(scanner.isDone).toBe(false);
  scanner.push(Buffer.from('bin/sh'));
  expect(scanner.isDone).toBe(true);
});

test('one scanner serves many files and carries nothing over', () => {
  const scanner = new ElfScanner();
  for (const [file, buildId] of [
    [simpleElf(ID), ID],
    [simpleElf(null), null],
    [simpleElf(OTHER_ID), OTHER_ID],
  ] as const) {
    scanner.start();
    scanner.push(file);
    expect(scanner.end()).toMatchObject({ isElf: true, buildId });
  }
});

test('sections of one file say nothing of the next', () => {
  const notes = Buffer.concat([buildIdNote(ID), buildIdNote(OTHER_ID)]);
  const segments = [{ type: PT_NOTE, section: 0 }];
  const second = buildElf({
    sections: [{ type: SHT_NOTE, bytes: notes }],
    segments,
    withoutSectionTable: true,
  });
  const first = buildElf({
    sections: [{ type: SHT_NOTE, bytes: buildIdNote(OTHER_ID), gap: 36 }],
    segments: [{ type: PT_LOAD }],
  });
  const scanner = new ElfScanner();
  for (const [file, buildId] of [
    [first, OTHER_ID],
    [second, ID],
  ] as const) {
    scanner.start();
    scanner.push(file);
    expect(scanner.end()).toMatchObject({ buildId });
  }
});
