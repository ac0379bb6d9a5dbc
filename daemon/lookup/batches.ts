import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BatchAnswer, Match } from '../../shared/api.ts';
import type { AskedBuildId } from '../../shared/build-id-forms.ts';
import type { Store, StoredMatch } from '../store/types.ts';
import { groupOf } from './groups.ts';
import { type InOrder, LARGE_FROM } from './large-questions.ts';
import { type MatchParts, NO_EXTRAS, prepareMatches } from './matches.ts';
import { type Resolved, resolveAll } from './resolve.ts';
import type { Lookup } from './types.ts';

/** Lookup.byBuildIds. */
export function createBatchLookup(
  index: Store['index'],
  parts: MatchParts,
  inOrder: InOrder,
): Lookup['byBuildIds'] {
  return (asked, options = { ...NO_EXTRAS, group: false }) =>
    inOrder({ members: asked.length, verify: options.verify }, () => answer(asked, options, index, parts));
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
    // The matches of so many ids, with the URLs of all that goes with them, take some milliseconds.
    if (at > 0 && at % LARGE_FROM === 0) await nextTurn();
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
