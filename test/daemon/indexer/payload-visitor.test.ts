import { describe, expect, test } from '@jest/globals';
import { newcEntry, newcPayload, strippedEntry } from '../../support/cpio-builder.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildRpm, compress } from '../../support/rpm-builder.ts';
import { linesOf, scanBytes } from '../../support/scan.ts';

const A = '00112233445566778899aabbccddeeff01234567';
const B = 'bb112233445566778899aabbccddeeff01234567';
const elf = simpleElf(A, 500);
const FILES = [
  { path: '/usr/bin/a', data: elf },
  { path: '/usr/bin/b', data: simpleElf(B) },
];

describe('a payload that is not what the header lists', () => {
  test.each([
    [
      'a file of another size',
      newcPayload([{ name: './usr/bin/a', data: elf.subarray(0, 300) }]),
      /\/usr\/bin\/a: it has 300 bytes there/,
    ],
    ['a file that is empty and no hard link', newcPayload([{ name: './usr/bin/a' }]), /it has 0 bytes there/],
    [
      'a file that the header has not',
      newcPayload([{ name: './usr/bin/evil', data: elf }]),
      /".\/usr\/bin\/evil" is not in the RPM's header/,
    ],
    [
      'a file twice',
      newcPayload([
        { name: './usr/bin/a', data: elf },
        { name: './usr/bin/a', data: elf },
      ]),
      /in the payload twice/,
    ],
    [
      'an index that the header has not',
      strippedEntry(2, elf),
      /file 2 is not in the RPM's header, which lists 2/,
    ],
    ['an index twice', Buffer.concat([strippedEntry(0, elf), strippedEntry(0, elf)]), /in the payload twice/],
    [
      'a name that climbs',
      newcPayload([{ name: '../../usr/bin/a', data: elf }]),
      /is not in the RPM's header/,
    ],
  ])('%s is an error', async (_, payload, message) => {
    await expect(scanBytes(buildRpm({ files: FILES, payload }))).rejects.toThrow(message);
  });

  test('a bomb ends where the header does', async () => {
    const bomb = Buffer.concat([
      newcEntry({ name: './usr/bin/a', data: elf, size: 0xffffffff }),
      Buffer.alloc(50_000_000),
    ]);
    const rpm = buildRpm({ files: FILES, rawPayload: compress('zstd', bomb) });
    await expect(scanBytes(rpm)).rejects.toThrow(/it has 4294967295 bytes there and 848 in the RPM's header/);
    const tail = buildRpm({
      files: FILES,
      payload: Buffer.concat([
        newcPayload(FILES.map(({ path, data }) => ({ name: `.${path}`, data }))),
        Buffer.alloc(50_000_000),
      ]),
    });
    await expect(scanBytes(tail)).rejects.toThrow(/bytes follow the trailer/);
  });

  test('files that are missing there are told', async () => {
    const payload = newcPayload([{ name: './usr/bin/b', data: simpleElf(B) }]);
    const scan = await scanBytes(buildRpm({ files: FILES, payload }));
    expect(linesOf(scan)).toEqual([`/usr/bin/b ${B} executable payload`]);
    expect(scan.warnings).toEqual(['/usr/bin/a: listed in the header and absent from the payload']);
  });
});

test.each(['./usr/bin/a', '/usr/bin/a', 'usr/bin/a'])('names may be written as %s', async (name) => {
  const scan = await scanBytes(
    buildRpm({ files: FILES.slice(0, 1), payload: newcPayload([{ name, data: elf }]) }),
  );
  expect(linesOf(scan)).toEqual([`/usr/bin/a ${A} executable payload`]);
});

test('entries may come in another order than the header has', async () => {
  const payload = newcPayload([...FILES].reverse().map(({ path, data }) => ({ name: `.${path}`, data })));
  expect(linesOf(await scanBytes(buildRpm({ files: FILES, payload })))).toEqual([
    `/usr/bin/a ${A} executable payload`,
    `/usr/bin/b ${B} executable payload`,
  ]);
});

test('two names that differ only in their encoding are two files', async () => {
  const files = [
    { path: Buffer.from('/é'), data: elf },
    { path: Buffer.from('/é', 'latin1'), data: simpleElf(B) },
  ];
  expect(linesOf(await scanBytes(buildRpm({ files })))).toEqual([
    `/é ${A} executable payload`,
    `/é ${B} executable payload`,
  ]);
});

test('ghosts that old versions of rpm packed are passed over', async () => {
  const files = [{ ...(FILES[0] ?? { path: '' }), flags: 64 }, FILES[1] ?? { path: '' }];
  for (const form of ['newc', 'stripped'] as const) {
    expect(linesOf(await scanBytes(buildRpm({ files, form })))).toEqual([
      `/usr/bin/b ${B} executable payload`,
    ]);
  }
});
