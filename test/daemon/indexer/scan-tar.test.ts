import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanTar } from '../../../daemon/indexer/scan-tar.ts';
import {
  PT_NOTE,
  SHF_ALLOC,
  SHT_NOTE,
  SHT_PROGBITS,
  buildElf,
  buildIdNote,
  simpleElf,
} from '../../support/elf-builder.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { paxHeader, tarEntry, tarFile } from '../../support/tar-builder.ts';
import type { TarParts } from '../../support/tar-builder.ts';
import { ID, compress, linesOf, makeTree, scan, tar } from '../../support/tar-scan.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('what GNU tar makes', () => {
  let directory: string;
  let lines: string[];
  beforeEach(() => {
    ({ directory, lines } = makeTree());
  });

  test.each(['gnu', 'oldgnu', 'posix', 'ustar'])('in the format %s', async (format) => {
    const found = await scan(tar(directory, `--format=${format}`));
    expect(linesOf(found)).toEqual(lines);
    expect(found.warnings).toEqual([]);
  });

  test('in the format v7, which has no room for the long name', async () => {
    const found = await scan(tar(directory, '--format=v7', '--exclude=./deep'));
    expect(linesOf(found)).toEqual(lines.slice(1));
  });

  test.each([1, 511, 1000])('in pieces of %d bytes', async (chunkBytes) => {
    const bytes = tar(directory, '--format=posix', '--exclude=./usr/bin/verity', '--exclude=./usr/bin/true');
    expect(linesOf(await scan(bytes, chunkBytes))).toEqual([lines[0], lines[3]]);
  });

  test.each(['gzip', 'xz', 'zstd', 'bzip2'])(
    'compressed with %s, from a stream and from a file',
    async (command) => {
      const bytes = compress(command, tar(directory));
      expect(linesOf(await scan(bytes))).toEqual(lines);
      const path = join(temporaryDirectory(), 'image.tar');
      writeFileSync(path, bytes);
      const found = await scanTar(new FileRpmSource(path));
      expect(linesOf(found)).toEqual(lines);
      expect(found.bytesRead).toBe(bytes.length);
    },
  );

  test('of the machine’s own programs, as readelf says', async () => {
    const own = temporaryDirectory();
    for (const name of ['tar', 'gzip', 'ls', 'cat'])
      cpSync(`/bin/${name}`, join(own, name), { dereference: true });
    const truth = ['cat', 'gzip', 'ls', 'tar'].map((name) => {
      const notes = execFileSync('readelf', ['-n', join(own, name)], { encoding: 'utf8' });
      return `/${name} ${/Build ID: ([0-9a-f]+)/.exec(notes)?.[1] ?? ''} executable payload`;
    });
    expect(linesOf(await scan(tar(own)))).toEqual(truth);
  });
});

describe('names', () => {
  const nameOf = async (...parts: readonly (Uint8Array | TarParts)[]): Promise<string[]> =>
    (await scan(tarFile(...parts))).files.map(({ path }) => path);
  const data = simpleElf(ID);

  test('lead nowhere but down from the root', async () => {
    expect(
      await nameOf({ name: '../../etc/x', data }, { name: '/a//b/./c', data }, { name: './d', data }),
    ).toEqual(['/etc/x', '/a/b/c', '/d']);
  });

  test('that are not UTF-8 lose nothing', async () => {
    const entry = tarEntry({ name: 'naXve', data, checksum: '' });
    entry[2] = 0xef;
    entry.write('        ', 148, 'latin1');
    const sum = entry.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    entry.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(await nameOf(entry)).toEqual(['/naïve']);
  });

  test('in pax headers are text', async () => {
    expect(await nameOf(paxHeader([['path', 'usr/bin/名']]), { name: 'x', data })).toEqual(['/usr/bin/名']);
  });

  test('longer than any path are passed over with a word', async () => {
    const found = await scan(
      tarFile(paxHeader([['path', 'x/'.repeat(5000)]]), { name: 'x', data }, { name: 'y', data }),
    );
    expect(found.files.map(({ path }) => path)).toEqual(['/y']);
    expect(found.warnings).toEqual([expect.stringMatching(/a path of 10001 characters is not kept/)]);
  });
});

describe('hard links', () => {
  test('to themselves, in a circle, forward and to nothing lead nowhere', async () => {
    const found = await scan(
      tarFile(
        { name: 'self', type: '1', linkName: 'self' },
        { name: 'a', type: '1', linkName: 'b' },
        { name: 'b', type: '1', linkName: 'a' },
        { name: 'c', type: '1', linkName: 'real' },
        { name: 'real', data: simpleElf(ID) },
        { name: 'd', type: '1', linkName: './real' },
        { name: 'e', type: '1', linkName: 'd' },
      ),
    );
    expect(found.files.map(({ path }) => path)).toEqual(['/real', '/d', '/e']);
  });
});

test('notes that lie before the table that tells of them are found by reading a second time', async () => {
  const note = buildIdNote(ID);
  const late = buildElf({
    sections: [
      { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(100_000) },
      { type: SHT_NOTE, flags: SHF_ALLOC, bytes: note },
      { type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: Buffer.alloc(100_000) },
    ],
    segments: [{ type: PT_NOTE, section: 1 }],
    segmentsLast: true,
  });
  const inner = tarFile({ name: 'first', data: 'x' }, { name: 'late', data: late });
  const source = new RpmInMemory(tarFile({ name: 'aa/layer.tar', data: inner }));
  expect(linesOf(await scanTar(source))).toEqual([`/late ${ID} executable payload`]);
  expect(source.opened).toEqual([0, 0]);
});
