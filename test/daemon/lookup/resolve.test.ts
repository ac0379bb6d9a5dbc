import { expect, test } from '@jest/globals';
import { resolveAll } from '../../../daemon/lookup/resolve.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';
import { turnsDuring } from '../../support/turns.ts';

test('others have turns while thousands of module ids are read', async () => {
  const { index } = openTestStore();
  const asked = Array.from({ length: 1000 }, (_, number) =>
    requireAskedBuildId(`${number.toString(16).padStart(32, 'a')}0`),
  );
  let found = -1;
  const turns = await turnsDuring(async () => {
    found = (await resolveAll(asked, index)).size;
  });
  expect(found).toBe(0);
  expect(turns).toBeGreaterThan(5);
});

test('of build-ids that begin alike, the one that was kept is meant', async () => {
  const { index } = openTestStore();
  const alike = ['1', '2', '3'].map((digit) => `${'ab'.repeat(8)}${digit.repeat(24)}` as BuildId);
  const files = alike.map((buildId) => storedFile(`/usr/bin/${buildId}`, buildId));
  await index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(101, { files })]);
  for (const buildId of alike) {
    const kept = requireAskedBuildId(buildId.slice(0, 32));
    expect((await resolveAll([kept], index)).get(kept.asked)).toMatchObject({
      buildId,
      form: 'first-16-bytes',
    });
  }
  const none = requireAskedBuildId(`${'ab'.repeat(8)}${'4'.repeat(16)}`);
  expect((await resolveAll([none], index)).size).toBe(0);
});
