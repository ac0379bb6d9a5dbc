import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { scanTar } from '../../../daemon/indexer/scan-tar.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { paxHeader, tarEntry, tarFile } from '../../support/tar-builder.ts';
import { mutated } from '../mutations.ts';
import type { Field, Mutant, Sample } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const BLOCK = 512;
/** Sizes in octal digits, the type, the marks of sparse files. */
const FIELDS: readonly Field[] = [124, 128, 132, 156, 257, 482, 504].map((at) => ({ at, width: 4 }));

const elf = simpleElf('00112233445566778899aabbccddeeff01234567');

const plain = tarFile(
  { name: './usr/bin/a', data: elf },
  { name: 'usr/', type: '5' },
  { name: 'usr/bin/b', type: '1', linkName: './usr/bin/a' },
  paxHeader([['comment', 'x']], 'g'),
  paxHeader([
    ['path', `usr/${'long/'.repeat(40)}c`],
    ['size', String(elf.length)],
  ]),
  { name: 'c', data: elf, size: 0 },
  { name: '././@LongLink', type: 'L', magic: 'gnu', data: `${'n'.repeat(200)}\0` },
  { name: 'd', data: elf, magic: 'gnu' },
  tarEntry({ name: 'sparse', type: 'S', magic: 'gnu', isExtended: true, size: 600 }),
  Buffer.alloc(BLOCK + 2 * BLOCK),
  { name: 'e', data: 'text' },
);
const image = tarFile(
  { name: 'aa/layer.tar', data: plain },
  { name: 'blobs/sha256/b', data: gzipSync(plain) },
);

function sample(bytes: Uint8Array): Sample {
  const headers = Array.from({ length: Math.floor(bytes.length / BLOCK) }, (_, block) => block * BLOCK);
  return {
    bytes,
    fields: headers.flatMap((start) => FIELDS.map((field) => ({ ...field, at: start + field.at }))),
  };
}

/** With the sums of its headers made right again, so that more than they is looked at. */
function withSums({ bytes, pieceBytes }: Mutant): Mutant {
  const whole = Buffer.from(bytes);
  for (let at = 0; at + BLOCK <= whole.length; at += BLOCK) {
    const block = whole.subarray(at, at + BLOCK);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.write('        ', 148, 'latin1');
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return { bytes: whole, pieceBytes };
}

/** Tar files and images of layers, plain and compressed. */
export const tar: FuzzTarget = {
  name: 'tar',
  share: 30,
  open: (): OpenTarget<Mutant> => {
    const samples = mutated([plain, image, gzipSync(image)].map(sample));
    return {
      inputs: fc.oneof(samples, samples.map(withSums)),
      errors: ['format', 'limit'],
      mayAllocate: allowance(64, 16 * 1024),
      read: async ({ bytes, pieceBytes }) => {
        const chunkBytes = Math.max(64, pieceBytes);
        const { files, bytesRead } = await scanTar(new RpmInMemory(bytes, { chunkBytes }));
        assert.ok(bytesRead <= 2 * bytes.length, 'more was read than there is');
        for (const { path } of files)
          assert.match(path, /^\/(?!.*\/\.\.(?:\/|$))/s, 'a path leads elsewhere');
      },
    };
  },
};
