import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuild, KojiBuildId } from '../../shared/koji.ts';
import type { Addition } from './hub.ts';

/** Listings that take many requests, while the hub's tables go on to change. */

/** Pages of a listing, newest first, that may bring nothing new before the hub is not believed any more. */
const MAX_FRUITLESS = 100;

/**
 * What a listing, newest first, has with larger ids than `afterId`, page after page of `length` rows. Pages overlap
 * by one row: rows that come meanwhile move all others down, and are left to the next listing; where rows have
 * gone, the listing steps back until it joins. Throws `hub_protocol` if it never does; `what` names the call.
 */
export async function* newestFirst(
  pageAt: (offset: number) => Promise<Addition[]>,
  { afterId, length, what }: { readonly afterId: number; readonly length: number; readonly what: string },
): AsyncGenerator<Addition[]> {
  let joint = Infinity;
  let fruitless = 0;
  for (let offset = 0; fruitless < MAX_FRUITLESS;) {
    const page = await pageAt(offset);
    const [first] = page;
    if (offset > 0 && (first === undefined || first.addedId < joint)) {
      offset = Math.max(0, offset - length);
      fruitless++;
      continue;
    }
    const fresh = page.filter(({ addedId }) => addedId < joint && addedId > afterId);
    if (fresh.length > 0) yield fresh;
    const last = page.at(-1)?.addedId ?? 0;
    if (page.length < length || last <= afterId) return;
    if (last >= joint) fruitless++;
    joint = Math.min(joint, last);
    offset += length - 1;
  }
  throw new DarkserverError('hub_protocol', `${what}: the pages of the newest do not join`);
}

/**
 * Koji's list of builds knows no "id greater than", and skipping the first two million rows of it is
 * work for the hub on every page. Ids are given out one after another, so they are asked for by number.
 */
export async function* everyBuild(
  lastKojiBuildId: () => Promise<number>,
  getBuilds: (kojiBuildIds: readonly KojiBuildId[]) => Promise<(KojiBuild | null)[]>,
  { after, length }: { readonly after: number; readonly length: number },
): AsyncGenerator<KojiBuild[]> {
  const last = await lastKojiBuildId();
  for (let from = after + 1; from <= last; from += length) {
    const count = Math.min(length, last - from + 1);
    const ids = Array.from({ length: count }, (_, index) => (from + index) as KojiBuildId);
    const page = (await getBuilds(ids)).filter((build) => build !== null);
    if (page.length > 0) yield page;
  }
}

/**
 * Builds in the order of their ids. Pages by offset overlap by one build: when the next page does not begin with
 * one that was seen, builds have left the list meanwhile (a rebuild has no completion time) and all others moved
 * up, so the listing steps back until it joins.
 */
export async function* filteredBuilds(
  pageAt: (offset: number) => Promise<KojiBuild[]>,
  { after, length, what }: { readonly after: number; readonly length: number; readonly what: string },
): AsyncGenerator<KojiBuild[]> {
  let seen: number = after;
  let joint = 0;
  let stepsBack = 0;
  for (let offset = 0; ;) {
    const page = await pageAt(offset);
    const [first] = page;
    if (offset > 0 && (first === undefined || first.kojiBuildId > joint)) {
      offset = Math.max(0, offset - length);
      stepsBack++;
      continue;
    }
    const last = page.at(-1)?.kojiBuildId ?? 0;
    if (page.length === length && last <= joint && stepsBack-- <= 0) {
      throw new DarkserverError('hub_protocol', `${what}: offset ${offset} answers what was seen before`);
    }
    const fresh = page.filter((build) => build.kojiBuildId > seen);
    if (fresh.length > 0) yield fresh;
    seen = Math.max(seen, last);
    joint = Math.max(joint, last);
    if (page.length < length) return;
    offset += length - 1;
  }
}
