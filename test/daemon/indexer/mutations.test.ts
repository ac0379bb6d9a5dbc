import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CpioParser } from '../../../shared/cpio/parser.ts';
import { ElfScanner } from '../../../shared/elf/scanner.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import { RpmFileList } from '../../../shared/rpm/files.ts';
import { RpmHeader } from '../../../shared/rpm/header.ts';
import { newcPayload, strippedEntry } from '../../support/cpio-builder.ts';
import {
  buildElf,
  buildIdNote,
  PT_NOTE,
  SHF_ALLOC,
  SHT_NOTE,
  SHT_PROGBITS,
  simpleElf,
} from '../../support/elf-builder.ts';
import { mutated, SEED } from '../../support/mutations.ts';
import { buildPayload, buildRpm, buildRpmHeader, compress } from '../../support/rpm-builder.ts';
import { scanBytes } from '../../support/scan.ts';

/**
 * Whatever the bytes: an answer, or an error of format or of a limit. `npm test` runs few of them; more with
 * DARKSERVER_FUZZ_RUNS.
 */
const FACTOR = Number(process.env['DARKSERVER_FUZZ_RUNS'] ?? '1');
const runs = (numRuns: number): { seed: number; numRuns: number } => ({
  seed: SEED,
  numRuns: numRuns * FACTOR,
});

const ID = '00112233445566778899aabbccddeeff01234567';
const FILES = [
  { path: '/usr', mode: 0o040755, size: 4096 },
  { path: '/usr/bin/a', data: simpleElf(ID), fileClass: `ELF 64-bit, BuildID[sha1]=${ID}`, inode: 5 },
  { path: '/usr/bin/a2', data: simpleElf(ID), fileClass: '', inode: 5 },
  { path: '/lib/a.ko.gz', data: compress('gzip', simpleElf(ID)), fileClass: '' },
  { path: '/usr/bin/b', data: simpleElf(ID), fileClass: 'ELF 32-bit' },
];

function expectOurs(error: unknown): void {
  expect(error).toBeInstanceOf(DarkserverError);
  expect(['format', 'limit']).toContain((error as DarkserverError).code);
}

function expectOnlyOurErrors(action: () => void): void {
  try {
    action();
  } catch (error) {
    expectOurs(error);
  }
}

function push(target: { push(bytes: Uint8Array): void }, bytes: Uint8Array, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) target.push(bytes.subarray(at, at + pieceBytes));
}

test('ELF files: an answer for every one of them', () => {
  const files = [true, false].flatMap((is64) =>
    [true, false].map((littleEndian) =>
      buildElf({
        is64,
        littleEndian,
        sections: [
          { type: SHT_NOTE, bytes: buildIdNote(ID, { littleEndian }), align: 8 },
          { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(20) },
        ],
        segments: [{ type: PT_NOTE, section: 0 }],
        extendedNumbering: is64,
      }),
    ),
  );
  const scanner = new ElfScanner();
  fc.assert(
    fc.property(mutated(files), ({ bytes, pieceBytes }) => {
      scanner.start();
      push(scanner, bytes, pieceBytes);
      const scan = scanner.end();
      if (scan.isElf && scan.buildId !== null) expect(scan.buildId).toMatch(/^([0-9a-f]{2}){2,64}$/);
    }),
    runs(2000),
  );
});

test('RPM headers: an answer, or an error of ours', () => {
  const rpm = buildRpm({ files: FILES });
  const header = rpm.subarray(rpm.indexOf('8eade801', 200, 'hex'));
  const old = buildRpmHeader(
    [
      [1027, { strings: ['/a', '/b'] }],
      [1028, { int32: [1, 2] }],
      [1030, { int16: [1, 2] }],
    ],
    null,
  );
  fc.assert(
    fc.property(mutated([header, old]), ({ bytes }) => {
      expectOnlyOurErrors(() => {
        const list = new RpmFileList(new RpmHeader(bytes, 'header', 0));
        for (let i = 0; i < list.count; i++) {
          expect(list.path(i).startsWith('/')).toBe(true);
          list.classText(list.classIndex(i) ?? 0);
        }
      });
    }),
    runs(1500),
  );
});

test('cpio payloads: an answer, or an error of ours', () => {
  const payloads = [
    newcPayload(FILES.map(({ path, data }) => ({ name: `.${path}`, data: data ?? Buffer.alloc(0) }))),
    Buffer.concat([strippedEntry(0, Buffer.alloc(5)), strippedEntry(1, Buffer.alloc(70))]),
  ];
  fc.assert(
    fc.property(mutated(payloads), ({ bytes, pieceBytes }) => {
      let told = 0;
      const parser = new CpioParser({
        entry: ({ form, size, fileIndex }) => (form === 'newc' ? size : fileIndex === 0 ? 5 : 70),
        data: (piece) => {
          told += piece.length;
        },
        entryEnd: () => undefined,
      });
      expectOnlyOurErrors(() => {
        push(parser, bytes, pieceBytes);
        parser.end();
      });
      expect(told).toBeLessThanOrEqual(bytes.length);
    }),
    runs(1000),
  );
});

test('whole RPMs: an answer, or an error of ours, in every mode', async () => {
  const plain = { files: FILES, compression: 'none' } as const;
  const rpms = [
    buildRpm(plain),
    buildRpm({ ...plain, form: 'stripped', format: 6 }),
    buildRpm({ ...plain, format: 3 }),
    buildRpm({ files: FILES, compression: 'gzip' }),
    buildRpm({ files: FILES, rawPayload: compress('gzip', buildPayload(FILES, 'crc')) }),
  ];
  await fc.assert(
    fc.asyncProperty(
      mutated(rpms),
      fc.constantFrom('auto' as const, 'payload' as const, 'header' as const),
      async ({ bytes, pieceBytes }, mode) => {
        try {
          const { files } = await scanBytes(bytes, mode, Math.max(64, pieceBytes));
          for (const { buildId } of files) expect(buildId).toMatch(/^([0-9a-f]{2}){2,64}$/);
        } catch (error) {
          expectOurs(error);
        }
      },
    ),
    runs(400),
  );
});
