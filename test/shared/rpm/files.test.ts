import { describe, expect, test } from '@jest/globals';
import { RpmFileList } from '../../../shared/rpm/files.ts';
import { RpmHeader } from '../../../shared/rpm/header.ts';
import { RpmTag } from '../../../shared/rpm/tags.ts';
import { buildRpmHeader } from '../../support/rpm-builder.ts';
import type { TagValue } from '../../support/rpm-builder.ts';

const list = (tags: (readonly [number, TagValue])[]): RpmFileList =>
  new RpmFileList(new RpmHeader(buildRpmHeader(tags, 63), 'header', 0));

const COMMON: (readonly [number, TagValue])[] = [
  [RpmTag.fileModes, { int16: [0o100755, 0o120777, 0o040755] }],
  [RpmTag.fileSizes, { int32: [100, 5, 4096] }],
];
const NAMES: (readonly [number, TagValue])[] = [
  [RpmTag.dirIndexes, { int32: [0, 1, 0] }],
  [RpmTag.baseNames, { strings: [Buffer.from('lat\xe9', 'latin1'), 'link', 'sub'] }],
  [RpmTag.dirNames, { strings: ['/usr/bin/', '/dev/'] }],
];

test('joins directories and names, and knows names as bytes', () => {
  const files = list([...COMMON, ...NAMES]);
  expect([0, 1, 2].map((i) => files.path(i))).toEqual(['/usr/bin/laté', '/dev/link', '/usr/bin/sub']);
  expect(files.nameKey(0)).toBe('usr/bin/lat\xe9');
  expect([
    files.nameEndsWith(1, 'ink'),
    files.nameEndsWith(1, 'a-link'),
    files.nameEndsWith(1, 'pink'),
  ]).toEqual([true, false, false]);
  expect([files.isBelow(0, '/dev/'), files.isBelow(1, '/dev/'), files.isBelow(1, '/dev/shm/')]).toEqual([
    false,
    true,
    false,
  ]);
});

test('has names in one tag in packages of rpm 3', () => {
  const files = list([...COMMON, [RpmTag.oldFileNames, { strings: ['/a', '/dev/b', '/c'] }]]);
  expect([0, 1, 2].map((i) => files.path(i))).toEqual(['/a', '/dev/b', '/c']);
  expect(files.isBelow(1, '/dev/')).toBe(true);
});

test('files of source packages have no directory', () => {
  const files = list([
    [RpmTag.fileModes, { int16: [0o100644] }],
    [RpmTag.fileSizes, { int32: [10] }],
    [RpmTag.dirIndexes, { int32: [0] }],
    [RpmTag.baseNames, { strings: ['hello.spec'] }],
    [RpmTag.dirNames, { strings: [''] }],
  ]);
  expect(files.path(0)).toBe('/hello.spec');
  expect(files.nameKey(0)).toBe('hello.spec');
});

test.each<[string, (readonly [number, TagValue])[]]>([
  ['directories', [...COMMON, ...NAMES]],
  ['paths of rpm 3', [...COMMON, [RpmTag.oldFileNames, { strings: ['/a', '/dev/b', '/c'] }]]],
  ['bare names', [...COMMON, [RpmTag.oldFileNames, { strings: ['a', 'lat\xe9', '//c'] }]]],
])('knows its names in a payload: %s', (_, tags) => {
  const files = list(tags);
  for (let index = 0; index < files.count; index++) {
    const name = Buffer.from(files.nameKey(index), 'latin1');
    expect(files.isNamed(index, name)).toBe(true);
    const others = [name.subarray(1), name.subarray(0, -1), Buffer.concat([name, name])];
    for (let at = 0; at < name.length; at++)
      others.push(Buffer.from(name.map((b, i) => (i === at ? b ^ 1 : b))));
    for (const other of others) expect(files.isNamed(index, other)).toBe(false);
  }
});

