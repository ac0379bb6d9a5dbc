import { describe, expect, test } from '@jest/globals';
import { readHeaderEvidence } from '../../../daemon/indexer/evidence.ts';
import { readRpmHead } from '../../../daemon/indexer/rpm-head.ts';
import { ChunkReader } from '../../../daemon/indexer/chunk-reader.ts';
import type { HeaderEvidence } from '../../../daemon/indexer/evidence.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import type { RpmFile } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';

const ID = '00112233445566778899aabbccddeeff01234567';
const ELF = `ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, BuildID[sha1]=${ID}, stripped`;
const BARE_ELF = 'ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), not stripped';

async function evidenceOf(file: Partial<RpmFile>): Promise<HeaderEvidence> {
  const rpm = buildRpm({ files: [{ path: '/usr/bin/x', size: 1000, ...file }] });
  const { chunks } = await new RpmInMemory(rpm).open(0);
  return readHeaderEvidence((await readRpmHead(new ChunkReader(chunks, 0))).files);
}

async function verdict(file: Partial<RpmFile>): Promise<string> {
  const { proved, unknown } = await evidenceOf(file);
  if (unknown.length > 0) return 'cannot say';
  const [found] = proved;
  return found === undefined ? 'none' : `${found.buildId} ${found.kind}${found.isKindSure ? '' : '?'}`;
}

describe('by class', () => {
  test.each([
    [ELF, `${ID} executable`],
    [`setuid ${ELF}`, `${ID} executable`],
    [`setuid, setgid ${ELF}`, `${ID} executable`],
    [
      'ELF 64-bit LSB shared object, BuildID[xxHash]=0011223344556677, stripped',
      '0011223344556677 executable',
    ],
    [
      'ELF 32-bit LSB shared object, BuildID[md5/uuid]=00112233445566778899aabbccddeeff',
      '00112233445566778899aabbccddeeff executable',
    ],
    // RHEL 6's libmagic prints no ids, and newer ones none of unusual lengths.
    [
      'ELF 32-bit LSB executable, Intel 80386, version 1 (SYSV), dynamically linked (uses shared libs), stripped',
      'cannot say',
    ],
    [BARE_ELF, 'cannot say'],
    // Some versions of libmagic printed the id as numbers of 32 bits.
    ['ELF 64-bit LSB executable, BuildID[sha1]=0x33221100776655443322110077665544', 'cannot say'],
    ['ELF 64-bit LSB executable, BuildID[sha1]=001, stripped', 'cannot say'],
    ['data inside an ELF file', 'cannot say'],
    ['ASCII text', 'none'],
    ['', 'none'],
    ['current ar archive', 'none'],
    ['troff or preprocessor input, ASCII text (gzip compressed data, max compression, from Unix)', 'none'],
    // libmagic looked inside: the file itself is gzip.
    [`${BARE_ELF} (gzip compressed data)`, 'none'],
    [`${ELF} (XZ compressed data)`, 'none'],
  ])('%s: %s', async (fileClass, expected) => {
    expect(await verdict({ fileClass })).toBe(expected);
  });

  test('a package without classes says nothing', async () => {
    expect(await verdict({})).toBe('cannot say');
  });
});

describe('by name', () => {
  test.each(['xz', 'zst', 'gz'])(
    'a kernel module in .ko.%s must be read, whatever its class',
    async (suffix) => {
      const path = `/lib/modules/6.1/a.ko.${suffix}`;
      for (const fileClass of [
        '',
        'ASCII text',
        `${BARE_ELF} (XZ compressed data)`,
        'empty (Zstandard compressed data)',
      ]) {
        expect(await verdict({ path, fileClass })).toBe('cannot say');
      }
      expect(
        await verdict({ path: `/x/a.txt.${suffix}`, fileClass: 'ASCII text (gzip compressed data)' }),
      ).toBe('none');
    },
  );

  test('rpm asks nobody about files with some suffixes, so that one that can run must be read', async () => {
    const fileClass = 'Perl5 module source text';
    expect(await verdict({ path: '/usr/lib/x.pm', fileClass, mode: 0o100755 })).toBe('cannot say');
    expect(await verdict({ path: '/usr/lib/x.pm', fileClass, mode: 0o100644 })).toBe('none');
    expect(await verdict({ path: '/usr/lib/x.c', fileClass: '', mode: 0o100755 })).toBe('cannot say');
  });

  test('nor about files below /dev', async () => {
    expect(await verdict({ path: '/dev/x', fileClass: '' })).toBe('cannot say');
    expect(await verdict({ path: '/develop/x', fileClass: '' })).toBe('none');
  });
});

describe('files that hold none', () => {
  test.each([
    ['a directory', { mode: 0o040755 }],
    ['a symbolic link', { mode: 0o120777 }],
    ['a ghost, though its class has an id', { flags: 64 }],
    ['a file too small for a note', { size: 69 }],
  ])('%s', async (_, file) => {
    expect(await verdict({ fileClass: ELF, ...file })).toBe('none');
  });
});

describe('the kind', () => {
  test.each([
    ['/usr/lib/debug/usr/bin/x-1.0-1.x86_64.debug', ELF, 'debuginfo'],
    ['/usr/lib/debug/.dwz/x-1.0-1.x86_64', ELF, 'debuginfo'],
    ['/usr/lib/debug/usr/bin/x', ELF.replace('dynamically linked', 'interpreter *empty*'), 'debuginfo'],
    ['/usr/lib/debug/lib/modules/6.1/a.ko', ELF.replace(' pie executable', ' relocatable'), 'debuginfo'],
    // A kernel with all of its code, or the debuginfo file of one: only its content tells.
    ['/usr/lib/debug/lib/modules/6.1/vmlinux', ELF, 'executable?'],
    ['/opt/x/x.debug', ELF, 'debuginfo?'],
    ['/opt/x/x', ELF.replace('dynamically linked', 'interpreter *empty*'), 'executable?'],
    ['/usr/lib/libx.so', ELF, 'executable'],
  ])('of %s', async (path, fileClass, kind) => {
    expect(await verdict({ path, fileClass })).toBe(`${ID} ${kind}`);
  });
});
