import assert from 'node:assert/strict';
import { ElfScanner } from '../../../shared/elf/scanner.ts';
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
} from '../../support/elf-builder.ts';
import { elfFields } from '../fields.ts';
import { mutated, pushMutant } from '../mutations.ts';
import type { Mutant } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const ID = '00112233445566778899aabbccddeeff01234567';

/** Programs, objects, debuginfo, and files whose tables lie where they seldom do. */
function elfFiles(is64: boolean, littleEndian: boolean): Uint8Array[] {
  const note = buildIdNote(ID, { littleEndian });
  const code = { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(20) };
  const notes = { type: SHT_NOTE, flags: SHF_ALLOC, bytes: note };
  const several = Buffer.concat([elfNote('GNU', 1, Buffer.alloc(16), { littleEndian }), note, note]);
  const parts = { is64, littleEndian };
  return [
    buildElf({
      ...parts,
      sections: [{ ...notes, align: 8 }, code],
      segments: [
        { type: PT_NOTE, section: 0 },
        { type: PT_LOAD, section: 1 },
      ],
      extendedNumbering: is64,
    }),
    buildElf({ ...parts, sections: [notes, code], sectionTableFirst: true }),
    buildElf({
      ...parts,
      sections: [code, { ...notes, bytes: several }],
      segments: [{ type: PT_NOTE, section: 1, align: 8 }],
      segmentsLast: true,
    }),
    buildElf({
      ...parts,
      sections: [notes, { type: SHT_NOBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(100) }],
      segments: [{ type: PT_NOTE, offset: 4000, size: 36 }],
    }),
    buildElf({
      ...parts,
      sections: [notes],
      segments: [{ type: PT_NOTE, section: 0 }],
      withoutSectionTable: true,
    }),
  ];
}

/** Notes in the middle, which the table at the end tells of when they have passed. */
const lateNotes = buildElf({
  sections: [
    { type: SHT_NOTE, flags: SHF_ALLOC, bytes: buildIdNote(ID), gap: 70_000 },
    { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(20) },
  ],
});

/** More sections of notes than are followed, each over the other. */
const manyNotes = buildElf({
  sections: Array.from({ length: 1500 }, () => ({ type: SHT_NOTE, bytes: buildIdNote(ID), align: 8 })),
  segments: Array.from({ length: 40 }, (_, section) => ({ type: PT_NOTE, section })),
});

const files = [true, false].flatMap((is64) => [true, false].flatMap((order) => elfFiles(is64, order)));
/** The small ones come up more often. */
const samples = [...Array.from({ length: 12 }, () => files).flat(), lateNotes, manyNotes].map((bytes) => ({
  bytes,
  fields: elfFields(bytes),
}));

export const elf: FuzzTarget = {
  name: 'elf',
  share: 240,
  open: (): OpenTarget<Mutant> => {
    const scanner = new ElfScanner();
    return {
      inputs: mutated(samples),
      errors: [],
      mayAllocate: allowance(4),
      read: (mutant) => {
        scanner.start();
        pushMutant(scanner, mutant);
        const first = scanner.end();
        if (!first.isElf) return;
        if (first.buildId !== null) assert.match(first.buildId, /^(?:[0-9a-f]{2}){2,64}$/);
        if (first.missed.length === 0) return;
        scanner.start(first.missed);
        pushMutant(scanner, mutant);
        assert.equal(scanner.end().isElf, true, 'the second pass tells something else than the first');
      },
    };
  },
};
