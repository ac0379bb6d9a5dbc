import { execFileSync } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanTar } from '../../../daemon/indexer/scan-tar.ts';
import type { TarScan } from '../../../daemon/indexer/scan-tar.ts';
import {
  PT_NOTE,
  SHF_ALLOC,
  SHT_NOTE,
  SHT_PROGBITS,
  buildElf,
  buildIdNote,
  simpleElf,
} from '../../support/elf-builder.ts';
import { failing } from '../../support/koji-http.ts';
import { RpmInMemory } from '../../support/rpm-in-memory.ts';
import { paxHeader, tarEntry, tarFile } from '../../support/tar-builder.ts';
import type { TarParts } from '../../support/tar-builder.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'fedcba9876543210fedcba9876543210fedcba98';

function scan(bytes: Uint8Array, chunkBytes?: number): Promise<TarScan> {
  return scanTar(
    new RpmInMemory(bytes, { name: 'memory.tar', ...(chunkBytes === undefined ? {} : { chunkBytes }) }),
  );
}

const linesOf = ({ files }: TarScan): string[] =>
  files.map(({ path, buildId, kind, evidence }) => `${path} ${buildId} ${kind} ${evidence}`).toSorted();

const LONG = `${'deep/'.repeat(30)}program`;

/** A tree as an image has it, and what is to be found in it. */
function makeTree(): { directory: string; lines: string[] } {
  const directory = temporaryDirectory();
  const put = (path: string, bytes: Uint8Array): void => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  };
  put('usr/bin/true', simpleElf(ID, 300_000));
  put('usr/bin/ünïcode', simpleElf(OTHER));
  put(LONG, simpleElf(OTHER, 700));
  put('usr/bin/script', Buffer.from('#!/bin/sh\n'));
  put('usr/lib/without-id.so', simpleElf(null));
  put('usr/share/empty', Buffer.alloc(0));
  put('usr/share/three', Buffer.from('abc'));
  put('usr/share/inner.tar', tarFile({ name: 'not/a/layer', data: simpleElf(OTHER) }));
  linkSync(join(directory, 'usr/bin/true'), join(directory, 'usr/bin/verity'));
  symlinkSync('true', join(directory, 'usr/bin/symlink'));
  const lines = [
    `/${LONG} ${OTHER} executable payload`,
    `/usr/bin/true ${ID} executable payload`,
    `/usr/bin/verity ${ID} executable payload`,
    `/usr/bin/ünïcode ${OTHER} executable payload`,
  ];
  return { directory, lines };
}

function tar(directory: string, ...options: string[]): Buffer {
  const args = [...options, '--sort=name', '-cf', '-', '-C', directory, '.'];
  return execFileSync('tar', args, { maxBuffer: 64 * 1024 * 1024 });
}

function compress(command: string, bytes: Uint8Array): Buffer {
  return execFileSync(command, ['-c'], { input: bytes, maxBuffer: 64 * 1024 * 1024 });
}

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

