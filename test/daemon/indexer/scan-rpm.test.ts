import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Compression } from '../../../daemon/indexer/decompress.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { OpenedRpm, RpmSource } from '../../../daemon/indexer/types.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import { cpioTrailer, newcEntry, strippedEntry } from '../../support/cpio-builder.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildRpm, compress } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { linesOf, scanBytes } from '../../support/scan.ts';

const A = '00112233445566778899aabbccddeeff01234567';
const B = 'bb112233445566778899aabbccddeeff01234567';

const FILES: RpmFile[] = [
  { path: '/usr', mode: 0o040755, size: 4096 },
  { path: '/usr/bin/a', data: simpleElf(A, 3000) },
  { path: '/usr/bin/a-link', mode: 0o120777, data: Buffer.from('a') },
  { path: '/usr/bin/no-id', data: simpleElf(null, 1000) },
  { path: Buffer.from('/usr/bin/lat\xe9', 'latin1'), data: simpleElf(B, 100), mode: 0o104755 },
  { path: '/usr/share/text', data: Buffer.from('text '.repeat(100)), mode: 0o100644 },
];
const FOUND = [`/usr/bin/a ${A} executable payload`, `/usr/bin/laté ${B} executable payload`];

describe.each(['gzip', 'bzip2', 'lzma', 'xz', 'zstd', 'none'] as Compression[])(
  'a payload in %s',
  (compression) => {
    test.each(['newc', 'crc', 'stripped'] as const)('as %s', async (form) => {
      expect(linesOf(await scanBytes(buildRpm({ files: FILES, compression, form })))).toEqual(FOUND);
    });
  },
);

test.each([3, 4, 6] as const)('packages of rpm %i', async (format) => {
  const rpm = buildRpm({ files: FILES, format, form: format === 6 ? 'stripped' : 'newc' });
  for (const mode of ['auto', 'payload'] as const) expect(linesOf(await scanBytes(rpm, mode))).toEqual(FOUND);
  expect(linesOf(await scanBytes(rpm, 'header'))).toEqual([]);
});

test('says what the package is and how much of it was read', async () => {
  const rpm = buildRpm({ files: FILES, name: 'hello' });
  expect(await scanBytes(rpm)).toMatchObject({
    name: 'hello',
    epoch: null,
    version: '1.0',
    release: '1.fc40',
    arch: 'x86_64',
    payloadHash: 'ab'.repeat(16),
    size: rpm.length,
    bytesRead: rpm.length,
    warnings: [],
  });
});

test('a source package is scanned like any other, and its files lie in "/"', async () => {
  const payload = Buffer.concat([
    newcEntry({ name: 'prebuilt.bin', data: simpleElf(A) }),
    newcEntry({ name: 'x.spec', data: Buffer.alloc(100, 'x') }),
    cpioTrailer(),
  ]);
  const files = [
    { path: 'prebuilt.bin', data: simpleElf(A) },
    { path: 'x.spec', data: Buffer.alloc(100, 'x') },
  ];
  const scan = await scanBytes(buildRpm({ isSource: true, files, payload }));
  expect(scan.arch).toBe('src');
  expect(linesOf(scan)).toEqual([`/prebuilt.bin ${A} executable payload`]);
});

