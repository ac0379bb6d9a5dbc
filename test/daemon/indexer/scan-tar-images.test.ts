import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { simpleElf } from '../../support/elf-builder.ts';
import { failing } from '../../support/koji-http.ts';
import { tarFile } from '../../support/tar-builder.ts';
import { ID, OTHER, compress, linesOf, scan } from '../../support/tar-scan.ts';

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
