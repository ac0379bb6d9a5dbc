import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { IndexBuild } from '../../../daemon/indexer/index-build.ts';
import type { IndexStore, StoredMatch } from '../../../daemon/store/types.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { INSTANCE, addGreet, filesRead, indexBuildOf } from '../../support/indexing.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import { tarFile } from '../../support/tar-builder.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { openTestStore } from '../../support/test-store.ts';

const never = new AbortController().signal;
const ID = 'ab'.repeat(20) as BuildId;
const OTHER = 'cd'.repeat(20) as BuildId;
const INCOMPLETE = 'incomplete';

let hub: StandInHub;
let index: IndexStore;
let indexBuild: IndexBuild;
let build: KojiBuildId;

beforeEach(async () => {
  hub = await StandInHub.empty();
  afterTest(() => hub.close());
  index = openTestStore().index;
  indexBuild = indexBuildOf(hub, index);
  build = hub.changes.addBuild({ name: 'image', version: '1', release: '2' }) as KojiBuildId;
});

function file(name: string, bytes: Uint8Array): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, bytes);
  return path;
}

const imageOf = (id: string): Buffer =>
  gzipSync(tarFile({ name: 'aa/layer.tar', data: tarFile({ name: 'usr/bin/true', data: simpleElf(id) }) }));

function addImage(name: string, bytes: Uint8Array, details = { arch: 'x86_64' }): number {
  return hub.changes.addArchive(build, {
    path: file(name, bytes),
    btype: 'image',
    directory: 'images',
    details,
  });
}

const matchesOf = async (id: BuildId): Promise<StoredMatch[]> =>
  (await index.findByBuildIds([id])).get(id) ?? [];

/** Rewrites what the hub says of its archives. */
function restate(change: Record<string, unknown>): void {
  for (const record of hub.data.builds) {
    record.listArchives = record.listArchives.map((each) => ({ ...each, ...change }) as typeof each);
  }
}

describe('a build with an image', () => {
  test('is indexed: the file in its layer, and the archive that holds it', async () => {
    const id = addImage('image.tar.gz', imageOf(ID));
    expect(await indexBuild(build, never)).toMatchObject({
      outcome: 'indexed',
      rpms: 0,
      archives: 1,
      files: 1,
    });
    expect(await matchesOf(ID)).toMatchObject([
      {
        file: { path: '/usr/bin/true', kind: 'executable', evidence: 'payload' },
        archive: {
          kojiArchiveId: id,
          filename: 'image.tar.gz',
          directory: 'images',
          type: 'tar',
          btype: 'image',
          arch: 'x86_64',
          checksumType: 'sha256',
          superseded: false,
          error: null,
          build: { kojiBuildId: build },
        },
      },
    ]);
    expect(await index.counts()).toMatchObject({ builds: 1, rpms: 0, files: 1, buildIds: 1 });
    expect(await index.indexedBuilds(INSTANCE, [build])).toEqual(new Set([build]));
  });

  test('that has not changed is not read again, unless it is to be', async () => {
    addImage('image.tar.gz', imageOf(ID));
    await indexBuild(build, never);
    expect(filesRead(hub)).toEqual(['image.tar.gz']);
    expect(await indexBuild(build, never)).toMatchObject({ archives: 0, bytesRead: 0 });
    expect(filesRead(hub)).toEqual([]);
    expect(await matchesOf(ID)).toHaveLength(1);
    expect(await indexBuild(build, never, { reread: true })).toMatchObject({ archives: 1 });
  });

  test.each([{ checksum: 'ff'.repeat(32) }, { checksum_type: 0 }])(
    'that has changed is read again: %j',
    async (change) => {
      addImage('image.tar.gz', imageOf(ID));
      await indexBuild(build, never);
      restate(change);
      expect(await indexBuild(build, never)).toMatchObject({ archives: 1 });
      expect(await matchesOf(ID)).toHaveLength(1);
    },
  );

  test('that Koji lists no more is superseded', async () => {
    addImage('image.tar.gz', imageOf(ID));
    await indexBuild(build, never);
    hub.data.builds[0]?.listArchives.splice(0);
    await indexBuild(build, never);
    expect(await matchesOf(ID)).toMatchObject([{ archive: { superseded: true } }]);
  });

  test('on another volume, promoted or deleted: the archive goes with its build', async () => {
    addImage('image.tar.gz', imageOf(ID));
    await indexBuild(build, never);
    hub.changes.moveToVolume(build, 'vol2');
    await indexBuild(build, never);
    expect(await matchesOf(ID)).toMatchObject([
      { archive: { build: { volume: 'vol2', state: 'complete' } } },
    ]);
    hub.changes.deleteBuild(build);
    await indexBuild(build, never);
    expect(await matchesOf(ID)).toMatchObject([{ archive: { build: { state: 'deleted' } } }]);
  });

  test('in header mode is left as it was', async () => {
    addImage('image.tar.gz', imageOf(ID));
    const headersOnly = indexBuildOf(hub, index, { scan: 'header' });
    expect(await headersOnly(build, never)).toMatchObject({ outcome: 'indexed', archives: 0 });
    expect(filesRead(hub)).toEqual([]);
    expect(await index.knownArchives(INSTANCE, build)).toEqual([]);
    await indexBuild(build, never);
    await headersOnly(build, never);
    expect(await matchesOf(ID)).toMatchObject([{ archive: { superseded: false } }]);
  });

  test('of an architecture that is skipped, or without a file, is known and not read', async () => {
    addImage('image.tar.gz', imageOf(ID), { arch: 'src' });
    hub.changes.addArchive(build, { path: file('meta.tar', imageOf(ID)), btype: 'x', directory: 'files/x' });
    const last = hub.data.builds[0]?.listArchives.at(-1) as Record<string, unknown>;
    last['metadata_only'] = true;
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', archives: 0 });
    expect(filesRead(hub)).toEqual([]);
    expect(await index.knownArchives(INSTANCE, build)).toHaveLength(2);
  });
});

