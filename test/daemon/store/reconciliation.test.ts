import { expect, test } from '@jest/globals';
import type { KojiBuild, KojiRpmId } from '../../../shared/koji.ts';
import { ids } from '../../support/queue.ts';
import { openTestStore } from '../../support/test-store.ts';

const [FIRST = never(), SECOND = never(), THIRD = never()] = ids(1, 2, 3);
const PERIOD = 2 ** 14;

function never(): never {
  throw new Error('this is there');
}

function buildOf(change: Partial<KojiBuild> = {}): KojiBuild {
  const nvr = { name: 'b', epoch: null, version: '1', release: '1' };
  const facts = { state: 'complete', draft: false, volume: 'DEFAULT', completedAt: 10.5 * PERIOD } as const;
  return { kojiBuildId: FIRST, ...nvr, ...facts, ...change };
}

test('builds are watched from the first time on, until they are not', async () => {
  const { reconciliation } = openTestStore();
  await reconciliation.watch('lab', [THIRD, FIRST], 100);
  await reconciliation.watch('lab', [FIRST, SECOND], 200);
  await reconciliation.watch('other', [FIRST], 300);
  const all = [
    { kojiBuildId: FIRST, since: 100 },
    { kojiBuildId: SECOND, since: 200 },
    { kojiBuildId: THIRD, since: 100 },
  ];
  expect(await reconciliation.watched('lab', 0, 9)).toEqual(all);
  expect(await reconciliation.watched('lab', 1, 1)).toEqual(all.slice(1, 2));
  await reconciliation.unwatch('lab', [FIRST, THIRD]);
  expect(await reconciliation.watched('lab', 0, 9)).toEqual(all.slice(1, 2));
  expect(await reconciliation.watched('other', 0, 9)).toHaveLength(1);
});

test('counts are of an instance, a kind and periods', async () => {
  const { reconciliation } = openTestStore();
  await reconciliation.recordCount('lab', 'deleted', 10, 3);
  await reconciliation.recordCount('lab', 'deleted', 11, 4);
  await reconciliation.recordCount('lab', 'draft', 10, 100);
  await reconciliation.recordCount('other', 'deleted', 10, 1000);
  await reconciliation.recordCount('lab', 'deleted', 10, 2);
  expect(await reconciliation.counted('lab', 'deleted', 0, 12)).toBe(6);
  expect(await reconciliation.counted('lab', 'deleted', 0, 11)).toBe(2);
  expect(await reconciliation.counted('lab', 'deleted', 11, 12)).toBe(4);
  expect(await reconciliation.counted('lab', 'deleted', 12, 99)).toBe(0);
});

test('periods in which a build has changed are told until they are forgotten', async () => {
  const { index, reconciliation } = openTestStore();
  const changed = (): Promise<unknown> => reconciliation.changedPeriods('lab', 99);
  await index.replaceBuild('lab', buildOf(), null);
  await index.replaceBuild('lab', buildOf({ version: '2' }), null);
  expect(await changed()).toEqual([]);
  await index.replaceBuild('lab', buildOf({ volume: 'vol2' }), null);
  await index.replaceBuild('lab', buildOf({ volume: 'vol2', draft: true }), null);
  expect(await changed()).toEqual([{ period: 10, changes: 2 }]);
  await reconciliation.forgetChanges('lab', { period: 10, changes: 1 });
  expect(await changed()).toEqual([{ period: 10, changes: 2 }]);
  await reconciliation.forgetChanges('lab', { period: 10, changes: 2 });
  await index.replaceBuild('lab', buildOf({ volume: 'vol2', draft: true, completedAt: 20 * PERIOD }), null);
  expect(await changed()).toEqual([
    { period: 10, changes: 1 },
    { period: 20, changes: 1 },
  ]);
  await index.replaceBuild('lab', buildOf({ state: 'building', completedAt: null }), null);
  await index.replaceBuild('lab', buildOf({ completedAt: -5 }), null);
  await index.replaceBuild('lab', buildOf({ completedAt: 2 ** 40 }), null);
  expect(await changed()).toEqual([
    { period: 0, changes: 1 },
    { period: 10, changes: 1 },
    { period: 20, changes: 2 },
    { period: 2 ** 18 - 1, changes: 1 },
  ]);
  await index.markBuildGone('lab', FIRST);
  expect(await reconciliation.changedPeriods('lab', 1)).toEqual([{ period: 0, changes: 1 }]);
  expect(await reconciliation.changedPeriods('other', 99)).toEqual([]);
});

test('builds are found by when they were completed, and below an id', async () => {
  const { index, reconciliation } = openTestStore();
  for (const kojiBuildId of [FIRST, SECOND, THIRD]) {
    await index.replaceBuild('lab', buildOf({ kojiBuildId, completedAt: kojiBuildId * 10 }), null);
  }
  await index.replaceBuild('other', buildOf({ completedAt: 10 }), null);
  expect(await reconciliation.buildsCompleted('lab', 10, 30)).toEqual([FIRST, SECOND]);
  expect(await reconciliation.buildsCompleted('lab', -Infinity, 10.5)).toEqual([FIRST]);
  expect(await reconciliation.buildsBelow('lab', 3, 9)).toEqual([SECOND, FIRST]);
  expect(await reconciliation.buildsBelow('lab', 4, 2)).toEqual([THIRD, SECOND]);
});

test('the content of a build is what it has now', async () => {
  const { index, reconciliation } = openTestStore();
  const content = (): Promise<unknown> => reconciliation.storedContent('lab', FIRST);
  const rpm = (kojiRpmId: number) => ({
    kojiRpmId: kojiRpmId as KojiRpmId,
    ...{ name: 'r', epoch: null, version: '1', release: '1', arch: 'x86_64', size: 1, payloadHash: null },
    ...{ buildTime: null, contentSize: null, signatures: [] },
    files: [],
  });
  expect(await content()).toBeNull();
  await index.replaceBuild('lab', buildOf({ state: 'deleted' }), null);
  expect(await content()).toBeNull();
  await index.replaceBuild('lab', buildOf(), [rpm(5), rpm(6)], []);
  await index.replaceBuild('lab', buildOf(), [rpm(6), rpm(7)], []);
  expect(await content()).toEqual({ rpms: new Set([6, 7]), archives: new Set() });
});
