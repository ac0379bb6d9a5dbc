import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { linesOf, scanBytes } from '../../support/scan.ts';

const A = '00112233445566778899aabbccddeeff01234567';
const B = 'bb112233445566778899aabbccddeeff01234567';
const elfClass = (id: string): string => `ELF 64-bit LSB pie executable, BuildID[sha1]=${id}, stripped`;

describe('header evidence', () => {
  const known: RpmFile = { path: '/usr/bin/a', data: simpleElf(A), fileClass: elfClass(A) };
  const text: RpmFile = {
    path: '/etc/text',
    data: Buffer.alloc(100, 'x'),
    fileClass: 'ASCII text',
    mode: 0o100644,
  };
  const unsaid: RpmFile = {
    path: '/usr/bin/b',
    data: simpleElf(B),
    fileClass: 'ELF 64-bit LSB executable, too many notes (256)',
  };
  const big: RpmFile = {
    path: '/usr/share/zeros',
    data: randomBytes(2_000_000),
    fileClass: '',
    mode: 0o100644,
  };

  test('where it proves all, no payload is read', async () => {
    const source = new RpmInMemory(buildRpm({ files: [known, text, big] }), { chunkBytes: 1000 });
    const scan = await scanRpm(source, { mode: 'auto' });
    expect(linesOf(scan)).toEqual([`/usr/bin/a ${A} executable file-class`]);
    expect(scan.bytesRead).toBeLessThan(5000);
    expect(source).toMatchObject({ opened: [0], closed: 1 });
  });

  test('where it does not, the payload is read as far as the last file that must be', async () => {
    const source = new RpmInMemory(buildRpm({ files: [known, unsaid, text, big], compression: 'xz' }), {
      chunkBytes: 4096,
    });
    const scan = await scanRpm(source, { mode: 'auto' });
    expect(linesOf(scan)).toEqual([
      `/usr/bin/a ${A} executable file-class`,
      `/usr/bin/b ${B} executable payload`,
    ]);
    expect(scan.bytesRead).toBeLessThan(scan.size / 2);
    expect(source.closed).toBe(1);
  });

  test('header mode leaves out what it cannot prove', async () => {
    const rpm = buildRpm({ files: [known, unsaid] });
    expect(linesOf(await scanBytes(rpm, 'header'))).toEqual([`/usr/bin/a ${A} executable file-class`]);
  });

  test('a file whose kind the path leaves open is read in auto mode, and guessed in header mode', async () => {
    const rpm = buildRpm({ files: [{ ...known, path: '/usr/lib/debug/boot/kernel' }] });
    expect(linesOf(await scanBytes(rpm, 'auto'))).toEqual([
      `/usr/lib/debug/boot/kernel ${A} executable payload`,
    ]);
    expect(linesOf(await scanBytes(rpm, 'header'))).toEqual([
      `/usr/lib/debug/boot/kernel ${A} executable file-class`,
    ]);
  });

  test('one of several hard links may be the one that must be read', async () => {
    const data = simpleElf(B);
    const classes = ['ELF 64-bit LSB executable, too many notes (256)', elfClass(B), elfClass(B)];
    const files = ['/a', '/b', '/c'].map((path, i) => ({
      path,
      data,
      inode: 7,
      fileClass: classes[i] ?? '',
    }));
    for (const form of ['newc', 'stripped'] as const) {
      expect(linesOf(await scanBytes(buildRpm({ files, form }), 'auto'))).toEqual([
        `/a ${B} executable payload`,
        `/b ${B} executable file-class`,
        `/c ${B} executable file-class`,
      ]);
    }
  });

  test('ghosts have a class and are not in the payload', async () => {
    const files = [known, { ...unsaid, flags: 64, isAbsent: true, fileClass: elfClass(B) }];
    for (const mode of ['auto', 'payload', 'header'] as const) {
      const scan = await scanBytes(buildRpm({ files }), mode);
      expect(scan.files.map(({ path }) => path)).toEqual(['/usr/bin/a']);
      expect(scan.warnings).toEqual([]);
    }
  });
});
