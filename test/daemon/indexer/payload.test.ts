import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { RpmSource } from '../../../daemon/indexer/types.ts';
import {
  buildElf,
  buildIdNote,
  ET_REL,
  PT_LOAD,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PROGBITS,
  simpleElf,
} from '../../support/elf-builder.ts';
import { strippedEntry } from '../../support/cpio-builder.ts';
import { buildRpm, compress, ZSTD_BOMB_BLOCK_BYTES, zstdBomb } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { linesOf, scanBytes } from '../../support/scan.ts';

const A = '00112233445566778899aabbccddeeff01234567';
const B = 'bb112233445566778899aabbccddeeff01234567';
const CODE = { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: randomBytes(300_000) };
/** Its note lies where it has passed when the table at the end tells of it. */
const lateElf = (id: string): Uint8Array =>
  buildElf({
    sections: [CODE, { type: SHT_NOTE, bytes: buildIdNote(id) }, CODE],
    segments: [{ type: PT_LOAD, section: 0 }],
  });

describe('a second pass', () => {
  test.each(['newc', 'stripped'] as const)('finds what the first could not (%s)', async (form) => {
    const files = [
      { path: '/a', data: simpleElf(A) },
      { path: '/late', data: lateElf(B), inode: 5 },
      { path: '/late-link', data: lateElf(B), inode: 5 },
    ];
    const source = new RpmInMemory(buildRpm({ files, form, compression: 'zstd' }));
    const scan = await scanRpm(source, { mode: 'payload' });
    expect(linesOf(scan)).toEqual([
      `/a ${A} executable payload`,
      `/late ${B} executable payload`,
      `/late-link ${B} executable payload`,
    ]);
    expect(source.opened).toHaveLength(2);
    expect(source.closed).toBe(2);
  });

  test('is not made for a file that then proves to have nothing either', async () => {
    const notes = { type: SHT_NOTE, bytes: Buffer.alloc(40) };
    const file = { path: '/late', data: buildElf({ sections: [CODE, notes, CODE] }) };
    const source = new RpmInMemory(buildRpm({ files: [file] }));
    expect((await scanRpm(source, { mode: 'payload' })).files).toEqual([]);
    expect(source.opened).toHaveLength(2);
  });
});

test('what follows the last file that is wanted is not decompressed, though it is terabytes', async () => {
  const blocks = 8_000_000;
  const files = [
    { path: '/a', data: simpleElf(A), fileClass: 'ELF 64-bit LSB executable, stripped' },
    { path: '/bomb', size: blocks * ZSTD_BOMB_BLOCK_BYTES, fileClass: '' },
  ];
  const start = compress(
    'zstd',
    Buffer.concat([strippedEntry(0, simpleElf(A)), strippedEntry(1, Buffer.alloc(0))]),
  );
  const rpm = buildRpm({ files, format: 6, rawPayload: Buffer.concat([start, zstdBomb(blocks)]) });
  expect(linesOf(await scanBytes(rpm, 'auto', rpm.length))).toEqual([`/a ${A} executable payload`]);
});

test('a payload that takes gigabytes of memory to decompress is a limit that names its RPM', async () => {
  const window2GiB = [0x00, (31 - 10) << 3];
  const rawPayload = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...window2GiB, 1, 0, 0]);
  await expect(
    scanBytes(buildRpm({ files: [{ path: '/a', data: simpleElf(A) }], rawPayload })),
  ).rejects.toThrow(
    expect.objectContaining({
      code: 'limit',
      message: expect.stringMatching(/\.rpm: zstd data at offset \d+: decompressing it takes 2048 MiB/),
    }),
  );
});

