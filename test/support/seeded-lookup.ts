import { createLookup } from '../../daemon/lookup/lookup.ts';
import type { Lookup, NotFound } from '../../daemon/lookup/types.ts';
import type { Store } from '../../daemon/store/types.ts';
import type { Match } from '../../shared/api.ts';
import { requireAskedBuildId } from '../../shared/build-id-forms.ts';
import type { BuildId } from '../../shared/build-id.ts';
import { seedStore } from './seed-store.ts';
import { NO_CHECKS, TEST_KOJI } from './test-koji.ts';
import { openTestStore } from './test-store.ts';

export interface SeededLookup {
  readonly store: Store;
  readonly lookup: Lookup;
}

/** A lookup over a store as a small Koji would fill it; it is closed after the test. */
export async function setUpLookup(now: () => number = Date.now): Promise<SeededLookup> {
  const store = openTestStore();
  await seedStore(store);
  return { store, lookup: createLookup({ store, koji: TEST_KOJI, checks: NO_CHECKS, now }) };
}

/** An answer that must be one. */
export function found<T extends object>(answer: T | NotFound): T {
  if ('notFound' in answer) throw new Error(answer.notFound.message);
  return answer;
}

export async function matchesOf(lookup: Lookup, buildId: BuildId): Promise<Match[]> {
  return found(await lookup.byBuildId(requireAskedBuildId(buildId))).matches;
}