test('a build with RPMs and an image: matches of RPMs go first', async () => {
  build = addGreet(hub);
  const plain = indexBuildOf(hub, index, { scan: 'payload' });
  await plain(build, never);
  const rpmFile = (
    await index.findByNvra({ name: 'greet', version: '1.0', release: '1.fc40', arch: 'x86_64' })
  )[0];
  const id = rpmFile?.file.buildId ?? ID;
  addImage('image.tar.gz', imageOf(id));
  // A newer build than the RPM's, so that nothing but the rule puts it last.
  await plain(build, never);
  const found = await matchesOf(id);
  expect(found.map(({ archive }) => archive?.filename)).toEqual([
    ...found.slice(1).map(() => undefined),
    'image.tar.gz',
  ]);
  expect(found.length).toBeGreaterThan(1);
});

describe('an archive that cannot be read', () => {
  test('is a failure of its own: the reason is kept, others are written, and it is tried again', async () => {
    addImage('broken.tar.gz', imageOf(ID).subarray(0, 60));
    addImage('good.tar.gz', imageOf(OTHER));
    expect(await indexBuild(build, never)).toMatchObject({
      outcome: INCOMPLETE,
      error: {
        code: 'format',
        message: expect.stringMatching(
          /^1 of 2 archives of image-1-2 \(Koji build 1\) could not be read: http.*images\/broken\.tar\.gz: gzip data/,
        ),
      },
    });
    expect(await matchesOf(OTHER)).toHaveLength(1);
    expect(await index.knownArchives(INSTANCE, build)).toMatchObject([{ indexed: false }, { indexed: true }]);
    expect(await index.indexedBuilds(INSTANCE, [build])).toEqual(new Set());
    filesRead(hub);
    await indexBuild(build, never);
    expect(filesRead(hub)).toEqual(['broken.tar.gz']);
  });

  test('because it is gone or of another size', async () => {
    addImage('image.tar.gz', imageOf(ID));
    restate({ size: 99 });
    expect(await indexBuild(build, never)).toMatchObject({
      outcome: INCOMPLETE,
      error: {
        code: 'hub_protocol',
        message: expect.stringMatching(
          /is not archive 1 \(image\.tar\.gz\) of Koji's: Koji says 99 bytes, the file/,
        ),
      },
    });
    hub.files.removeDirectory('packages/image/1/2/images');
    expect(await indexBuild(build, never)).toMatchObject({ error: { code: 'missing_file' } });
  });

  test('keeps what it had', async () => {
    addImage('image.tar.gz', imageOf(ID));
    await indexBuild(build, never);
    restate({ checksum: '00' });
    hub.files.removeDirectory('packages/image/1/2/images');
    await indexBuild(build, never);
    expect(await matchesOf(ID)).toMatchObject([{ archive: { error: { code: 'missing_file' } } }]);
  });
});

describe('a content generator’s archive in a subdirectory, of which the hub does not know', () => {
  const typed = (bytes: Uint8Array): number =>
    hub.changes.addArchive(build, {
      path: file('a.tar', bytes),
      btype: 'odd',
      directory: 'files/odd/deep/sub',
    });
  const tar = tarFile({ name: 'lib.so', data: simpleElf(ID) });

  function describeIn(metadata: string): void {
    hub.files.add('packages/image/1/2/metadata.json', file('metadata.json', Buffer.from(metadata)));
  }

  test('is found by the description that came with the build, and remembered', async () => {
    typed(tar);
    describeIn(JSON.stringify({ output: [{ filename: 'x' }, { filename: 'a.tar', subdir: 'deep/sub' }] }));
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', files: 1 });
    expect(await matchesOf(ID)).toMatchObject([{ archive: { directory: 'files/odd/deep/sub' } }]);
    filesRead(hub);
    await indexBuild(build, never);
    expect(filesRead(hub)).toEqual([]);
    expect(await matchesOf(ID)).toMatchObject([{ archive: { directory: 'files/odd/deep/sub' } }]);
  });

  test.each([
    ['there is none', null],
    ['it is no JSON', 'no JSON'],
    ['it says nothing', '{"output":[{"filename":"a.tar"}]}'],
    ['it leads out of the build', '{"output":[{"filename":"a.tar","subdir":"../../../.."}]}'],
    ['it has another form', '{"output":{}}'],
  ])('is missing where %s', async (_name, metadata) => {
    typed(tar);
    if (metadata !== null) describeIn(metadata);
    expect(await indexBuild(build, never)).toMatchObject({
      outcome: INCOMPLETE,
      error: { code: 'missing_file', message: expect.stringMatching(/files\/odd\/a\.tar: HTTP 404/) },
    });
  });
});

test('what in an archive could not be read is said in the log', async () => {
  const { lines, ...log } = { ...recordingLog() };
  const topdir = temporaryDirectory();
  mkdirSync(join(topdir, 'packages/image/1/2/images'), { recursive: true });
  const bytes = tarFile({ name: 'disk', type: 'S', magic: 'gnu', data: 'x'.repeat(600) });
  addImage('disk.tar', bytes);
  writeFileSync(join(topdir, 'packages/image/1/2/images/disk.tar'), bytes);
  await indexBuildOf(hub, index, { log, topdir })(build, never);
  expect(JSON.stringify(lines)).toMatch(/disk\.tar: \/disk: a file without its holes/);
});