test('tells kinds, sizes, ghosts and links', () => {
  const files = list([
    ...COMMON,
    ...NAMES,
    [RpmTag.fileFlags, { int32: [64, 0, 0] }],
    [RpmTag.fileDevices, { int32: [1, 1, 1] }],
    [RpmTag.fileInodes, { int32: [7, 0, 9] }],
  ]);
  expect([0, 1, 2].map((i) => files.isRegular(i))).toEqual([true, false, false]);
  expect([0, 1, 2].map((i) => files.isSymlink(i))).toEqual([false, true, false]);
  expect([0, 1, 2].map((i) => files.isGhost(i))).toEqual([true, false, false]);
  expect([0, 1, 2].map((i) => files.size(i))).toEqual([100, 5, 4096]);
  expect([0, 1, 2].map((i) => files.inodeKey(i))).toEqual(['1:7', null, '1:9']);
  expect(files.isExecutable(0)).toBe(true);
});

test('takes 64-bit sizes before 32-bit ones', () => {
  const files = list([...COMMON, ...NAMES, [RpmTag.longFileSizes, { int64: [2 ** 33, 0, 0] }]]);
  expect(files.size(0)).toBe(2 ** 33);
});

test('has classes by index, and none where the header is silent or wrong', () => {
  const files = list([
    ...COMMON,
    ...NAMES,
    [RpmTag.fileClass, { int32: [1, 0, 9] }],
    [RpmTag.classDict, { strings: ['', 'ELF 64-bit'] }],
  ]);
  expect([0, 1, 2].map((i) => files.classIndex(i))).toEqual([1, 0, null]);
  expect(files.classText(1)).toBe('ELF 64-bit');
  expect(list([...COMMON, ...NAMES]).classIndex(0)).toBeNull();
});

test('a package may have no files', () => {
  expect(list([[RpmTag.name, { string: 'x' }]]).count).toBe(0);
});

describe('refuses', () => {
  test.each([
    ['lists of other lengths', [[RpmTag.fileModes, { int16: [1] }]], /fileModes has 1 values for 3 files/],
    ['files without sizes', [], /3 files have no sizes/],
  ] as [string, [number, TagValue][], RegExp][])('%s', (_, tags, message) => {
    expect(() => list([...NAMES, ...tags])).toThrow(message);
  });

  test('directories that do not exist', () => {
    const [, baseNames, dirNames] = NAMES;
    const indexes: [number, TagValue] = [RpmTag.dirIndexes, { int32: [0, 2, 0] }];
    expect(() => list([...COMMON, indexes, baseNames ?? indexes, dirNames ?? indexes])).toThrow(
      /directory 2 of 2 does not exist/,
    );
    expect(() => list([...COMMON, baseNames ?? indexes])).toThrow(/no dirIndexes/);
  });
});

describe('what the files of a hostile header would come to', () => {
  const inOneDirectory = (count: number, directoryBytes: number): (readonly [number, TagValue])[] => {
    const each = <T>(value: T): T[] => Array.from({ length: count }, () => value);
    return [
      [RpmTag.fileSizes, { int32: each(1) }],
      [RpmTag.fileModes, { int16: each(0o100755) }],
      [RpmTag.baseNames, { strings: each('a') }],
      [RpmTag.dirNames, { strings: [`/${'d'.repeat(directoryBytes - 2)}/`] }],
      [RpmTag.dirIndexes, { int32: each(0) }],
    ];
  };

  test('a path is no longer than Linux allows', () => {
    expect(list(inOneDirectory(1, 4094)).path(0)).toHaveLength(4095);
    expect(() => list(inOneDirectory(1, 4095))).toThrow(/the path of file 0 has 4096 bytes/);
  });

  test('a directory that is said once counts for each of its files', () => {
    expect(list(inOneDirectory(16_384, 4094)).count).toBe(16_384);
    expect(() => list(inOneDirectory(16_400, 4094))).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  test('a MIME type is no longer than its standard allows', () => {
    const type = `text/${'x'.repeat(250)}`;
    const typed = (mimeType: string): string =>
      list([
        ...inOneDirectory(1, 10),
        [RpmTag.fileMimeIndex, { int32: [0] }],
        [RpmTag.mimeDict, { strings: [mimeType] }],
      ]).mimeType(0);
    expect(typed(type)).toBe(type);
    expect(typed(`${type}x`)).toBe('');
  });
});
