import { describe, expect, test } from '@jest/globals';
import { ChunkReader } from '../../../daemon/indexer/chunk-reader.ts';
import { readHeaderEvidence } from '../../../daemon/indexer/evidence.ts';
import { readRpmHead } from '../../../daemon/indexer/rpm-head.ts';
import { RpmTag } from '../../../shared/rpm/tags.ts';
import { BARE_ELF, ELF, ID, verdict } from '../../support/header-evidence.ts';
import { buildRpm } from '../../support/rpm-builder.ts';
import type { TagValue } from '../../support/rpm-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';

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

test.each([
  ['text/plain', 'none'],
  ['text/x-shellscript', 'none'],
  ['image/png', 'none'],
  ['application/gzip', 'none'],
  ['inode/x-empty', 'none'],
  ['application/x-executable', 'cannot say'],
  ['application/x-pie-executable', 'cannot say'],
  ['application/x-sharedlib', 'cannot say'],
  ['application/x-object', 'cannot say'],
  ['application/octet-stream', 'cannot say'],
  ['application/zip-of-some-other-kind', 'cannot say'],
  ['', 'cannot say'],
])('by MIME type: %s: %s', async (mimeType, expected) => {
  expect(await verdict({ mimeType })).toBe(expected);
  expect(await verdict({ mimeType, path: '/lib/modules/6.1/a.ko.xz' })).toBe('cannot say');
  expect(await verdict({ mimeType, path: '/usr/bin/tool.pm' })).toBe('cannot say');
});

test('a class of thousands of characters is nothing that libmagic says', async () => {
  const padded = (bytes: number): string => ELF.padEnd(bytes, ' ');
  expect(await verdict({ fileClass: padded(4096) })).toBe(`${ID} executable`);
  expect(await verdict({ fileClass: padded(4097) })).toBe('cannot say');
});

test('MIME types belong to their files', async () => {
  const files = ['text/plain', 'application/x-sharedlib', 'image/png', 'text/plain'].map((mimeType, i) => ({
    path: `/usr/lib/file${i}`,
    size: 1000,
    mimeType,
  }));
  const { chunks } = await new RpmInMemory(buildRpm({ files, format: 6 })).open(0);
  const head = await readRpmHead(new ChunkReader(chunks, 0));
  expect(readHeaderEvidence(head)).toMatchObject({ proved: [], unknown: [1] });
});

describe('by name', () => {
  test.each([
    ['/usr/src/debug/x-1.0/src/main.c', 'none'],
    ['/usr/src/debug/x-1.0/main.cpp', 'none'],
    ['/usr/src/debug/x-1.0/main', 'cannot say'],
    ['/usr/src/debug/x-1.0/main.so', 'cannot say'],
    ['/usr/src/x-1.0/main.c', 'cannot say'],
    ['/usr/lib/debug/usr/bin/main.c', 'cannot say'],
  ])('without classes, the sources of a debuginfo package hold none: %s: %s', async (path, expected) => {
    expect(await verdict({ path })).toBe(expected);
  });

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

describe('ELF without an id in its class, where libmagic printed ids', () => {
  const path = '/usr/lib/crt1.o';
  const none = 'none';

  test.each([
    [BARE_ELF, none],
    ['ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), for GNU/Linux 3.2.0, not stripped', none],
    ['ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), with debug_info, not stripped', none],
    ['ELF 32-bit MSB relocatable, MIPS, MIPS32 rel2 version 1 (SYSV), stripped', none],
    [
      'ELF 64-bit LSB shared object, no machine, version 1 (embedded), dynamically linked, with debug_info, not stripped',
      none,
    ],
    ['ELF 64-bit LSB executable, x86-64, version 1 (SYSV), statically linked, not stripped', none],
    ['ELF 64-bit LSB shared object, x86-64, version 1 (SYSV), dynamically linked, stripped', none],
    [
      'setuid ELF 64-bit LSB executable, x86-64, version 1 (SYSV), statically linked, no section header',
      none,
    ],
    [
      'ELF 64-bit LSB executable, x86-64, version 1 (SYSV), statically linked, Go BuildID=a/b, stripped',
      none,
    ],
    // libmagic gave up before its end, or says that it passed something over.
    ['ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV)', 'cannot say'],
    [
      'ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), missing section headers at 3147184',
      'cannot say',
    ],
    [`${BARE_ELF}, too many notes (256)`, 'cannot say'],
    [
      'ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), too many section headers (40000), not stripped',
      'cannot say',
    ],
    [
      'ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), BuildID[sha1]=0x33221100, stripped',
      'cannot say',
    ],
    [
      'ELF 64-bit LSB shared object, no machine, version 1 (embedded), BuildID[sha1]=0x33221100, stripped',
      'cannot say',
    ],
  ])('%s: %s', async (fileClass, expected) => {
    expect(await verdict({ path, fileClass }, '4.18.0')).toBe(expected);
    expect(await verdict({ path, fileClass }, '4.8.0')).toBe('cannot say');
  });

  test.each([
    ['4.14.1', none],
    ['4.14', none],
    ['4.100.0', none],
    ['5.0', none],
    ['6.0.1', none],
    ['10.1', none],
    ['4.13.0-rc1', 'cannot say'],
    ['4.4.2', 'cannot say'],
    ['3.0', 'cannot say'],
    ['', 'cannot say'],
    ['new', 'cannot say'],
    [null, 'cannot say'],
  ])('rpm %s: %s', async (rpmVersion, expected) => {
    expect(await verdict({ path, fileClass: BARE_ELF }, rpmVersion)).toBe(expected);
  });

  test('another file of the package shows it too', async () => {
    const files = [
      { path: '/usr/bin/x', size: 1000, fileClass: ELF },
      { path, size: 1000, fileClass: BARE_ELF },
    ];
    const { chunks } = await new RpmInMemory(buildRpm({ files })).open(0);
    const head = await readRpmHead(new ChunkReader(chunks, 0));
    expect(readHeaderEvidence(head)).toMatchObject({ proved: [{ index: 0 }], unknown: [] });
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

describe('colours, where libmagic says nothing', () => {
  const unlookedAt = { path: '/usr/bin/page.html', fileClass: 'HTML document' };
  const octets = { path: '/usr/bin/x', mimeType: 'application/octet-stream' };

  test.each([
    [unlookedAt, 0, '4.18.0', 'none'],
    [unlookedAt, 2, '4.18.0', 'cannot say'],
    [unlookedAt, 1, '6.0.0', 'cannot say'],
    [unlookedAt, 0, '4.17.9', 'cannot say'],
    [unlookedAt, null, '4.18.0', 'cannot say'],
    [octets, 0, '6.0.0', 'none'],
    [octets, 2, '6.0.0', 'cannot say'],
    // libelf is asked about what may be executed only.
    [{ ...octets, mode: 0o100644 }, 0, '6.0.0', 'cannot say'],
    [{ ...octets, path: '/dev/x' }, 0, '6.0.0', 'cannot say'],
    [{ ...octets, path: '/lib/modules/6.1/a.ko.xz' }, 0, '6.0.0', 'cannot say'],
  ])('%o with colour %p by rpm %s: %s', async (file, color, rpmVersion, expected) => {
    const extraTags: [number, TagValue][] = color === null ? [] : [[RpmTag.fileColors, { int32: [color] }]];
    expect(await verdict(file, rpmVersion, extraTags)).toBe(expected);
  });
});
