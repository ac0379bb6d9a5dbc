import { expect, test } from '@jest/globals';
import { resolveAll } from '../../../daemon/lookup/resolve.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
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
