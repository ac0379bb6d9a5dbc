import { describe, expect, test } from '@jest/globals';
import { ModuleStarts } from '../../../daemon/indexer/module-starts.ts';
import { ModuleReader } from '../../../daemon/indexer/modules.ts';
import type { UnreadModules } from '../../../daemon/indexer/modules.ts';
import type { ModuleCompression } from '../../../daemon/indexer/separators.ts';
import type { ElfScan } from '../../../shared/elf/scanner.ts';
import {
  buildElf,
  buildIdNote,
  ET_REL,
  SHF_ALLOC,
  SHT_NOTE,
  SHT_PROGBITS,
} from '../../support/elf-builder.ts';
import { compress } from '../../support/rpm-builder.ts';

const idOf = (index: number): string => Buffer.from(`module ${index}`.padEnd(20)).toString('hex');

/** Bytes that the whole of a module is larger than what its start takes, in every compression. */
const CODE_BYTES = 400_000;

function module(id: string, where: 'first' | 'behind the code'): Uint8Array {
  const code = Buffer.alloc(CODE_BYTES);
  for (let i = 0; i < CODE_BYTES; i += 3)
    code.writeUInt16LE((i * 40_503) & 0xffff, Math.min(i, CODE_BYTES - 2));
  const sections = [
    { type: SHT_NOTE, flags: SHF_ALLOC, bytes: buildIdNote(id) },
    { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: code },
  ];
  return buildElf({ type: ET_REL, sections: where === 'first' ? sections : sections.reverse() });
}

async function read(
  modules: readonly (readonly [ModuleCompression, Uint8Array])[],
  pieceBytes: number,
): Promise<{ scans: ElfScan[]; unread: UnreadModules }> {
  const scans: ElfScan[] = [];
  const onScan = (index: number, scan: ElfScan): void => {
    scans[index] = scan;
  };
  const reader = new ModuleReader(onScan);
  const starts = new ModuleStarts(reader, onScan);
  for (const [index, [compression, bytes]] of modules.entries()) {
    starts.begin(compression, index, bytes.length, []);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      starts.write(bytes.subarray(at, at + pieceBytes));
      await reader.takeWait();
    }
    starts.endModule();
    await reader.takeWait();
  }
  const unread = await reader.end();
  await reader.stop();
  return { scans, unread };
}

describe.each(['gzip', 'xz', 'zstd'] as const)('%s', (compression) => {
  test.each([100, 1000, 1_000_000])('starts and whole modules, in pieces of %d bytes', async (pieceBytes) => {
    const modules = Array.from(
      { length: 6 },
      (_, i) =>
        [
          compression,
          compress(compression, module(idOf(i), i % 2 === 0 ? 'first' : 'behind the code')),
        ] as const,
    );
    const { scans, unread } = await read(modules, pieceBytes);
    expect(scans).toEqual(
      modules.map((_, i) => ({ isElf: true, buildId: idOf(i), kind: 'executable', missed: [] })),
    );
    expect(unread.bad.size).toBe(0);
  });

  test('of a module that tells its build-id at once the rest may be broken', async () => {
    const bytes = Buffer.from(compress(compression, module(idOf(1), 'first')));
    bytes.fill(0x55, bytes.length - 5000);
    const { scans, unread } = await read([[compression, bytes]], 1000);
    expect(scans).toEqual([expect.objectContaining({ buildId: idOf(1) })]);
    expect(unread.bad.size).toBe(0);
  });

  test('one whose start is broken is told, and costs no other', async () => {
    const good = compress(compression, module(idOf(1), 'first'));
    const bad = Buffer.from(good);
    bad.fill(0x55, 12, 400);
    const { scans, unread } = await read(
      [
        [compression, bad],
        [compression, good],
      ],
      1000,
    );
    expect(scans[1]).toEqual(expect.objectContaining({ buildId: idOf(1) }));
    expect([...unread.bad.keys()]).toEqual([0]);
  });
});
