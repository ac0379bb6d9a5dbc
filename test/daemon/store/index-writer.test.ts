import { describe, expect, test } from '@jest/globals';
import type { IndexedRpm, Store } from '../../../daemon/store/types.ts';
import type { KojiBuildId, KojiRpmId } from '../../../shared/koji.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

const ONE = sha1BuildId('one');
const TWO = sha1BuildId('two');
const THREE = sha1BuildId('three');
const FIRST = 1 as KojiBuildId;

function rpm(kojiRpmId: number, files: IndexedRpm['files'], facts: Partial<IndexedRpm> = {}): IndexedRpm {
  return indexedRpm(kojiRpmId, { ...facts, files });
}

/** Where a build-id is: "PATH in RPM", with what is special about it. */
async function where({ index }: Store, buildId: typeof ONE): Promise<string[]> {
  const found = await index.findByBuildIds([buildId]);
  return (found.get(buildId) ?? []).map(
    ({ file, rpm }) =>
      `${file.path} in ${rpm?.kojiRpmId ?? 'local'}${rpm?.superseded ? ' superseded' : ''} ${rpm?.build?.state ?? ''}`,
  );
}

describe('replacing a build', () => {
  test('stores its facts, its RPMs and their files, and gives them back as they were', async () => {
    let now = 1_000;
    const store = storeAt(databasePath(), { now: () => now });
    const build = kojiBuild(1, { epoch: 3, volume: 'vol2', completedAt: 1_234.5678, draft: true });
    const facts = { epoch: 0, size: 2 ** 40, payloadHash: 'not hex', name: 'ä b' };
    const file = {
      path: '/usr/lib/debug/x.debug',
      buildId: ONE,
      kind: 'debuginfo',
      evidence: 'link',
    } as const;
    await store.index.replaceBuild('fedora', build, [rpm(11, [file], facts)]);

    expect((await store.index.findByBuildIds([ONE, TWO])).get(ONE)).toEqual([
      {
        file,
        rpm: {
          ...rpm(11, [], facts),
          files: undefined,
          signatures: undefined,
          signedCopies: [],
          build: { ...build, instance: 'fedora', indexedAt: 1_000 },
          superseded: false,
          localPath: null,
          error: null,
        },
      },
    ]);
    now = 2_000;
    await store.index.replaceBuild(
      'fedora',
      { ...build, volume: 'DEFAULT', release: '3', draft: false },
      null,
    );
    expect(await store.index.getBuild('fedora', FIRST)).toEqual({
      ...build,
      volume: 'DEFAULT',
      release: '3',
      draft: false,
      instance: 'fedora',
      indexedAt: 2_000,
    });
    expect(await store.index.getBuild('fedora', 2 as KojiBuildId)).toBeNull();
    expect(await store.index.getBuild('elsewhere', FIRST)).toBeNull();
  });

  test('tells the same ids of two Kojis apart', async () => {
    const store = openTestStore();
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [storedFile('/f', ONE)])]);
    await store.index.replaceBuild('centos', kojiBuild(1, {}), [rpm(11, [storedFile('/c', ONE)])]);
    expect((await where(store, ONE)).sort()).toEqual(['/c in 11 complete', '/f in 11 complete']);
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [])]);
    expect(await where(store, ONE)).toEqual(['/c in 11 complete']);
  });

  test('replaces an RPM that was read again, keeps one that was not, and takes a new one in', async () => {
    const store = openTestStore();
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [
      rpm(11, [storedFile('/old', ONE)]),
      rpm(12, [storedFile('/kept', TWO)]),
    ]);
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [
      rpm(11, [storedFile('/new', ONE), storedFile('/newer', ONE)]),
      rpm(12, 'keep'),
      rpm(13, [storedFile('/added', THREE)]),
    ]);
    expect(await where(store, ONE)).toEqual(['/new in 11 complete', '/newer in 11 complete']);
    expect(await where(store, TWO)).toEqual(['/kept in 12 complete']);
    expect(await where(store, THREE)).toEqual(['/added in 13 complete']);
    expect(await store.index.counts()).toMatchObject({ builds: 1, rpms: 3, files: 4, buildIds: 3 });
  });

  test('marks what Koji no longer lists, and takes the mark away if it lists it again', async () => {
    const store = openTestStore();
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [storedFile('/a', ONE)])]);
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(12, [storedFile('/b', TWO)])]);
    expect(await where(store, ONE)).toEqual(['/a in 11 superseded complete']);
    expect(await where(store, TWO)).toEqual(['/b in 12 complete']);
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, 'keep')]);
    expect(await where(store, ONE)).toEqual(['/a in 11 complete']);
    expect(await where(store, TWO)).toEqual(['/b in 12 superseded complete']);
  });

  test('leaves RPMs alone where only the build is noted, and marks a build that Koji has forgotten', async () => {
    const store = openTestStore();
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [storedFile('/a', ONE)])]);
    await store.index.replaceBuild('fedora', kojiBuild(1, { state: 'failed' }), null);
    expect(await where(store, ONE)).toEqual(['/a in 11 failed']);
    await store.index.markBuildGone('fedora', FIRST);
    expect(await where(store, ONE)).toEqual(['/a in 11 deleted']);
    await store.index.markBuildGone('fedora', 99 as KojiBuildId);
    await store.index.markBuildGone('nowhere', FIRST);
    expect(await store.index.counts()).toMatchObject({ builds: 1, rpms: 1 });
  });

  test('keeps the reason where an RPM could not be read, and the rows that it had', async () => {
    const store = openTestStore();
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [storedFile('/a', ONE)])]);
    const failure = { error: 'format', message: 'RPM header at offset 96: no magic' } as const;
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, failure), rpm(12, failure)]);
    const [match] = (await store.index.findByBuildIds([ONE])).get(ONE) ?? [];
    expect(match?.rpm?.error).toEqual({ code: 'format', message: failure.message });
    expect(await store.index.knownRpms('fedora', FIRST)).toMatchObject([
      { kojiRpmId: 11, indexed: false },
      { kojiRpmId: 12, indexed: false },
    ]);
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, []), rpm(12, [])]);
    expect(await where(store, ONE)).toEqual([]);
    expect(await store.index.knownRpms('fedora', FIRST)).toMatchObject([
      { indexed: true },
      { indexed: true },
    ]);
  });

  test('changes nothing at all if any of it fails', async () => {
    const path = databasePath();
    const store = storeAt(path);
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [storedFile('/a/b', ONE)])]);
    const attempt = store.index.replaceBuild('fedora', kojiBuild(1, { release: '9' }), [
      rpm(11, [storedFile('/x/y/z', TWO)]),
      rpm(12, 'keep'),
    ]);
    await expect(attempt).rejects.toThrow('12 is to be kept, and was never stored');
    expect(await where(store, ONE)).toEqual(['/a/b in 11 complete']);
    expect(await where(store, TWO)).toEqual([]);
    // Directories that were rolled back are made anew, under whatever key is free by then.
    await store.index.replaceBuild('fedora', kojiBuild(2, {}), [
      rpm(21, [storedFile('/p/q', TWO), storedFile('/x/y/z', THREE)]),
    ]);
    expect(await where(store, THREE)).toEqual(['/x/y/z in 21 complete']);
    expect(await where(store, TWO)).toEqual(['/p/q in 21 complete']);
    expect(inspect(path, (db) => db.pragma('foreign_key_check'))).toEqual([]);
  });

  test('gives every path back as it was', async () => {
    const store = openTestStore();
    const paths = [
      '/a',
      '/a/b',
      '/a//b',
      'a',
      'a/b',
      './usr/bin/ü',
      '/usr/lib/x y/\t.so',
      '/',
      '',
      '//',
      '/ä/€/😀',
    ];
    const files = paths.map((path, i) => storedFile(path, sha1BuildId(i)));
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, files)]);
    const found = await store.index.findByBuildIds(files.map((file) => file.buildId));
    expect(files.map((file) => found.get(file.buildId)?.[0]?.file.path)).toEqual(paths);
  });

  test('takes build-ids of any length', async () => {
    const store = openTestStore();
    const buildIds = [2, 3, 5, 6, 7, 8, 16, 20, 64].map(
      (bytes) =>
        sha1BuildId(bytes)
          .repeat(4)
          .slice(0, 2 * bytes) as typeof ONE,
    );
    const files = buildIds.map((buildId, i) => storedFile(`/${i}`, buildId));
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, files)]);
    expect([...(await store.index.findByBuildIds(buildIds)).keys()]).toEqual(buildIds);
  });

  test('records an RPM beyond the bounds as unreadable, and stores the others', async () => {
    const store = openTestStore();
    const alike = Array.from({ length: 1001 }, (_, i) =>
      storedFile(`/${i}`, `aabbccddeeff${sha1BuildId(i)}` as typeof ONE),
    );
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [
      rpm(11, alike),
      rpm(12, [storedFile(`/${'x/'.repeat(3000)}`, TWO)]),
      rpm(13, alike.slice(1)),
      rpm(14, [storedFile('/a', ONE)]),
    ]);
    expect(await store.index.knownRpms('fedora', FIRST)).toMatchObject([
      { kojiRpmId: 11, indexed: false },
      { kojiRpmId: 12, indexed: false },
      { kojiRpmId: 13, indexed: true },
      { kojiRpmId: 14, indexed: true },
    ]);
    const [stored] = await store.index.findRpms(indexedRpm(11, { files: [] }));
    expect(stored?.error).toBeNull();
    expect(await store.index.counts()).toMatchObject({ rpms: 4, files: 1001, buildIds: 1001 });
  });
});

