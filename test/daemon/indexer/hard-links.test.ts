import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { HardLinks } from '../../../daemon/indexer/hard-links.ts';
import type { CpioHeader } from '../../../shared/cpio/header.ts';
import type { RpmFileList } from '../../../shared/rpm/files.ts';
import { newcPayload } from '../../support/cpio-builder.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import { linesOf, scanBytes } from '../../support/scan.ts';

const A = '00112233445566778899aabbccddeeff01234567';
const B = 'bb112233445566778899aabbccddeeff01234567';
const [dataOfA, dataOfB] = [simpleElf(A), simpleElf(B, 999)];

const FILES = [
  { path: '/a1', data: dataOfA, inode: 1 },
  { path: '/b1', data: dataOfB, inode: 2 },
  { path: '/a2', data: dataOfA, inode: 1 },
  { path: '/single', data: dataOfB, inode: 3 },
  { path: '/b2', data: dataOfB, inode: 2 },
  { path: '/a3', data: dataOfA, inode: 1 },
];
const FOUND = FILES.map(({ path, data }) => `${path} ${data === dataOfA ? A : B} executable payload`);

describe.each(['newc', 'crc', 'stripped'] as const)('in the form %s', (form) => {
  test('every name of a set has the build-id of the one that has the data', async () => {
    for (const mode of ['payload', 'auto'] as const) {
      expect(linesOf(await scanBytes(buildRpm({ files: FILES, form }), mode))).toEqual(FOUND);
    }
  });

  test('a ghost is no member of a set', async () => {
    const files = [...FILES, { path: '/ghost', data: dataOfA, inode: 1, flags: 64, isAbsent: true }];
    expect(linesOf(await scanBytes(buildRpm({ files, form })))).toEqual(FOUND);
  });

  test('the data of a set settles all of its names, so that no more of the payload is read', async () => {
    const fileClass = 'ELF 64-bit LSB executable, stripped';
    const files = [
      ...FILES.map((file) => ({ ...file, fileClass })),
      { path: '/big', data: randomBytes(1_000_000), fileClass: '' },
    ];
    const scan = await scanBytes(buildRpm({ files, form }), 'auto', 1000);
    expect(linesOf(scan)).toEqual(FOUND);
    expect(scan.bytesRead).toBeLessThan(scan.size / 2);
  });
});

const link = (name: string, inode: number, data?: Uint8Array): Parameters<typeof newcPayload>[0][number] => ({
  name: `./${name}`,
  inode,
  linkCount: 2,
  ...(data === undefined ? {} : { data }),
});

test('in newc payloads any entry of a set may have the data, the first or each of them', async () => {
  const files = ['/a1', '/a2', '/a3'].map((path) => ({ path, data: dataOfA }));
  const found = files.map(({ path }) => `${path} ${A} executable payload`);
  for (const withData of [[0], [1], [2], [0, 1, 2], [0, 2]]) {
    const payload = newcPayload(
      [0, 1, 2].map((i) => link(`a${i + 1}`, 5, withData.includes(i) ? dataOfA : undefined)),
    );
    for (const mode of ['payload', 'auto'] as const) {
      expect(linesOf(await scanBytes(buildRpm({ files, payload }), mode))).toEqual(found);
    }
  }
});

test('files of other sizes that share an inode are no links of each other', async () => {
  const files = [
    { path: '/a1', data: dataOfA },
    { path: '/b1', data: dataOfB },
    { path: '/a2', data: dataOfA },
    { path: '/b2', data: dataOfB },
  ];
  const payload = newcPayload([link('a1', 5), link('b1', 5), link('a2', 5, dataOfA), link('b2', 5, dataOfB)]);
  expect(linesOf(await scanBytes(buildRpm({ files, payload })))).toEqual(
    files.map(({ path, data }) => `${path} ${data === dataOfA ? A : B} executable payload`),
  );
});

test('links that wait are told of once, and not again for each link that has data of its own', () => {
  const links = new HardLinks({ isRegular: () => true, size: () => 9 } as unknown as RpmFileList);
  const header = { form: 'newc', linkCount: 4, inodeKey: '0:0:5' } as CpioHeader;
  expect([0, 0, 9, 9].map((size, index) => links.entry(header, index, size))).toEqual([
    [],
    [],
    [2, 0, 1],
    [3],
  ]);
});

test('a set whose data never comes has no build-id', async () => {
  const files = ['/a1', '/a2'].map((path) => ({ path, data: dataOfA }));
  expect(
    linesOf(await scanBytes(buildRpm({ files, payload: newcPayload([link('a1', 5), link('a2', 5)]) }))),
  ).toEqual([]);
});
