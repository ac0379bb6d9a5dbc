import assert from 'node:assert/strict';
import fc from 'fast-check';
import { firstBytes, START_BYTES } from '../../../daemon/indexer/first-bytes/first-bytes.ts';
import { leadingBuildId } from '../../../shared/elf/leading-build-id.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { compress } from '../../support/rpm-builder.ts';
import { frameFields } from '../fields.ts';
import { mutated } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

/** The starts of compressed modules, of which no more is decoded than tells the build-id. */

const ID = '00112233445566778899aabbccddeeff01234567';
const WANTED = 192;
const COMPRESSIONS = ['gzip', 'xz', 'zstd'] as const;

interface ModuleStart {
  readonly bytes: Uint8Array;
  readonly compression: (typeof COMPRESSIONS)[number];
}

function startsOf(compression: (typeof COMPRESSIONS)[number]): fc.Arbitrary<ModuleStart> {
  const samples = [200, 3000, 100_000].map((size) => {
    const bytes = compress(compression, simpleElf(ID, size));
    return { bytes, fields: frameFields(bytes) };
  });
  return mutated(samples).map(({ bytes }) => ({ bytes, compression }));
}

export const moduleStarts: FuzzTarget = {
  name: 'module-starts',
  share: 150,
  open: (): OpenTarget<ModuleStart> => ({
    inputs: fc.oneof(...COMPRESSIONS.map(startsOf)),
    errors: [],
    // zlib makes up to two megabytes of a start before it is stopped.
    mayAllocate: allowance(64, 4 * 1024),
    read: ({ bytes, compression }) => {
      const decoded = firstBytes(compression, bytes.subarray(0, START_BYTES[compression]), WANTED);
      if (decoded === null) return;
      assert.ok(decoded.length <= WANTED);
      leadingBuildId(decoded);
    },
  }),
};
