import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanTar } from '../../../daemon/indexer/scan-tar.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { failing } from '../../support/koji-http.ts';
import { tarEntry, tarFile } from '../../support/tar-builder.ts';
import { ID, OTHER, compress, linesOf, makeTree, scan, tar } from '../../support/tar-scan.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

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
    [
      // xz puts out what it made of the data before it says that it is corrupt: either may be seen first.
      'a stream that was hit',
      () => compress('xz', good).fill(0, 300, 310),
      'format',
      /^memory\.tar: (xz data at offset 0|tar at offset \d+): /,
    ],
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