describe('what is known', () => {
  test('of a build’s RPMs, superseded ones too', async () => {
    const { index } = openTestStore();
    await index.replaceBuild('fedora', kojiBuild(1, {}), [
      rpm(11, [], { payloadHash: null, size: 5 }),
      rpm(12, [], { payloadHash: 'ff00', size: 6 }),
    ]);
    await index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(12, 'keep', { payloadHash: 'ff00', size: 6 })]);
    expect(await index.knownRpms('fedora', FIRST)).toEqual([
      { kojiRpmId: 11 as KojiRpmId, payloadHash: null, size: 5, indexed: true },
      { kojiRpmId: 12 as KojiRpmId, payloadHash: 'ff00', size: 6, indexed: true },
    ]);
    expect(await index.knownRpms('fedora', 2 as KojiBuildId)).toEqual([]);
    expect(await index.knownRpms('elsewhere', FIRST)).toEqual([]);
  });

  test('for a backfill: builds that are complete, and whose RPMs were all read', async () => {
    const { index } = openTestStore();
    const failure = { error: 'format', message: 'broken' } as const;
    await index.replaceBuild('fedora', kojiBuild(1, {}), [rpm(11, [])]);
    await index.replaceBuild('fedora', kojiBuild(2, {}), [rpm(21, []), rpm(22, failure)]);
    await index.replaceBuild('fedora', kojiBuild(3, { state: 'deleted' }), [rpm(31, [])]);
    await index.replaceBuild('fedora', kojiBuild(4, {}), null);
    await index.replaceBuild('fedora', kojiBuild(5, {}), []);
    await index.replaceBuild('fedora', kojiBuild(6, {}), [rpm(61, failure)]);
    await index.replaceBuild('fedora', kojiBuild(6, {}), [rpm(62, [])]);
    await index.replaceBuild('centos', kojiBuild(7, {}), []);
    const all = [1, 2, 3, 4, 5, 6, 7, 8] as KojiBuildId[];
    expect(await index.indexedBuilds('fedora', all)).toEqual(new Set([1, 5, 6]));
    expect(await index.indexedBuilds('fedora', [2, 5] as KojiBuildId[])).toEqual(new Set([5]));
    expect(await index.indexedBuilds('elsewhere', all)).toEqual(new Set());
  });
});