describe('compressed kernel modules', () => {
  const module = (name: string, id: string, suffix: 'xz' | 'zst' | 'gz'): RpmFile => {
    const compression = suffix === 'gz' ? 'gzip' : suffix === 'zst' ? 'zstd' : 'xz';
    return {
      path: `/lib/modules/6.1/${name}.ko.${suffix}`,
      data: compress(compression, simpleElf(id, 9000)),
      mode: 0o100644,
    };
  };
  const idOf = (i: number): string => i.toString(16).padStart(40, '0');
  const many = Array.from({ length: 60 }, (_, i) =>
    module(`m${i}`, idOf(i + 1), (['xz', 'zst', 'gz'] as const)[i % 3] ?? 'xz'),
  );

  test.each(['payload', 'auto'] as const)(
    'are found in %s mode, in the order of the header',
    async (mode) => {
      const files = [{ path: '/boot/vmlinuz', data: simpleElf(A) }, ...many];
      expect(linesOf(await scanBytes(buildRpm({ files, compression: 'zstd' }), mode))).toEqual([
        `/boot/vmlinuz ${A} executable payload`,
        ...many.map(({ path }, i) => `${path.toString()} ${idOf(i + 1)} executable payload`),
      ]);
    },
  );

  test('one that is plain ELF in spite of its name, and one that is text', async () => {
    const files = [
      { path: '/a.ko.xz', data: simpleElf(A) },
      { path: '/b.ko.gz', data: Buffer.alloc(500, 'text') },
    ];
    expect(linesOf(await scanBytes(buildRpm({ files })))).toEqual([`/a.ko.xz ${A} executable payload`]);
  });

  test('compressed files of other names are left alone', async () => {
    const files = [{ ...module('a', A, 'gz'), path: '/usr/share/core.gz' }];
    expect(linesOf(await scanBytes(buildRpm({ files })))).toEqual([]);
  });

  test('broken ones are told, and cost no other', async () => {
    const files = many.map((file, i) => {
      const { data = Buffer.alloc(0) } = file;
      return i === 10 || i === 30
        ? { ...file, data: Buffer.concat([data.subarray(0, 40), Buffer.alloc(200, 0x44)]) }
        : file;
    });
    const scan = await scanBytes(buildRpm({ files }));
    expect(scan.files.map(({ buildId }) => buildId)).toEqual(
      many.map((_, i) => idOf(i + 1)).filter((_, i) => i !== 10 && i !== 30),
    );
    expect(scan.warnings).toHaveLength(2);
    for (const i of [10, 30]) {
      const path = files[i]?.path.toString() ?? '';
      expect(
        scan.warnings.some((warning) =>
          warning.startsWith(`${path}: the compressed kernel module cannot be read: `),
        ),
      ).toBe(true);
    }
  });

  test('whose notes come late are read a second time', async () => {
    const data = compress('xz', lateElf(A));
    expect(linesOf(await scanBytes(buildRpm({ files: [{ path: '/a.ko.xz', data }] })))).toEqual([
      `/a.ko.xz ${A} executable payload`,
    ]);
  });

  test.each([
    ['/lib/modules/6.1/a.ko.xz', SHT_PROGBITS, 'executable'],
    ['/usr/lib/debug/lib/modules/6.1/a.ko.xz', SHT_NOBITS, 'debuginfo'],
  ])('of %s, a relocatable object, the kind is right', async (path, type, kind) => {
    const text = { type, flags: SHF_ALLOC, bytes: Buffer.alloc(3000, 0x90) };
    const sections = [{ type: SHT_NOTE, flags: SHF_ALLOC, bytes: buildIdNote(A) }, text];
    const data = compress('xz', buildElf({ type: ET_REL, sections }));
    expect(linesOf(await scanBytes(buildRpm({ files: [{ path, data }] })))).toEqual([
      `${path} ${A} ${kind} payload`,
    ]);
  });

  test('hard links among them have one module', async () => {
    const { data = Buffer.alloc(0) } = module('a', A, 'xz');
    const files = ['/a.ko.xz', '/b.ko.xz'].map((path) => ({ path, data, inode: 3 }));
    expect(linesOf(await scanBytes(buildRpm({ files })))).toEqual([
      `/a.ko.xz ${A} executable payload`,
      `/b.ko.xz ${A} executable payload`,
    ]);
  });
});

test('a payload in another format than cpio is refused by its name', async () => {
  const rpm = buildRpm({ files: [{ path: '/a', data: simpleElf(A) }] });
  const at = rpm.indexOf('cpio\0');
  rpm.write('drpm', at);
  await expect(scanBytes(rpm)).rejects.toThrow(/payloads in the format "drpm" are not read/);
});

describe.each(['zstd', 'xz', 'lzma', 'bzip2', 'gzip'] as const)('a file in %s', (compression) => {
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-payload-'));
  const path = join(directory, 'a.rpm');
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const rest = { path: '/rest', data: randomBytes(4_000_000) };
  const files = [{ path: '/a', data: simpleElf(A) }, { path: '/late', data: lateElf(B) }, rest];
  const rpm = buildRpm({ files, form: 'newc', compression });
  /** Descriptors of the file that are open, and children that run. */
  const inUse = (): string[] => [
    ...readdirSync('/proc/self/fd').filter((descriptor) => linkOf(descriptor) === path),
    ...readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean),
  ];

  test('is read to its end, and once more as far as that is needed', async () => {
    writeFileSync(path, rpm);
    const scan = await scanRpm(new FileRpmSource(path), { mode: 'payload' });
    expect(linesOf(scan)).toEqual([`/a ${A} executable payload`, `/late ${B} executable payload`]);
    // The first pass reads all of it, the second as far as the file that was missed.
    expect(scan.bytesRead).toBeGreaterThan(rpm.length);
    expect(scan.bytesRead).toBeLessThan(2 * rpm.length - 2_000_000);
    expect(inUse()).toEqual([]);
  });

  test('that is cut off or damaged is an error', async () => {
    const damaged = Buffer.from(rpm);
    damaged.fill(0x55, 2_000_000, 2_000_300);
    for (const bytes of [rpm.subarray(0, 2_000_000), damaged]) {
      writeFileSync(path, bytes);
      await expect(scanRpm(new FileRpmSource(path), { mode: 'payload' })).rejects.toThrow(
        expect.objectContaining({ code: 'format' }),
      );
    }
    expect(inUse()).toEqual([]);
  });

  test('is left alone once it is called off', async () => {
    writeFileSync(path, rpm);
    const controller = new AbortController();
    const source: RpmSource = {
      name: path,
      open: async (start, options) => {
        const opened = await new FileRpmSource(path).open(start, options);
        setImmediate(() => {
          controller.abort();
        });
        return opened;
      },
    };
    await expect(scanRpm(source, { mode: 'payload', signal: controller.signal })).rejects.toThrow(
      expect.objectContaining({ code: 'stopped' }),
    );
    expect(inUse()).toEqual([]);
  });
});

function linkOf(descriptor: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return null; // That with which the directory itself was read.
  }
}
