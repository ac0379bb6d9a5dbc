import { createLookup } from '../../daemon/lookup/lookup.ts';
import type { Lookup, NotFound } from '../../daemon/lookup/types.ts';
import { type JobStore, PRIORITY, type Store } from '../../daemon/store/types.ts';
import type { Match } from '../../shared/api.ts';
import { requireAskedBuildId } from '../../shared/build-id-forms.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { type Nvr, parseNvr } from '../../shared/nvr.ts';
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

export function nvrOf(text: string): Nvr {
  return parseNvr(text) ?? { name: '', version: '', release: '' };
}

/** Makes a build wait in the queue, or fail in it. */
export async function pend(jobs: JobStore, kojiBuildId: number, failure?: string): Promise<void> {
  await jobs.enqueue('fedora', [kojiBuildId as KojiBuildId], PRIORITY.push);
  if (failure === undefined) return;
  const job = await jobs.claim('test', ['fedora']);
  if (job === null) throw new Error('no job');
  await jobs.fail(job, { code: 'network', message: failure }, { state: 'failed', runAt: Date.now() + 1e6 });
}
