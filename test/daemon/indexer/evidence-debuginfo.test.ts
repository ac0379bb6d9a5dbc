import { describe, expect, test } from '@jest/globals';
import { RpmTag } from '../../../shared/rpm/tags.ts';
import { ELF, ID, verdict } from '../../support/header-evidence.ts';
import type { RpmFile, TagValue } from '../../support/rpm-builder.ts';

describe('the kind', () => {
  test.each([
    ['/usr/lib/debug/usr/bin/x-1.0-1.x86_64.debug', ELF, 'debuginfo'],
    ['/usr/lib/debug/.dwz/x-1.0-1.x86_64', ELF, 'debuginfo'],
    ['/usr/lib/debug/usr/bin/x', ELF.replace('dynamically linked', 'interpreter *empty*'), 'debuginfo'],
    [
      '/usr/lib/debug/lib/modules/6.1/kernel/a.ko',
      ELF.replace(' pie executable', ' relocatable'),
      'executable',
    ],
    ['/usr/lib/debug/opt/a.o', ELF.replace(' pie executable', ' relocatable'), 'executable?'],
    ['/usr/lib/debug/lib/modules/6.1/vmlinux', ELF, 'executable'],
    ['/usr/lib/debug/boot/vmlinux-6.1.0-50-amd64', ELF, 'executable'],
    ['/usr/lib/debug/usr/lib/xen-4.17/boot/xen-shim-syms', ELF, 'executable'],
    ['/usr/lib/debug/lib/modules/6.1/vdso/vdso64.so', ELF, 'executable'],
    // A program with all of its code, or the debuginfo file of one: only its content tells.
    ['/usr/lib/debug/usr/bin/x', ELF, 'executable?'],
    ['/usr/lib/debug/libc.so.6', ELF.replace('pie executable', 'shared object'), 'executable?'],
    ['/opt/x/x.debug', ELF, 'debuginfo?'],
    ['/opt/x/x', ELF.replace('dynamically linked', 'interpreter *empty*'), 'executable?'],
    ['/usr/lib/libx.so', ELF, 'executable'],
  ])('of %s', async (path, fileClass, kind) => {
    expect(await verdict({ path, fileClass })).toBe(`${ID} ${kind}`);
  });

  test('of a library at its path below /usr/lib/debug, as debhelper once put its debuginfo', async () => {
    const file = {
      path: '/usr/lib/debug/usr/lib/libx.so',
      fileClass: ELF.replace('pie executable', 'shared object'),
    };
    expect(await verdict({ ...file, mode: 0o100644 })).toBe(`${ID} debuginfo`);
    expect(await verdict({ ...file, mode: 0o100755 })).toBe(`${ID} executable?`);
  });
});

describe('what a debuginfo package provides', () => {
  const file = { path: '/usr/lib/debug/usr/bin/x.debug', mimeType: 'application/x-executable' };
  const provides = (...pairs: [string, string][]): [number, TagValue][] => [
    [RpmTag.provideName, { strings: pairs.map(([name]) => name) }],
    [RpmTag.provideVersion, { strings: pairs.map(([, version]) => version) }],
  ];
  const id: [string, string] = ['debuginfo(build-id)', ID];
  const other: [string, string] = ['debuginfo(build-id)', ID.replace('00', 'ff')];
  const self: [string, string] = ['x-debuginfo', '1.0-1'];

  test.each([
    ['one build-id, of its one file', file, [self, id], `${ID} debuginfo`],
    ['the same one twice', file, [id, id], `${ID} debuginfo`],
    ['two', file, [id, other], 'cannot say'],
    ['none', file, [self], 'cannot say'],
    ['no id', file, [['debuginfo(build-id)', 'x']], 'cannot say'],
    ['one, and a file that is no debuginfo', { ...file, path: '/usr/bin/x.debug' }, [id], 'cannot say'],
    ['one, and a file without the suffix', { ...file, path: '/usr/lib/debug/x' }, [id], 'cannot say'],
  ] as [string, Partial<RpmFile>, [string, string][], string][])('%s', async (_, silent, pairs, expected) => {
    expect(await verdict(silent, '6.0.0', provides(...pairs))).toBe(expected);
  });
});
