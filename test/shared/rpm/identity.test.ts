import { expect, test } from '@jest/globals';
import { RpmHeader } from '../../../shared/rpm/header.ts';
import { readRpmIdentity, statedBytes } from '../../../shared/rpm/identity.ts';
import { RpmSignatureTag, RpmTag } from '../../../shared/rpm/tags.ts';
import { buildRpmHeader } from '../../support/rpm-builder.ts';
import type { TagValue } from '../../support/rpm-builder.ts';

type Tags = (readonly [number, TagValue])[];

const header = (tags: Tags): RpmHeader => new RpmHeader(buildRpmHeader(tags, 63), 'header', 0);
const signature = (tags: Tags): RpmHeader => new RpmHeader(buildRpmHeader(tags, 62), 'signature', 0);

const LEAD = { major: 3, isSource: false };
const NAMED: Tags = [
  [RpmTag.name, { string: 'hello' }],
  [RpmTag.version, { string: '1.0' }],
  [RpmTag.release, { string: '2.fc40' }],
  [RpmTag.arch, { string: 'x86_64' }],
];
const BINARY: Tags = [...NAMED, [RpmTag.sourceRpm, { string: 'hello-1.0-2.fc40.src.rpm' }]];

test('says what the package calls itself', () => {
  const md5 = signature([[RpmSignatureTag.md5, { binary: Buffer.alloc(16, 0x5a) }]]);
  expect(readRpmIdentity(LEAD, md5, header([...BINARY, [RpmTag.epoch, { int32: [3] }]]))).toEqual({
    name: 'hello',
    epoch: 3,
    version: '1.0',
    release: '2.fc40',
    arch: 'x86_64',
    payloadHash: '5a'.repeat(16),
  });
});

test('has no payload hash where the package has none', () => {
  const none = signature([[1000, { int32: [1] }]]);
  expect(readRpmIdentity(LEAD, none, header(BINARY))).toMatchObject({ epoch: null, payloadHash: null });
  const short = signature([[RpmSignatureTag.md5, { binary: Buffer.alloc(8) }]]);
  expect(readRpmIdentity(LEAD, short, header(BINARY)).payloadHash).toBeNull();
});

test.each([
  ['a binary package', BINARY, LEAD, 'x86_64'],
  ['a source package', [...NAMED, [RpmTag.sourcePackage, { int32: [1] }]], LEAD, 'src'],
  ['an old source package', NAMED, { major: 3, isSource: true }, 'src'],
  ['a package of another tool', NAMED, LEAD, 'x86_64'],
  [
    'one without its source',
    [...NAMED, [RpmTag.sourcePackage, { int32: [1] }], [RpmTag.noSource, { int32: [0] }]],
    LEAD,
    'nosrc',
  ],
  [
    'one without its patch',
    [...NAMED, [RpmTag.sourcePackage, { int32: [1] }], [RpmTag.noPatch, { int32: [0] }]],
    LEAD,
    'nosrc',
  ],
] as [string, Tags, typeof LEAD, string][])('the arch of %s', (_, tags, lead, arch) => {
  expect(readRpmIdentity(lead, signature([]), header(tags)).arch).toBe(arch);
});

test('a package without a name is none', () => {
  expect(() => readRpmIdentity(LEAD, signature([]), header(BINARY.slice(1)))).toThrow(
    'the package has no name',
  );
});

test('the size is stated in one of three places, or nowhere', () => {
  const [empty, none] = [signature([]), header(BINARY)];
  expect(statedBytes(signature([[RpmSignatureTag.size, { int32: [500] }]]), none, 100)).toBe(500);
  const long = signature([
    [RpmSignatureTag.longSize, { int64: [2 ** 33] }],
    [RpmSignatureTag.size, { int32: [1] }],
  ]);
  expect(statedBytes(long, none, 100)).toBe(2 ** 33);
  expect(statedBytes(empty, header([...BINARY, [RpmTag.payloadSize, { int64: [900] }]]), 100)).toBe(1000);
  expect(statedBytes(empty, none, 100)).toBeNull();
});
