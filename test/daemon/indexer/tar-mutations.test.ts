import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { scanTar } from '../../../daemon/indexer/scan-tar.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { mutated, SEED } from '../../support/mutations.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { paxHeader, tarEntry, tarFile } from '../../support/tar-builder.ts';

/** Whatever the bytes: an answer, or an error of format or of a limit. More with DARKSERVER_FUZZ_RUNS. */
const FACTOR = Number(process.env['DARKSERVER_FUZZ_RUNS'] ?? '1');

const ID = '00112233445566778899aabbccddeeff01234567';
const elf = simpleElf(ID);
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
  Buffer.alloc(512 + 1024),
  { name: 'e', data: 'text' },
);
const FILES = [
  plain,
  tarFile(
    { name: 'aa/layer.tar', data: plain },
    { name: 'blobs/sha256/b', data: gzipSync(plain, { level: 0 }) },
  ),
  gzipSync(plain, { level: 0 }),
];

/** The sums of headers are made right again, so that more than they is looked at. */
function withSums(bytes: Uint8Array): Uint8Array {
  const whole = Buffer.from(bytes);
  for (let at = 0; at + 512 <= whole.length; at += 512) {
    const block = whole.subarray(at, at + 512);
    if (!/^(?:ustar|\0{5})/.test(block.toString('latin1', 257, 262)) || block[0] === 0) continue;
    block.write('        ', 148, 'latin1');
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return whole;
}

async function outcome(bytes: Uint8Array, chunkBytes: number): Promise<unknown> {
  try {
    return await scanTar(new RpmInMemory(bytes, { chunkBytes }));
  } catch (error) {
    return error;
  }
}

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ['as they are', (bytes) => bytes],
  ['with headers whose sums are right', withSums],
])(
  'tar files that were changed, %s',
  async (_name, repair) => {
    await fc.assert(
      fc.asyncProperty(mutated(FILES), async ({ bytes, pieceBytes }) => {
        const found = await outcome(repair(bytes), Math.max(64, pieceBytes));
        if (found instanceof Error) {
          expect(found).toBeInstanceOf(DarkserverError);
          expect(['format', 'limit']).toContain((found as DarkserverError).code);
        } else {
          expect(found).toMatchObject({ bytesRead: bytes.length });
        }
      }),
      { seed: SEED, numRuns: 300 * FACTOR },
    );
  },
  60_000 * FACTOR,
);
