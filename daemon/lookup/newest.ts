import type { NamedMatch } from '../../shared/api.ts';
import type { IndexStore, StoredRpmMatch } from '../store/types.ts';
import { type MatchParts, NO_EXTRAS, named, prepareMatches } from './matches.ts';

/** RPMs that are looked into: of one build, some twenty may hold no program. */
const LOOKED_AT = 64;

/**
 * A file of the RPM that came to the index last, of those that hold a program and are still in a complete build.
 * It is looked for once for each RPM that comes: reading one of a kernel takes its thousands of files.
 */
export function createNewest(
  index: Pick<IndexStore, 'holderFrom' | 'lastHolderKeys'>,
  parts: MatchParts,
): () => Promise<NamedMatch | null> {
  let kept: { readonly last: number; readonly newest: StoredRpmMatch | null } = { last: 0, newest: null };
  return async () => {
    const { rpm: last } = await index.lastHolderKeys();
    if (last !== kept.last) kept = { last, newest: await findNewest(index, last) };
    const { newest } = kept;
    if (newest === null) return null;
    const matchOf = await prepareMatches([newest], parts, NO_EXTRAS);
    return named(matchOf(newest), newest);
  };
}

async function findNewest(
  index: Pick<IndexStore, 'holderFrom'>,
  last: number,
): Promise<StoredRpmMatch | null> {
  for (let place = last; place > Math.max(0, last - LOOKED_AT); place--) {
    const holder = await index.holderFrom(place);
    // At a place without an RPM there is the next one, which was looked into before.
    if (holder?.rpm === undefined || holder.holderKey !== place) continue;
    const { rpm, files } = holder;
    const file = files.find(({ kind }) => kind === 'executable');
    if (file !== undefined && !rpm.superseded && rpm.build?.state === 'complete') return { file, rpm };
  }
  return null;
}
