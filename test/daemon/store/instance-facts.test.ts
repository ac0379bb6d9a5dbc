import { expect, test } from '@jest/globals';
import { openTestStore } from '../../support/test-store.ts';

const NOTHING = {
  lastPush: null,
  lastReconciled: null,
  firstKojiBuildId: null,
  reconciledKojiBuildId: null,
  reconciledKojiRpmId: null,
  reconciledKojiArchiveId: null,
  sweep: { began: null, from: null, at: null, ended: null, found: 0 },
};

test('the last push of each Koji is remembered', async () => {
  const store = openTestStore();
  expect(await store.instanceFacts('fedora')).toEqual(NOTHING);
  await store.recordPush('fedora', 2_000);
  await store.recordPush('centos', 3_000);
  // Two requests may be answered in another order than they came.
  await store.recordPush('fedora', 1_000);
  expect(await store.instanceFacts('fedora')).toEqual({ ...NOTHING, lastPush: 2_000 });
  expect(await store.instanceFacts('centos')).toEqual({ ...NOTHING, lastPush: 3_000 });
});

test('how far each Koji was compared is remembered, and never goes back to older builds', async () => {
  const store = openTestStore();
  await store.recordReconciled('fedora', { time: 1_000 });
  expect(await store.instanceFacts('fedora')).toEqual({ ...NOTHING, lastReconciled: 1_000 });
  await store.recordReconciled('fedora', { kojiBuildId: 0 });
  expect(await store.instanceFacts('fedora')).toMatchObject({ reconciledKojiBuildId: 0 });
  await store.recordReconciled('fedora', { kojiBuildId: 7, time: 2_000 });
  // Of two daemons on one database, one may be behind the other.
  await store.recordReconciled('fedora', { kojiBuildId: 5 });
  expect(await store.instanceFacts('fedora')).toEqual({
    ...NOTHING,
    lastReconciled: 2_000,
    reconciledKojiBuildId: 7,
  });
  // A clock that was wrong once must not hold what is written later.
  await store.recordReconciled('fedora', { time: 1_500 });
  expect(await store.instanceFacts('fedora')).toMatchObject({ lastReconciled: 1_500 });
  expect(await store.instanceFacts('centos')).toEqual(NOTHING);
});
