import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { BatchAnswer, Match } from '../../shared/api.ts';
import type { AskedBuildId } from '../../shared/build-id-forms.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { Store, StoredMatch } from '../store/types.ts';
import { groupOf } from './groups.ts';
import { type MatchParts, NO_EXTRAS, prepareMatches } from './matches.ts';
import { type Resolved, resolveAll } from './resolve.ts';
import type { Lookup } from './types.ts';

/**
 * Build-ids of a batch whose matches, with the URLs of all that goes with them, are made before others have a turn.
 * Batches of more are large.
 */
const ANSWERED_IN_TURN = 250;

/** Large batches that are answered at once: with siblings one has a hundred megabytes in memory. */
const LARGE_AT_ONCE = 2;

/** Large batches that wait for that. */
export const MAX_WAITING_BATCHES = 100;

/** Lookup.byBuildIds. Throws `too_many_requests` where too many large ones wait. */
export function createBatchLookup(index: Store['index'], parts: MatchParts): Lookup['byBuildIds'] {
  // Those that wait for other servers keep nobody else waiting.
  const [plain, verified] = [pLimit(LARGE_AT_ONCE), pLimit(LARGE_AT_ONCE)];
  return async (asked, options = { ...NO_EXTRAS, group: false }) => {
    const work = (): Promise<BatchAnswer> => answer(asked, options, index, parts);
    if (asked.length <= ANSWERED_IN_TURN) return work();
    const slots = options.verify ? verified : plain;
    if (slots.pendingCount < MAX_WAITING_BATCHES) return slots(work);
    throw new DarkserverError(
      'too_many_requests',
      `too many large batches are waiting; ask again in a few seconds, or for ${ANSWERED_IN_TURN} build-ids at most`,
    );
  };
}

async function answer(
  asked: readonly AskedBuildId[],
  { group, ...extras }: NonNullable<Parameters<Lookup['byBuildIds']>[1]>,
  index: Store['index'],
  parts: MatchParts,
): Promise<BatchAnswer> {
  const resolved = await resolveAll(asked, index);
  const stored = [...resolved.values()].flatMap((each) => each.stored);
  const matchOf = await prepareMatches(stored, parts, extras);
  const results: BatchAnswer['results'] = {};
  for (const [at, each] of asked.entries()) {
    if (at > 0 && at % ANSWERED_IN_TURN === 0) await nextTurn();
    results[each.asked] = resultOf(resolved.get(each.asked), matchOf);
  }
  if (!group) return { results };
  const matches = new Map(Object.entries(results).map(([key, result]) => [key, result.matches]));
  return { results, group: groupOf(matches) };
}

function resultOf(
  resolved: Resolved | undefined,
  matchOf: (match: StoredMatch) => Match,
): BatchAnswer['results'][string] {
  // Which ids a queued or failed build holds is not known before it is read: no other reason is true.
  if (resolved === undefined) return { matches: [], reason: 'unknown' };
  const matches = resolved.stored.map(matchOf);
  const { buildId, form } = resolved;
  return form === undefined ? { matches } : { matches, build_id: buildId, form };
}
