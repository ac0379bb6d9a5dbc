import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askDebuginfoBeside, askDebuginfoOf } from '../../../daemon/indexer/debuginfo-links.ts';
import type { AskDebuginfo } from '../../../daemon/indexer/debuginfo-links.ts';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { RpmSource } from '../../../daemon/indexer/types.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import type { KojiRpm } from '../../../shared/koji.ts';
import { RpmTag } from '../../../shared/rpm/tags.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { linesOf } from '../../support/scan.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const LINKED = '00112233445566778899aabbccddeeff01234567';
const UNLINKED = 'ff112233445566778899aabbccddeeff01234567';
/** What the libmagic of RHEL 6 says of a program, whatever its notes. */
const SILENT = 'ELF 64-bit LSB executable, x86-64, version 1 (SYSV), dynamically linked, stripped';
const never = new AbortController().signal;

function oldRpm(name: string, arch: string, files: RpmFile[]): Buffer {
  return buildRpm({
    name,
    files,
    extraTags: [
      [RpmTag.rpmVersion, { string: '4.8.0' }],
      [RpmTag.sourceRpm, { string: 'tool-1.0-1.src.rpm' }],
      [RpmTag.arch, { string: arch }],
    ],
  });
}

const linkTo = (target: string, id: string): RpmFile => ({
  path: `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}`,
  linkTo: target,
  size: target.length,
});
const debuginfo = (arch = 'x86_64'): Buffer =>
  oldRpm('tool-debuginfo', arch, [
    linkTo('../../../../../usr/bin/a', LINKED),
    linkTo('../../usr/bin/own.debug', UNLINKED),
    { path: '/usr/lib/debug/usr/bin/own.debug', size: 1000 },
  ]);
const main = (...names: string[]): Buffer =>
  oldRpm(
    'tool-libs',
    'x86_64',
    names.map((name) => ({
      path: `/usr/bin/${name}`,
      data: simpleElf(name === 'a' ? LINKED : UNLINKED),
      fileClass: SILENT,
    })),
  );

async function linesWith(
  askDebuginfo: AskDebuginfo,
  mode: 'auto' | 'header',
  rpm = main('a'),
): Promise<string[]> {
  return linesOf(await scanRpm(new RpmInMemory(rpm), { mode, askDebuginfo }));
}

describe('a local RPM whose header says nothing', () => {
  function beside(files: Record<string, Uint8Array>): RpmSource & { ask: AskDebuginfo } {
    const directory = temporaryDirectory();
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
    const path = join(directory, 'tool-libs-1.0-1.x86_64.rpm');
    return Object.assign(new FileRpmSource(path), { ask: askDebuginfoBeside(path, never) });
  }
  const rpm = { 'tool-libs-1.0-1.x86_64.rpm': main('a') };

  test.each(['auto', 'header'] as const)(
    'is spoken for by the debuginfo package beside it, in %s mode',
    async (mode) => {
      const source = beside({ ...rpm, 'tool-debuginfo-1.0-1.x86_64.rpm': debuginfo() });
      const scan = await scanRpm(source, { mode, askDebuginfo: source.ask });
      expect(linesOf(scan)).toEqual([`/usr/bin/a ${LINKED} executable debuginfo-link`]);
    },
  );

  test.each([
    ['there is none', {}],
    ['it is of another architecture', { 'tool-debuginfo-1.0-1.i686.rpm': debuginfo('i686') }],
    ['it is broken', { 'tool-debuginfo-1.0-1.x86_64.rpm': debuginfo().subarray(0, 300) }],
  ])('and if %s, is read itself', async (_, others) => {
    const source = beside({ ...rpm, ...others });
    const scan = await scanRpm(source, { mode: 'auto', askDebuginfo: source.ask });
    expect(linesOf(scan)).toEqual([`/usr/bin/a ${LINKED} executable payload`]);
  });
});

describe('an RPM of a Koji build whose header says nothing', () => {
  const kojiRpm = (name: string, arch = 'x86_64'): KojiRpm =>
    ({ name, arch, metadataOnly: false }) as KojiRpm;
  const BUILD = [
    kojiRpm('tool-libs'),
    kojiRpm('tool-debuginfo-common'),
    kojiRpm('tool-debuginfo'),
    kojiRpm('tool-debuginfo', 'i686'),
  ];

  test('is spoken for by the debuginfo packages of its architecture, each read once', async () => {
    const opened: string[] = [];
    const ask = askDebuginfoOf(
      BUILD,
      ({ name, arch }) => {
        opened.push(`${name}.${arch}`);
        return new RpmInMemory(debuginfo(arch));
      },
      never,
    );
    expect(await linesWith(ask, 'auto')).toEqual([`/usr/bin/a ${LINKED} executable debuginfo-link`]);
    expect(await linesWith(ask, 'header')).toEqual([`/usr/bin/a ${LINKED} executable debuginfo-link`]);
    expect(opened).toEqual(['tool-debuginfo.x86_64']);
  });

  test('is read where one of its files has no link, and the links to the others hold', async () => {
    const ask = askDebuginfoOf(BUILD, () => new RpmInMemory(debuginfo()), never);
    expect(await linesWith(ask, 'auto', main('a', 'b'))).toEqual([
      `/usr/bin/a ${LINKED} executable debuginfo-link`,
      `/usr/bin/b ${UNLINKED} executable payload`,
    ]);
  });

  test('is not asked for where its own header speaks', async () => {
    const rpm = buildRpm({
      files: [
        { path: '/usr/bin/a', size: 1000, fileClass: SILENT.replace(', s', `, BuildID[sha1]=${LINKED}, s`) },
      ],
    });
    const ask: AskDebuginfo = () => Promise.reject(new Error('nobody should ask'));
    expect(await linesWith(ask, 'header', rpm)).toEqual([`/usr/bin/a ${LINKED} executable file-class`]);
  });

  test('is called off while its debuginfo package is read', async () => {
    const controller = new AbortController();
    const stopped = new DarkserverError('stopped', 'called off');
    const open = (): RpmSource => ({
      name: 'x',
      open: () => {
        controller.abort();
        return Promise.reject(stopped);
      },
    });
    await expect(linesWith(askDebuginfoOf(BUILD, open, controller.signal), 'auto')).rejects.toBe(stopped);
  });
});
