import { expect, test } from '@jest/globals';
import { ChunkReader } from '../../../daemon/indexer/chunk-reader.ts';
import { readHeaderEvidence } from '../../../daemon/indexer/evidence.ts';
import { readRpmHead } from '../../../daemon/indexer/rpm-head.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import { RpmTag } from '../../../shared/rpm/tags.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';

const ID = '00112233445566778899aabbccddeeff01234567';
const OTHER = 'ff112233445566778899aabbccddeeff01234567';
const LONG = `${ID}${'89'.repeat(12)}`;
const SHORT = '0011223344556677';
const REST = ID.slice(2);
const ELF = 'ELF 64-bit LSB executable, x86-64, version 1 (SYSV), dynamically linked, stripped';
const ELF_WITH_ID = ELF.replace(', stripped', `, BuildID[sha1]=${OTHER}, stripped`);

const link = (path: string, linkTo: string): RpmFile => ({ path, linkTo, size: linkTo.length });
const inMain = (name: string, target = '../../../../usr/bin/x'): RpmFile =>
  link(`/usr/lib/.build-id/00/${name}`, target);
const inDebug = (name: string, target: string): RpmFile =>
  link(`/usr/lib/debug/.build-id/00/${name}`, target);

/** A line for each file: path, build-id and kind ("?" if unsure) by the header, or "cannot say". */
async function verdicts(...files: RpmFile[]): Promise<string[]> {
  const { chunks } = await new RpmInMemory(buildRpm({ files })).open(0);
  const head = await readRpmHead(new ChunkReader(chunks, 0));
  const { proved, unknown } = readHeaderEvidence(head);
  const list = head.files;
  return [
    ...proved.map(({ index, buildId, kind, isKindSure, evidence }) =>
      [list.path(index), buildId, `${kind}${isKindSure ? '' : '?'}`, evidence].join(' '),
    ),
    ...unknown.map((index) => `${list.path(index)} cannot say`),
  ].sort();
}

const program: RpmFile = { path: '/usr/bin/x', size: 1000 };

test.each([
  ['relative', inMain(REST)],
  ['absolute', inMain(REST, '/usr/bin/x')],
  ['with empty and "." parts', inMain(REST, '../.././../..//usr/bin/x')],
  ['numbered, since another file has the id too', inMain(`${REST}.1`)],
  ['in the tree of debuginfo files', inDebug(REST, '../../../../../usr/bin/x')],
])('a link to a program without a class proves its id: %s', async (_, file) => {
  expect(await verdicts(file, program)).toEqual([`/usr/bin/x ${ID} executable link`]);
});

test.each(['.debug', '.debug.1', '.1.debug'])('a link %s proves the id of a debuginfo file', async (end) => {
  const path = '/usr/lib/debug/usr/bin/x.debug';
  expect(await verdicts(inDebug(`${REST}${end}`, '../../usr/bin/x.debug'), { ...program, path })).toEqual([
    `${path} ${ID} debuginfo link`,
  ]);
});

test('below the directory of debuginfo, only a name shows that it is one', async () => {
  const path = '/usr/lib/debug/boot/kernel';
  const file = inDebug(`${REST}.debug`, '../../boot/kernel');
  expect(await verdicts(file, { ...program, path })).toEqual([`${path} ${ID} executable? link`]);
});

test.each([
  ['out of the package', inMain(REST, '../../../../usr/bin/elsewhere')],
  ['above the root', inMain(REST, '../../../../../usr/bin/x')],
  ['nowhere', inMain(REST, '')],
  ['from another directory', link(`/opt/.build-id/00/${REST}`, '/usr/bin/x')],
  ['from deeper in the tree', inMain(`11/${REST}`, '/usr/bin/x')],
  ['by a name that is no id', inMain(`${REST}.old`)],
  ['by a name of half a byte', inMain(REST.slice(1))],
  ['by a name of too many bytes', inMain('00'.repeat(64))],
  ['and is a file', { ...inMain(REST), mode: 0o100644, size: 10 }],
])('a link that leads %s proves nothing', async (_, file) => {
  expect(await verdicts(file, program)).toEqual(['/usr/bin/x cannot say']);
});

test('a link to a target that is longer than any path says nothing', async () => {
  const target = (bytes: number): string => '/usr/bin/x'.padStart(bytes, '/');
  expect(await verdicts(program, inMain(REST, target(4096)))).toEqual([`/usr/bin/x ${ID} executable link`]);
  expect(await verdicts(program, inMain(REST, target(4097)))).toEqual(['/usr/bin/x cannot say']);
});