describe('container images', () => {
  const layer = tarFile({ name: './usr/bin/true', data: simpleElf(ID, 5000) });
  const upper = tarFile({ name: 'usr/bin/other', data: simpleElf(OTHER) }, { name: 'usr/bin/.wh.true' });
  const both = [`/usr/bin/other ${OTHER} executable payload`, `/usr/bin/true ${ID} executable payload`];
  const blob = (digit: string): string => `blobs/sha256/${digit.repeat(64)}`;

  test('as docker saved them: a manifest, and layers in directories', async () => {
    const image = tarFile(
      { name: 'aa/', type: '5' },
      { name: 'aa/layer.tar', data: layer },
      { name: 'bb/layer.tar', data: upper },
      { name: 'cc/layer.tar', type: '2', linkName: '../aa/layer.tar' },
      { name: 'empty/layer.tar', data: Buffer.alloc(1024) },
      { name: 'manifest.json', data: '[{"Layers":["aa/layer.tar","bb/layer.tar"]}]' },
    );
    expect(linesOf(await scan(image))).toEqual(both);
    expect(linesOf(await scan(gzipSync(image), 100))).toEqual(both);
  });

  test('as podman saves them: layers by their digests', async () => {
    const image = tarFile(
      { name: `${'a'.repeat(64)}.tar`, data: layer },
      { name: `${'b'.repeat(64)}.tar.gz`, data: gzipSync(upper) },
      { name: 'manifest.json', data: '[]' },
    );
    expect(linesOf(await scan(image))).toEqual(both);
  });

  test.each(['gzip', 'zstd', 'xz', 'bzip2'])(
    'in the OCI layout, layers compressed with %s',
    async (command) => {
      const image = tarFile(
        { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' },
        { name: blob('a'), data: '{"config":{}}' },
        { name: blob('b'), data: compress(command, layer) },
        { name: blob('c'), data: upper },
        { name: blob('d'), data: compress(command, Buffer.from('no tar file at all'.repeat(100))) },
        { name: 'index.json', data: '{}' },
      );
      const found = await scan(image);
      expect(linesOf(found)).toEqual(both);
      expect(found.warnings).toEqual([]);
    },
  );

  test('a file that several layers hold is found once', async () => {
    const image = tarFile({ name: 'aa/layer.tar', data: layer }, { name: 'bb/layer.tar', data: layer });
    expect(linesOf(await scan(image))).toHaveLength(1);
  });

  test('a blob that begins like lzma is none of them', async () => {
    const weights = Buffer.concat([Buffer.from('5d000080', 'hex'), Buffer.alloc(1000, 0xee)]);
    const image = tarFile({ name: blob('a'), data: weights }, { name: blob('b'), data: layer });
    expect(linesOf(await scan(image))).toEqual([both[1]]);
  });

  test('layers in layers are files like others', async () => {
    const inner = tarFile(
      { name: 'layer.tar', data: layer },
      { name: 'usr/bin/other', data: simpleElf(OTHER) },
    );
    expect(linesOf(await scan(tarFile({ name: 'aa/layer.tar', data: inner })))).toEqual([both[0]]);
  });

  test('a corrupt layer is an error of the archive', async () => {
    const cut = tarFile({ name: 'aa/layer.tar', data: layer.subarray(0, 3000) });
    await expect(scan(cut)).rejects.toEqual(
      failing('format', /^memory\.tar: tar at offset 3000: .* truncated/),
    );
    const corrupt = gzipSync(layer);
    corrupt.fill(0xff, 100, 120);
    const image = tarFile({ name: 'aa/layer.tar', data: corrupt });
    await expect(scan(image)).rejects.toEqual(failing('format', /^memory\.tar: gzip data.*corrupt/));
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

describe('what is broken or hostile', () => {
  let good: Buffer;
  beforeEach(() => {
    good = tar(makeTree().directory);
  });

  test.each<[string, () => Uint8Array, 'format' | 'limit', RegExp]>([
    [
      'no tar file',
      () => Buffer.from('PK\x03\x04'.repeat(500)),
      'format',
      /this is no tar file, neither plain/,
    ],
    ['an empty file', () => Buffer.alloc(0), 'format', /this is no tar file/],
    [
      'text in gzip',
      () => gzipSync('hello '.repeat(500)),
      'format',
      /tar at offset 0: .* this is no tar file/,
    ],
    ['one that was cut', () => good.subarray(0, 200_000), 'format', /tar at offset 200000: .* truncated/],
    [
      'one cut and compressed',
      () => compress('xz', good.subarray(0, 200_000)),
      'format',
      /200000: .*truncated/,
    ],
    ['a stream that was cut', () => compress('zstd', good).subarray(0, 500), 'format', /zstd data at offset/],
    ['a stream that was hit', () => compress('xz', good).fill(0, 300, 310), 'format', /xz data at offset/],
    ['gzip that was cut', () => gzipSync(good).subarray(0, 500), 'format', /gzip data at offset/],
    [
      'a pax header of gigabytes',
      () => tarFile({ type: 'x', size: '77777777777\0' }),
      'limit',
      /pax header of/,
    ],
    ['a size below zero', () => tarFile({ size: Buffer.alloc(12, 0xff) }), 'format', /negative/],
  ])('%s', async (_name, make, code, message) => {
    await expect(scan(make())).rejects.toEqual(failing(code, message));
  });

  test.each(['plain', 'in a layer'])(
    'a bomb (%s) is stopped',
    async (where) => {
      const header = tarEntry({ name: 'zeros', size: '77777777777\0' }).toString('base64');
      const script = `(echo ${header} | base64 -d; head -c 2G /dev/zero) | zstd -1 -c`;
      const bomb = execFileSync('bash', ['-c', script], { maxBuffer: 64 * 1024 * 1024 });
      const archive = where === 'plain' ? bomb : tarFile({ name: 'aa/layer.tar', data: bomb });
      await expect(scan(archive)).rejects.toEqual(
        failing('limit', /^memory\.tar: tar: it comes to more than 1\d{9} bytes/),
      );
    },
    60_000,
  );

  test('sparse files are told of, and what is behind them is found', async () => {
    const holes = temporaryDirectory();
    const elf = Buffer.concat([simpleElf(ID, 4096), Buffer.alloc(1024 * 1024)]);
    const script =
      'truncate -s 3M "$0/sparse"; dd if="$0/elf" of="$0/sparse" conv=notrunc bs=4k count=1 status=none';
    writeFileSync(join(holes, 'elf'), elf);
    execFileSync('bash', ['-c', script, holes]);
    // Thirty pieces, so that the map of the old format needs blocks of its own.
    const many =
      'for i in $(seq 1 30); do echo x | dd of="$0/sparse" conv=notrunc bs=64k seek=$i status=none; done';
    execFileSync('bash', ['-c', many, holes]);
    writeFileSync(join(holes, 'zz'), simpleElf(OTHER));
    for (const format of ['gnu', 'posix']) {
      const found = await scan(tar(holes, `--format=${format}`, '--sparse', '--exclude=./elf'));
      expect(linesOf(found)).toEqual([`/zz ${OTHER} executable payload`]);
      expect(found.warnings).toEqual([expect.stringMatching(/^\/sparse: .*without its holes/)]);
    }
  });

  test('a directory with a size, of which tar-stream never tells the end, has no data', async () => {
    const found = await scan(
      tarFile({ name: 'bin/', type: '5', size: 4096 }, { name: 'bin/a', data: simpleElf(ID) }),
    );
    expect(linesOf(found)).toEqual([`/bin/a ${ID} executable payload`]);
  });

  test('reading is called off', async () => {
    const path = join(temporaryDirectory(), 'image.tar.zst');
    writeFileSync(path, compress('zstd', good));
    const abort = new AbortController();
    const scanning = scanTar(new FileRpmSource(path), abort.signal);
    abort.abort();
    await expect(scanning).rejects.toEqual(failing('stopped', /called off/));
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });

  test('more layers than any image has are left', async () => {
    const layers = Array.from({ length: 515 }, (_, number) => ({
      name: `${number}/layer.tar`,
      data: tarFile({ name: `file-${number}`, data: simpleElf(ID) }),
    }));
    const found = await scan(tarFile(...layers));
    expect(found.files).toHaveLength(512);
    expect(found.warnings).toEqual([expect.stringMatching(/no layer is read from the 513th on/)]);
  });
});
