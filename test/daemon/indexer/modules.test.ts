import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ModuleReader } from '../../../daemon/indexer/modules.ts';
import type { UnreadModules } from '../../../daemon/indexer/modules.ts';
import type { ModuleCompression } from '../../../daemon/indexer/separators.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { compress } from '../../support/rpm-builder.ts';

const idOf = (index: number): string => Buffer.from(`module ${index}`.padEnd(20)).toString('hex');

interface Outcome {
  readonly found: Map<number, string | null>;
  readonly unread: UnreadModules;
}

async function read(
  modules: readonly (readonly [ModuleCompression, Uint8Array])[],
  pieceBytes = 1000,
): Promise<Outcome> {
  const found = new Map<number, string | null>();
  const reader = new ModuleReader((index, scan) => {
    found.set(index, scan.isElf ? scan.buildId : 'not ELF');
  });
  for (const [index, [compression, bytes]] of modules.entries()) {
    reader.begin(compression, index, []);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      reader.write(bytes.subarray(at, at + pieceBytes));
      await reader.takeWait();
    }
    reader.endModule();
    await reader.takeWait();
  }
  const unread = await reader.end();
  await reader.stop();
  return { found, unread };
}

const moduleBytes = (compression: ModuleCompression, index: number): Uint8Array =>
  compress(compression, Buffer.concat([simpleElf(idOf(index), 5000), randomBytes(300)]));

describe.each(['gzip', 'xz', 'zstd'] as const)('%s', (compression) => {
  test('tells many modules apart that go through one decompressor', async () => {
    const modules = Array.from({ length: 50 }, (_, i) => [compression, moduleBytes(compression, i)] as const);
    const { found, unread } = await read(modules);
    expect([...found]).toEqual(modules.map((_, i) => [i, idOf(i)]));
    expect(unread).toEqual({ bad: new Map(), lost: [] });
  });

  test('a module of several streams, an empty one and one that is not ELF', async () => {
    const elf = Buffer.from(simpleElf(idOf(0), 200_000));
    const parts = [
      compress(compression, elf.subarray(0, 70_000)),
      compress(compression, elf.subarray(70_000)),
    ];
    const { found } = await read([
      [compression, Buffer.concat(parts)],
      [compression, compress(compression, Buffer.alloc(0))],
      [compression, compress(compression, Buffer.from('text'))],
      [compression, moduleBytes(compression, 3)],
    ]);
    expect([...found.values()]).toEqual([idOf(0), 'not ELF', 'not ELF', idOf(3)]);
  });

  test.each([
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 60)],
    [
      'damaged',
      (bytes: Uint8Array) =>
        Buffer.concat([bytes.subarray(0, 80), Buffer.alloc(300, 0x33), bytes.subarray(380)]),
    ],
  ])('a module that is %s is told, and costs no other', async (_, spoil) => {
    const modules = [0, 1, 2, 3, 4].map((i) => {
      const bytes = moduleBytes(compression, i);
      return [compression, i === 2 ? spoil(bytes) : bytes] as const;
    });
    const { found, unread } = await read(modules);
    expect([...unread.bad.keys()]).toEqual([2]);
    expect(found.get(0)).toBe(idOf(0));
    expect(found.get(1)).toBe(idOf(1));
    for (const index of [3, 4]) expect(found.has(index) || unread.lost.includes(index)).toBe(true);
    expect([...found.entries()].every(([index, id]) => id === idOf(index))).toBe(true);
  });

  test('a bomb is stopped', async () => {
    const bomb = compress(compression, Buffer.alloc(64 * 1024 * 1024));
    const { unread } = await read([[compression, bomb]], 65_536);
    expect(unread.bad.get(0)).toMatch(/decompress to more than|decompresses/);
  });
});

test('a separator that lies across two pieces of output is found', async () => {
  // zlib puts out pieces of 256 KiB. The first module ends so short of one that its separator crosses over.
  for (const short of [1, 9, 16, 31]) {
    const elf = simpleElf(idOf(0), 1000);
    const first = Buffer.concat([elf, Buffer.alloc(256 * 1024 - short - elf.length, 7)]);
    const { found, unread } = await read([
      ['gzip', compress('gzip', first)],
      ['gzip', moduleBytes('gzip', 1)],
    ]);
    expect(unread.bad.size).toBe(0);
    expect([...found.values()]).toEqual([idOf(0), idOf(1)]);
  }
});

test('compressions are told apart in one RPM', async () => {
  const modules = (['xz', 'gzip', 'zstd', 'gzip', 'xz'] as const).map(
    (compression, i) => [compression, moduleBytes(compression, i)] as const,
  );
  const { found } = await read(modules);
  expect(new Map([...found].sort(([a], [b]) => a - b))).toEqual(new Map(modules.map((_, i) => [i, idOf(i)])));
});

test('after many bad modules the rest is given up', async () => {
  const bad = Buffer.concat([compress('zstd', Buffer.from('x')).subarray(0, 8), Buffer.alloc(300_000, 0x77)]);
  const reader = new ModuleReader(() => undefined, 2);
  for (let i = 0; i < 40; i++) {
    reader.begin('zstd', i, []);
    reader.write(bad);
    reader.endModule();
    // zstd reads 128 KiB before it looks at them, and its end is what shows that the module is bad.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { bad: told, lost } = await reader.end();
  expect(told.size + lost.length).toBe(40);
  expect([...told.values()].some((reason) => reason.startsWith('it was not tried after'))).toBe(true);
});