test('of links that contradict each other none is believed', async () => {
  const other = link(`/usr/lib/.build-id/ff/${OTHER.slice(2)}`, '../../../../usr/bin/x');
  expect(await verdicts(inMain(REST), other, inMain(`${REST}.1`), program)).toEqual([
    '/usr/bin/x cannot say',
  ]);
  expect(await verdicts(inMain(REST), inMain(`${REST}.1`), program)).toEqual([
    `/usr/bin/x ${ID} executable link`,
  ]);
});

test('a class without an id leaves it to the link, unless it would name an id of that length', async () => {
  const known: RpmFile = { path: '/usr/bin/known', size: 1000, fileClass: ELF_WITH_ID };
  const silent: RpmFile = { ...program, fileClass: ELF };
  const proof = (id: string): string => `/usr/bin/x ${id} executable link`;
  expect(await verdicts(inMain(REST), silent)).toEqual([proof(ID)]);
  const knownLine = `/usr/bin/known ${OTHER} executable file-class`;
  expect(await verdicts(inMain(REST), silent, known)).toEqual([knownLine, '/usr/bin/x cannot say']);
  expect(await verdicts(inMain(LONG.slice(2)), silent, known)).toEqual([knownLine, proof(LONG)]);
  expect(await verdicts(inMain(SHORT.slice(2)), silent, known)).toEqual([knownLine, proof(SHORT)]);
});

test('a class with an id is not asked twice', async () => {
  expect(await verdicts(inMain(REST), { ...program, fileClass: ELF_WITH_ID })).toEqual([
    `/usr/bin/x ${OTHER} executable file-class`,
  ]);
});

test('a compressed module is not what a link says of it', async () => {
  const path = '/lib/modules/6.1/a.ko.xz';
  expect(await verdicts(inMain(REST, path), { ...program, path })).toEqual([`${path} cannot say`]);
});

test('a path that is not UTF-8 is found by its bytes', async () => {
  const path = Buffer.from('/usr/bin/caf\xe9', 'latin1');
  const file: RpmFile = { ...inMain(REST), linkTo: Buffer.from('../../../../usr/bin/caf\xe9', 'latin1') };
  const [line] = await verdicts(file, { path, size: 1000 });
  expect(line).toContain(`${ID} executable link`);
});

test('a debuginfo package without classes is known by its links, and its payload is not read', async () => {
  const path = '/usr/lib/debug/usr/bin/x.debug';
  const files = [
    inDebug(`${REST}.debug`, '../../usr/bin/x.debug'),
    inDebug(REST, '../../../../../usr/bin/x'),
    { path, data: simpleElf(ID) },
    { path: '/usr/src/debug/x-1.0/x.c', size: 1000, mode: 0o100644 },
  ];
  const rpm = buildRpm({ files, rawPayload: Buffer.from('not a payload') });
  for (const mode of ['auto', 'header'] as const) {
    const scan = await scanRpm(new RpmInMemory(rpm), { mode });
    expect(scan.files).toEqual([{ path, buildId: ID, kind: 'debuginfo', evidence: 'link' }]);
  }
});

test('a package of rpm 6 is known by its links and MIME types, as far as they go', async () => {
  const files = [
    { path: '/usr/bin/x', data: simpleElf(ID), mimeType: 'application/x-pie-executable' },
    { ...inMain(REST), mimeType: 'inode/symlink' },
    { path: '/usr/share/doc/x', size: 1000, mode: 0o100644, mimeType: 'text/plain' },
  ];
  const rawPayload = Buffer.from('not a payload');
  const scan = await scanRpm(new RpmInMemory(buildRpm({ files, format: 6, rawPayload })), { mode: 'auto' });
  expect(scan.files).toEqual([{ path: '/usr/bin/x', buildId: ID, kind: 'executable', evidence: 'link' }]);
  const library = { path: '/usr/lib/x.so', data: simpleElf(ID), mimeType: 'application/x-sharedlib' };
  const rpm = buildRpm({ files: [...files, library], format: 6, rawPayload });
  await expect(scanRpm(new RpmInMemory(rpm), { mode: 'auto' })).rejects.toMatchObject({ code: 'format' });
});

test('a recent rpm whose libmagic named no id of a file that has a usual one names none at all', async () => {
  const files = [inMain(REST), program, { path: '/usr/bin/y', size: 1000 }].map((file) => ({
    ...file,
    fileClass: file.linkTo === undefined ? ELF : '',
  }));
  const extraTags = [[RpmTag.rpmVersion, { string: '4.18.0' }]] as const;
  const { chunks } = await new RpmInMemory(buildRpm({ files, extraTags })).open(0);
  const evidence = readHeaderEvidence(await readRpmHead(new ChunkReader(chunks, 0)));
  expect(evidence.proved).toMatchObject([{ index: 1, buildId: ID, evidence: 'link' }]);
  expect(evidence.unknown).toEqual([2]);
});
