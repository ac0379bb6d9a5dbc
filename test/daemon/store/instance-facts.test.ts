import { expect, test } from '@jest/globals';
import { openTestStore } from '../../support/test-store.ts';

test('the last push of each Koji is remembered', async () => {
  const store = openTestStore();
  expect(await store.instanceFacts('fedora')).toEqual({ lastPush: null, lastReconciled: null });
  await store.recordPush('fedora', 2_000);
  await store.recordPush('centos', 3_000);
  // Two requests may be answered in another order than they came.
  await store.recordPush('fedora', 1_000);
  expect(await store.instanceFacts('fedora')).toEqual({ lastPush: 2_000, lastReconciled: null });
  expect(await store.instanceFacts('centos')).toEqual({ lastPush: 3_000, lastReconciled: null });
});
