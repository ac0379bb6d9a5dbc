import { expect, test } from '@jest/globals';
import { resolveAll } from '../../../daemon/lookup/resolve.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import { openTestStore } from '../../support/test-store.ts';

test('others have turns while thousands of module ids are read', async () => {
  const { index } = openTestStore();
  const asked = Array.from({ length: 1000 }, (_, number) =>
    requireAskedBuildId(`${number.toString(16).padStart(32, 'a')}0`),
  );
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  // The first answer comes in a turn of its own.
  await index.findByBuildIds([]);
  count();
  expect((await resolveAll(asked, index)).size).toBe(0);
  done = true;
  expect(turns).toBeGreaterThan(5);
});
