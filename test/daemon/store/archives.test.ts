import { beforeEach, describe, expect, test } from '@jest/globals';
import type { IndexedFiles, IndexStore } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

const [ONE, TWO, THREE] = [1, 2, 3].map(sha1BuildId) as [
  ReturnType<typeof sha1BuildId>,
  ReturnType<typeof sha1BuildId>,
  ReturnType<typeof sha1BuildId>,
];
const BUILD = kojiBuild(1, {});
const ID = 1 as KojiBuildId;

let path: string;
let index: IndexStore;
beforeEach(() => {
  path = databasePath();
  ({ index } = storeAt(path));
});

const archive = (id: number, files: IndexedFiles) => indexedArchive(id, { files });
const bin = (buildId: typeof ONE) => [storedFile('/usr/bin/true', buildId)];

async function holders(buildId: typeof ONE): Promise<string[]> {
  const found = (await index.findByBuildIds([buildId])).get(buildId) ?? [];
  return found.map(({ rpm, archive: held }) =>
    rpm === undefined
      ? `archive ${held.kojiArchiveId}${held.superseded ? ' superseded' : ''}`
      : `rpm ${rpm.kojiRpmId}`,
  );
}

test('archives and RPMs of one build are kept apart, whatever Koji’s ids', async () => {
  const rpms = [1, 2].map((id) => indexedRpm(id, { files: bin(ONE) }));
  await index.replaceBuild('fedora', BUILD, rpms, [archive(1, bin(ONE)), archive(2, bin(TWO))]);
  expect(await holders(ONE)).toEqual(['rpm 2', 'rpm 1', 'archive 1']);
  expect(await holders(TWO)).toEqual(['archive 2']);
  expect(await index.counts()).toMatchObject({ rpms: 2, files: 4, buildIds: 2 });
  // Walks over the RPMs meet no archive.
  expect(await index.findBuildIdsByPrefix(TWO.slice(0, 8), 5)).toEqual([TWO]);
});

test('one is stored and read back as Koji had it', async () => {
  const facts = {
    arch: null,
    checksum: 'not hex',
    checksumType: null,
    directory: 'files/a/b',
    btype: 'a',
  } as const;
  await index.replaceBuild('fedora', BUILD, [], [indexedArchive(7, { ...facts, files: bin(ONE) })]);
  const [match] = (await index.findByBuildIds([ONE])).get(ONE) ?? [];
  expect(match).toEqual({
    file: bin(ONE)[0],
    archive: {
      kojiArchiveId: 7,
      filename: 'hello.x86_64.tar.gz',
      type: 'tar',
      size: 54_321,
      ...facts,
      build: expect.objectContaining({ instance: 'fedora', kojiBuildId: 1 }),
      superseded: false,
      error: null,
    },
  });
  expect(await index.knownArchives('fedora', ID)).toEqual([
    {
      kojiArchiveId: 7,
      directory: 'files/a/b',
      checksum: 'not hex',
      checksumType: null,
      size: 54_321,
      indexed: true,
    },
  ]);
  expect(await index.knownArchives('nobody', ID)).toEqual([]);
});

describe('replacing a build', () => {
  test('replaces the rows of an archive, keeps them, or leaves them with the reason', async () => {
    await index.replaceBuild('fedora', BUILD, [], [archive(1, bin(ONE)), archive(2, bin(TWO))]);
    const failure = { error: 'format', message: 'tar at offset 0: no' } as const;
    await index.replaceBuild('fedora', BUILD, [], [archive(1, bin(THREE)), archive(2, failure)]);
    expect([await holders(ONE), await holders(TWO), await holders(THREE)]).toEqual([
      [],
      ['archive 2'],
      ['archive 1'],
    ]);
    expect(await index.counts()).toMatchObject({ files: 2, buildIds: 2 });
    expect(await index.knownArchives('fedora', ID)).toMatchObject([{ indexed: true }, { indexed: false }]);
    expect(await index.indexedBuilds('fedora', [ID])).toEqual(new Set());
    await index.replaceBuild('fedora', BUILD, [], [archive(1, 'keep'), archive(2, 'keep')]);
    expect(await index.knownArchives('fedora', ID)).toMatchObject([{ indexed: true }, { indexed: false }]);
    await index.replaceBuild('fedora', BUILD, [], [archive(1, 'keep'), archive(2, [])]);
    expect(await index.indexedBuilds('fedora', [ID])).toEqual(new Set([ID]));
    expect(await index.counts()).toMatchObject({ files: 1, buildIds: 1 });
  });

  test('supersedes archives that are listed no more, until they are again', async () => {
    await index.replaceBuild('fedora', BUILD, [], [archive(1, bin(ONE))]);
    await index.replaceBuild('fedora', BUILD, [], []);
    expect(await holders(ONE)).toEqual(['archive 1 superseded']);
    await index.replaceBuild('fedora', BUILD, [], [archive(1, 'keep')]);
    expect(await holders(ONE)).toEqual(['archive 1']);
  });

  test('without archives leaves them as they were', async () => {
    await index.replaceBuild('fedora', BUILD, [], [archive(1, bin(ONE))]);
    await index.replaceBuild('fedora', BUILD, []);
    await index.replaceBuild('fedora', { ...BUILD, state: 'deleted' }, null);
    expect(await holders(ONE)).toEqual(['archive 1']);
  });

  test('changes nothing at all if an archive of it fails', async () => {
    const rpms = [indexedRpm(1, { files: bin(ONE) })];
    await expect(index.replaceBuild('fedora', BUILD, rpms, [archive(1, 'keep')])).rejects.toThrow(
      /never stored/,
    );
    expect(await index.counts()).toMatchObject({ builds: 0, rpms: 0, files: 0 });
  });
});

test('an archive that Koji lists goes before one that it does not, RPMs before both', async () => {
  const rpm = indexedRpm(1, { files: bin(ONE) });
  await index.replaceBuild('fedora', kojiBuild(1, { completedAt: 1 }), [rpm], null);
  await index.replaceBuild('fedora', kojiBuild(1, { completedAt: 1, state: 'deleted' }), null);
  await index.replaceBuild(
    'fedora',
    kojiBuild(2, { completedAt: 5 }),
    [],
    [archive(8, bin(ONE)), archive(9, bin(ONE))],
  );
  await index.replaceBuild('fedora', kojiBuild(2, { completedAt: 5 }), [], [archive(8, 'keep')]);
  await index.replaceBuild('fedora', kojiBuild(3, { completedAt: 4 }), [], [archive(10, bin(ONE))]);
  expect(await holders(ONE)).toEqual(['rpm 1', 'archive 8', 'archive 10', 'archive 9 superseded']);
});

test('rows of archives lie in a range of keys of their own, below those of every RPM', async () => {
  for (const id of [1, 2, 3]) {
    const files = [storedFile('/a', ONE), storedFile('/b', TWO)];
    await index.replaceBuild(
      'fedora',
      kojiBuild(id, {}),
      [indexedRpm(id, { files })],
      [indexedArchive(id, { files })],
    );
  }
  const rows = inspect(path, (db) =>
    db.prepare('SELECT file_key >> 20 AS key, count(*) AS rows FROM file GROUP BY 1').all(),
  );
  expect(rows).toEqual([-3, -2, -1, 1, 2, 3].map((key) => ({ key, rows: 2 })));
});
