import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RpmScan, ScanMode } from '../../../daemon/indexer/types.ts';
import { SCAN_MODES } from '../../../daemon/indexer/types.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildPayload, buildRpm, buildRpmHeader, compress } from '../../support/rpm-builder.ts';
import type { RpmFile, RpmParts } from '../../support/rpm-builder.ts';
import { scanBytes } from '../../support/scan.ts';
import { rpmSample } from '../fields.ts';
import { hostileTags } from '../hostile-tags.ts';
import { mutated } from '../mutations.ts';
import type { Mutant } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const ID = '00112233445566778899aabbccddeeff01234567';
const ELF_CLASS = 'ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked';

const FILES: readonly RpmFile[] = [
  { path: '/usr', mode: 0o040755, size: 4096 },
  {
    path: '/usr/bin/a',
    data: simpleElf(ID),
    fileClass: `${ELF_CLASS}, BuildID[sha1]=${ID}, stripped`,
    inode: 5,
  },
  { path: '/usr/bin/a2', data: simpleElf(ID), fileClass: '', inode: 5 },
  { path: '/usr/lib/.build-id/00/112233', linkTo: '../../../bin/b', data: Buffer.from('../../../bin/b') },
  { path: '/usr/bin/b', data: simpleElf(ID), fileClass: `${ELF_CLASS}, stripped` },
  { path: '/usr/share/text', data: Buffer.from('text'), mode: 0o100644, fileClass: 'ASCII text' },
];
const WITH_MODULE: readonly RpmFile[] = [
  ...FILES,
  { path: '/lib/modules/a.ko.gz', data: compress('gzip', simpleElf(ID)), fileClass: '' },
];

export interface ScanInput extends Mutant {
  readonly mode: ScanMode;
}

/** Mutants of these RPMs to be scanned in each mode. */
function scanInputs(parts: readonly RpmParts[]): fc.Arbitrary<ScanInput> {
  return fc
    .tuple(mutated(parts.map((each) => rpmSample(buildRpm(each)))), fc.constantFrom(...SCAN_MODES))
    .map(([mutant, mode]) => ({ ...mutant, pieceBytes: Math.max(64, mutant.pieceBytes), mode }));
}

/** RPMs whose header says what it likes of a payload that is whole. */
const oddHeaders: fc.Arbitrary<ScanInput> = fc
  .tuple(hostileTags, fc.constantFrom(63, null), fc.constantFrom(...SCAN_MODES))
  .map(([tags, region, mode]) => {
    const whole = buildRpm({ files: FILES, compression: 'none' });
    const start = whole.indexOf('8eade801', 100, 'hex');
    const end = start + 16 + whole.readUInt32BE(start + 8) * 16 + whole.readUInt32BE(start + 12);
    const bytes = Buffer.concat([
      whole.subarray(0, start),
      buildRpmHeader(tags, region),
      whole.subarray(end),
    ]);
    return { bytes, pieceBytes: 4096, mode };
  });

export function checkScan({ files, warnings, bytesRead }: RpmScan, bytes: Uint8Array): void {
  for (const { buildId, path } of files) {
    assert.match(buildId, /^(?:[0-9a-f]{2}){2,64}$/);
    assert.ok(path.startsWith('/'));
  }
  for (const warning of warnings) assert.ok(warning.length < 16 * 1024, 'a warning is too long');
  // A payload may be read four times.
  assert.ok(bytesRead <= 5 * bytes.length);
}

export const rpm: FuzzTarget = {
  name: 'rpm',
  share: 60,
  open: (): OpenTarget<ScanInput> => ({
    inputs: fc.oneof(
      {
        weight: 4,
        arbitrary: scanInputs([
          { files: FILES, compression: 'none' },
          { files: FILES, compression: 'none', form: 'stripped', format: 6 },
          { files: FILES, compression: 'none', format: 3 },
          { files: WITH_MODULE, compression: 'none', isSource: true },
          { files: FILES, compression: 'gzip' },
          { files: FILES, rawPayload: compress('gzip', buildPayload(FILES, 'crc')) },
        ]),
      },
      { weight: 1, arbitrary: oddHeaders },
    ),
    errors: ['format', 'limit'],
    mayAllocate: allowance(64, 24 * 1024),
    read: async ({ bytes, mode, pieceBytes }) => {
      checkScan(await scanBytes(bytes, mode, pieceBytes), bytes);
    },
  }),
};
