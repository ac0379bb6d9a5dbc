import { expect, test } from '@jest/globals';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import { NO_EXTRAS } from '../../../daemon/lookup/matches.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import { altered } from '../../support/altered.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';
import { openTestStore } from '../../support/test-store.ts';

const batch = (size: number) =>
  Array.from({ length: size }, (_, number) => requireAskedBuildId(number.toString(16).padStart(40, '0')));

const SIBLINGS = { ...NO_EXTRAS, siblings: true };

/** A lookup whose index answers large questions when it is told to, and how many have come to it. */
function stopped() {
  const store = openTestStore();
  let large = 0;
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const wait = async (size: number): Promise<void> => {
    if (size <= 250) return;
    large++;
    await gone;
  };
  const index = altered(store.index, {
    findByBuildIds: (buildIds) => wait(buildIds.length).then(() => new Map()),
    findByPath: (_, { limit }) => wait(limit).then(() => ({ matches: [], next: 1 })),
  });
  const lookup = createLookup({
    ...{ store: altered(store, { index }), koji: TEST_KOJI, checks: NO_CHECKS, now: Date.now },
  });
  return { lookup, large: () => large, go };
}

test('two large batches are answered at once, small ones and those with URLs to verify beside them', async () => {
  const { lookup, large, go } = stopped();
  const asked = [1, 2, 3, 4].map(() => lookup.byBuildIds(batch(251)));
  const verified = [1, 2, 3].map(() =>
    lookup.byBuildIds(batch(251), { ...NO_EXTRAS, verify: true, group: false }),
  );
  expect(Object.keys((await lookup.byBuildIds(batch(250))).results)).toHaveLength(250);
  expect(large()).toBe(4);
  go();
  for (const { results } of await Promise.all([...asked, ...verified])) {
    expect(Object.keys(results)).toHaveLength(251);
  }
  expect(large()).toBe(7);
});

test('so are long pages of paths with siblings', async () => {
  const { lookup, large, go } = stopped();
  const asked = [1, 2, 3].map(() => lookup.byPath('/x', { limit: 1000 }, SIBLINGS));
  await lookup.byPath('/x', { limit: 250 }, SIBLINGS);
  expect(large()).toBe(2);
  const plain = lookup.byPath('/x', { limit: 1000 });
  expect(large()).toBe(3);
  go();
  await Promise.all([...asked, plain]);
  expect(large()).toBe(4);
});

test('and no more wait for them than fit into memory', async () => {
  const { lookup, go } = stopped();
  const asked = Array.from({ length: 200 }, () =>
    lookup.byBuildIds(batch(251)).then(() => 'answered', String),
  );
  await lookup.byBuildIds(batch(1));
  go();
  const answers = await Promise.all(asked);
  expect(answers.filter((each) => each === 'answered')).toHaveLength(102);
  expect(answers.at(-1)).toContain('too many large questions are waiting');
});
