import { describe, expect, test } from '@jest/globals';
import { ChunkReader } from '../../../daemon/indexer/chunk-reader.ts';
import { checkSize, readRpmHead } from '../../../daemon/indexer/rpm-head.ts';
import type { RpmHead } from '../../../daemon/indexer/rpm-head.ts';
import { RpmTag } from '../../../shared/rpm/tags.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';

async function head(bytes: Uint8Array, chunkBytes = 1000): Promise<RpmHead> {
  const { chunks } = await new RpmInMemory(bytes, { chunkBytes }).open(0);
  return readRpmHead(new ChunkReader(chunks, 0));
}

const FILES = [{ path: '/usr/bin/a', data: Buffer.from('hello') }];

test.each([3, 4, 6] as const)('reads the head of a package of rpm %i', async (format) => {
  const bytes = buildRpm({ format, files: FILES, name: 'hello' });
  for (const chunkBytes of [1, 7, 100_000]) {
    const read = await head(bytes, chunkBytes);
    expect(read.identity).toEqual({
      name: 'hello',
      epoch: null,
      version: '1.0',
      release: '1.fc40',
      arch: 'x86_64',
      payloadHash: format === 6 ? null : 'ab'.repeat(16),
    });
    expect(read.files.path(0)).toBe('/usr/bin/a');
    expect(bytes.subarray(read.payloadStart, read.payloadStart + 2).toString('hex')).toBe('1f8b');
    expect(read.statedSize).toBe(format === 6 ? null : bytes.length);
  }
});

test('a package of rpm 6 states the size of its payload in the header', async () => {
  const bytes = buildRpm({ format: 6, files: FILES, extraTags: [[RpmTag.payloadSize, { int64: [12345] }]] });
  const read = await head(bytes);
  expect(read.statedSize).toBe(read.payloadStart + 12345);
});

test('a file that is shorter than it states is refused, one that is longer is not', async () => {
  const bytes = buildRpm({ files: FILES });
  const read = await head(bytes);
  expect(() => {
    checkSize(read, bytes.length - 1);
  }).toThrow(`RPM at offset ${bytes.length - 1}: the file is truncated`);
  checkSize(read, bytes.length);
  checkSize(read, bytes.length + 10);
  checkSize(read, null);
});

describe('cut off at any byte', () => {
  const bytes = buildRpm({ files: FILES });

  test('it is an error with the offset of the end', async () => {
    const { payloadStart } = await head(bytes);
    for (let length = 0; length < payloadStart; length++) {
      await expect(head(bytes.subarray(0, length))).rejects.toThrow(
        expect.objectContaining({ code: 'format', offset: expect.any(Number) as unknown }),
      );
    }
  });
});

test('a signature header that says it has 60 MB in a file of 5 KB is told from what is there', async () => {
  const bytes = buildRpm({ files: FILES });
  bytes.writeUInt32BE(60_000_000, 96 + 12);
  const before = process.memoryUsage().arrayBuffers;
  await expect(head(bytes)).rejects.toThrow(/RPM signature header at offset 96: the file is truncated/);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
});
