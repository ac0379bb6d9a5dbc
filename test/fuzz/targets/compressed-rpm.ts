import fc from 'fast-check';
import type { Compression } from '../../../daemon/indexer/decompress.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildPayload, buildRpm, compress } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { scanBytes } from '../../support/scan.ts';
import { frameFields } from '../fields.ts';
import { mutated } from '../mutations.ts';
import type { Mutant, Sample } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';
import { checkScan } from './rpm.ts';

/** Broken frames of every compression, as an RPM's payload and as kernel modules in a payload. */

const ID = '00112233445566778899aabbccddeeff01234567';
const FILES: readonly RpmFile[] = [
  { path: '/usr/bin/a', data: simpleElf(ID, 2000), fileClass: '' },
  { path: '/usr/bin/b', data: simpleElf(ID, 300), fileClass: '' },
];
const PAYLOADS: readonly Compression[] = ['gzip', 'bzip2', 'lzma', 'xz', 'zstd'];
const MODULES = { 'a.ko.gz': 'gzip', 'b.ko.xz': 'xz', 'c.ko.zst': 'zstd' } as const;

function frameSample(bytes: Uint8Array): Sample {
  return { bytes, fields: frameFields(bytes) };
}

const asPayload = (): fc.Arbitrary<Mutant> => {
  const payload = buildPayload(FILES, 'newc');
  return mutated(PAYLOADS.map((compression) => frameSample(compress(compression, payload)))).map(
    ({ bytes, pieceBytes }) => ({ bytes: buildRpm({ files: FILES, rawPayload: bytes }), pieceBytes }),
  );
};

/** One module of several is broken, and one of them all the same in every second payload. */
const asModules = (): fc.Arbitrary<Mutant> => {
  const whole = Object.entries(MODULES).map(([name, compression]) => ({
    path: `/lib/modules/${name}`,
    data: compress(compression, simpleElf(ID, 3000)),
  }));
  const broken = mutated(whole.map(({ data }) => frameSample(data)));
  return fc.tuple(broken, fc.nat({ max: whole.length - 1 })).map(([{ bytes, pieceBytes }, at]) => {
    const files = [
      ...whole,
      ...whole.map(({ path, data }) => ({ path: `${path.slice(0, -7)}/2${path.slice(-7)}`, data })),
    ];
    const path = whole[at]?.path ?? '';
    return {
      bytes: buildRpm({
        files: files.map((file) => (file.path === path ? { path, data: bytes } : file)),
        compression: 'none',
      }),
      pieceBytes,
    };
  });
};

export const compressedRpm: FuzzTarget = {
  name: 'compressed-rpm',
  share: 6,
  open: (): OpenTarget<Mutant> => ({
    inputs: fc.oneof(asPayload(), asModules()),
    errors: ['format', 'limit'],
    mayAllocate: allowance(64, 24 * 1024),
    read: async ({ bytes, pieceBytes }) => {
      checkScan(await scanBytes(bytes, 'payload', Math.max(64, pieceBytes)), bytes);
    },
  }),
};
