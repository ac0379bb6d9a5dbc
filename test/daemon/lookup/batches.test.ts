import { expect, test } from '@jest/globals';
import { createBatchLookup } from '../../../daemon/lookup/batches.ts';
import { NO_EXTRAS } from '../../../daemon/lookup/matches.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import { altered } from '../../support/altered.ts';
import { NO_CHECKS } from '../../support/test-koji.ts';
import { openTestStore } from '../../support/test-store.ts';

const batch = (size: number) =>
  Array.from({ length: size }, (_, number) => requireAskedBuildId(number.toString(16).padStart(40, '0')));

/** A lookup whose index answers when it is told to, and how many large questions have come to it. */
function stopped() {
  const { index, repositories } = openTestStore();
  let large = 0;
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const slow = altered(index, {
    findByBuildIds: async (buildIds) => {
      if (buildIds.length > 250) {
        large++;
        await gone;
      }
      return new Map();
    },
  });
  const parts = { koji: new Map(), repositories, checks: NO_CHECKS, index };
  return { ask: createBatchLookup(slow, parts), large: () => large, go };
}

test('two large batches are answered at once, small ones and those with URLs to verify beside them', async () => {
  const { ask, large, go } = stopped();
  const asked = [1, 2, 3, 4].map(() => ask(batch(251)));
  const verified = [1, 2, 3].map(() => ask(batch(251), { ...NO_EXTRAS, verify: true, group: false }));
  expect(Object.keys((await ask(batch(250))).results)).toHaveLength(250);
  expect(large()).toBe(4);
  go();
  for (const { results } of await Promise.all([...asked, ...verified])) {
    expect(Object.keys(results)).toHaveLength(251);
  }
  expect(large()).toBe(7);
});

test('and no more wait for them than fit into memory', async () => {
  const { ask, go } = stopped();
  const asked = Array.from({ length: 200 }, () => ask(batch(251)).then(() => 'answered', String));
  await ask(batch(1));
  go();
  const answers = await Promise.all(asked);
  expect(answers.filter((each) => each === 'answered')).toHaveLength(102);
  expect(answers.at(-1)).toContain('too many large batches are waiting');
});