describe('errors', () => {
  test('name the RPM, the format and the offset', async () => {
    await expect(scanBytes(Buffer.alloc(200))).rejects.toThrow(
      /^memory\.rpm: RPM lead at offset 0: this is no RPM/,
    );
  });

  test('a payload cut off anywhere is an error in every mode', async () => {
    for (const compression of ['gzip', 'xz', 'zstd', 'none'] as const) {
      const rpm = buildRpm({ files: FILES, compression });
      const { bytesRead } = await scanBytes(rpm, 'header', 16);
      const lengths = [0, 1, 5, 6, 20, 300].map((more) => bytesRead + more);
      for (const length of [...lengths, rpm.length - 20, rpm.length - 1]) {
        for (const mode of ['header', 'auto', 'payload'] as const) {
          await expect(scanBytes(rpm.subarray(0, length), mode)).rejects.toThrow(
            expect.objectContaining({
              code: 'format',
              message: expect.stringContaining('truncated') as unknown,
            }),
          );
        }
      }
    }
  });

  test('so is one whose package states no size, once it is read', async () => {
    for (const compression of ['gzip', 'xz', 'zstd', 'bzip2', 'none'] as const) {
      const rpm = buildRpm({ files: FILES, compression, format: 6, form: 'stripped' });
      const { bytesRead } = await scanBytes(rpm, 'header', 16);
      for (const length of [bytesRead, bytesRead + 3, bytesRead + 100, rpm.length - 30]) {
        await expect(scanBytes(rpm.subarray(0, length))).rejects.toThrow(
          expect.objectContaining({ code: 'format' }),
        );
      }
    }
  });

  test.each([
    [
      'of an unknown compression',
      { rawPayload: Buffer.from('PK\x03\x04 a zip file') },
      /compression is unknown: it starts with 504b0304/,
    ],
    [
      'in another format than cpio',
      { payload: Buffer.from('ustar '.repeat(100)), compression: 'gzip' as const },
      /cpio at offset 0/,
    ],
  ])('a payload %s', async (_, parts, message) => {
    await expect(scanBytes(buildRpm({ files: FILES, ...parts }))).rejects.toThrow(message);
  });

  test('those of the source come through as they are', async () => {
    const failure = new DarkserverError('network', 'connection reset');
    const rpm = buildRpm({ files: FILES, compression: 'zstd' });
    const source: RpmSource = {
      name: 'x',
      open: () =>
        Promise.resolve({
          size: null,
          chunks: (async function* () {
            yield await Promise.resolve(rpm.subarray(0, rpm.length - 50));
            throw failure;
          })(),
        }),
    };
    await expect(scanRpm(source, { mode: 'payload' })).rejects.toBe(failure);
  });

  test('a scan that is called off says so, and ends its child', async () => {
    const rpm = buildRpm({ files: FILES, compression: 'xz' });
    const controller = new AbortController();
    const source: RpmSource = {
      name: 'x',
      open: () =>
        Promise.resolve({
          size: rpm.length,
          chunks: (async function* () {
            yield await Promise.resolve(rpm.subarray(0, rpm.length - 50));
            controller.abort();
            await new Promise((resolve) => setImmediate(resolve));
            yield rpm.subarray(rpm.length - 50);
          })(),
        }),
    };
    await expect(scanRpm(source, { mode: 'payload', signal: controller.signal })).rejects.toThrow(
      expect.objectContaining({ code: 'stopped' }),
    );
  });
});

test('no decompressor is left running, however a scan ends', async () => {
  const children = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  const files = [...FILES, { path: '/lib/a.ko.xz', data: compress('xz', simpleElf(A)) }];
  files.push({ path: '/big', data: randomBytes(400_000) });
  for (const compression of ['zstd', 'xz'] as const) {
    const rpm = buildRpm({ files, compression, format: 6 });
    await scanBytes(rpm, 'auto');
    await scanBytes(rpm, 'payload');
    await expect(scanBytes(rpm.subarray(0, rpm.length - 1000))).rejects.toThrow(DarkserverError);
    const unlisted = compress(compression, Buffer.concat([newcEntry({ name: './x' }), randomBytes(400_000)]));
    await expect(scanBytes(buildRpm({ files, rawPayload: unlisted }))).rejects.toThrow(
      /not in the RPM's header/,
    );
    expect(children()).toBe('');
  }
});

test('the size is that which the source knows, else that which the package states', async () => {
  const rpm = buildRpm({ files: FILES });
  const source: RpmSource = {
    name: 'x',
    open: async (start): Promise<OpenedRpm> => ({ ...(await new RpmInMemory(rpm).open(start)), size: null }),
  };
  expect((await scanRpm(source, { mode: 'header' })).size).toBe(rpm.length);
});

test('a package without files needs no payload', async () => {
  expect(await scanBytes(buildRpm({}))).toMatchObject({ files: [], warnings: [] });
  expect(await scanBytes(buildRpm({ rawPayload: Buffer.alloc(0) }))).toMatchObject({
    files: [],
    warnings: [],
  });
});

test('a file of five gigabytes, in the form that rpm has for such, hides nothing behind it', async () => {
  const fiveGigabytes = 5 * 2 ** 30;
  const elf = simpleElf(A);
  const files = [
    { path: '/huge', size: fiveGigabytes, mode: 0o100644 },
    { path: '/usr/bin/a', data: elf },
  ];
  const start = buildRpm({ files, format: 6, rawPayload: strippedEntry(0, Buffer.alloc(0)) });
  const end = Buffer.concat([strippedEntry(1, elf), cpioTrailer()]);
  const source: RpmSource = {
    name: 'huge.rpm',
    open: () =>
      Promise.resolve({
        size: null,
        chunks: (async function* () {
          yield await Promise.resolve(start);
          const zeros = new Uint8Array(8 * 1024 * 1024);
          for (let at = 0; at < fiveGigabytes; at += zeros.length) yield zeros;
          yield end;
        })(),
      }),
  };
  const scan = await scanRpm(source, { mode: 'payload' });
  expect(linesOf(scan)).toEqual([`/usr/bin/a ${A} executable payload`]);
  expect(scan.bytesRead).toBe(start.length + fiveGigabytes + end.length);
});
