import { HubFault } from './koji/codec.ts';
import type { CountQuery } from './koji/hub.ts';
import { type ReconcileParts, queueNews } from './reconciler-news.ts';

/**
 * Finds builds that were deleted, reset, moved or promoted: that changes neither their ids nor when they were
 * completed, and no list of Koji's is ordered by it. But the numbers of such builds change, and Koji counts
 * them in any stretch of time: three steps of 64 narrow a number that has changed down to the builds of four
 * and a half hours. Where the index itself has come to say something else of a build, whoever told it, they
 * are counted afresh. One that comes and another that goes within them, between two looks, are left to the sweep.
 */

/** Seconds of completion times that are compared as one: some 250 builds of the largest Koji. */
const PERIOD = 2 ** 14;
/** 2^32 seconds from 1970 on; the first takes in what a content generator has dated before. */
const PERIODS = 2 ** 18;
/** Counts of one request. */
const FAN_OUT = 64;

interface Kind {
  /** As in koji_count. */
  readonly name: string;
  readonly query: CountQuery;
}

/** Periods from `from` on, `width` of them. */
interface Stretch {
  readonly from: number;
  readonly width: number;
}

const ALL: Stretch = { from: 0, width: PERIODS };

/**
 * Queues what differs where Koji's numbers have changed, oldest first, until `isTime` says that it is time for
 * something else: what was not come to is found again the next time. Returns how many builds were queued.
 */
export async function compareCounts(
  parts: ReconcileParts,
  signal: AbortSignal,
  isTime: () => boolean,
): Promise<{ readonly queued: number }> {
  const kinds = await kindsOf(parts, signal);
  let queued = await compareChanged(kinds, parts, signal, isTime);
  for (const kind of kinds) {
    if (isTime()) break;
    const [now] = await counts(kind, [ALL], parts, signal);
    if (now === undefined || now === (await countedBefore(kind, ALL, parts))) continue;
    queued += await search(kind, ALL, parts, signal, isTime);
  }
  return { queued };
}

async function compareChanged(
  kinds: readonly Kind[],
  parts: ReconcileParts,
  signal: AbortSignal,
  isTime: () => boolean,
): Promise<number> {
  const { hub, store } = parts;
  let queued = 0;
  // No more than there are now: what is queued here changes the index again.
  for (const changed of await store.reconciliation.changedPeriods(hub.instance, PERIODS)) {
    if (isTime()) break;
    const { period } = changed;
    const found: [Kind, number][] = [];
    for (const kind of kinds) {
      const [count = 0] = await counts(kind, [{ from: period, width: 1 }], parts, signal);
      found.push([kind, count]);
    }
    queued += await queuePeriod(period, parts, signal);
    for (const [kind, count] of found) {
      await store.reconciliation.recordCount(hub.instance, kind.name, period, count);
    }
    await store.reconciliation.forgetChanges(hub.instance, changed);
  }
  return queued;
}

/** Those on the default volume are all that are on no other: what leaves it is seen where it comes. */
async function kindsOf({ hub }: ReconcileParts, signal: AbortSignal): Promise<Kind[]> {
  const volumes = (await hub.listVolumes(signal)).filter(({ name }) => name !== 'DEFAULT');
  return [
    { name: 'deleted', query: { state: 'deleted' } },
    { name: 'canceled', query: { state: 'canceled' } },
    { name: 'draft', query: { draft: true } },
    ...volumes.map(({ name, kojiVolumeId }) => ({ name: `volume/${name}`, query: { kojiVolumeId } })),
  ];
}

async function search(
  kind: Kind,
  { from, width }: Stretch,
  parts: ReconcileParts,
  signal: AbortSignal,
  isTime: () => boolean,
): Promise<number> {
  const step = width / FAN_OUT;
  const stretches = Array.from({ length: FAN_OUT }, (_, index) => ({
    from: from + index * step,
    width: step,
  }));
  const found = await counts(kind, stretches, parts, signal);
  let queued = 0;
  for (const [at, stretch] of stretches.entries()) {
    const count = found[at] ?? 0;
    if (count === (await countedBefore(kind, stretch, parts))) continue;
    if (isTime()) break;
    if (step > 1) {
      queued += await search(kind, stretch, parts, signal, isTime);
      continue;
    }
    queued += await queuePeriod(stretch.from, parts, signal);
    // After the queue has them, and what was counted before they were asked for: what changes now is found.
    await parts.store.reconciliation.recordCount(parts.hub.instance, kind.name, stretch.from, count);
  }
  return queued;
}

/** A Koji that does not know what is counted has none of it. */
async function counts(
  { query }: Kind,
  stretches: readonly Stretch[],
  { hub }: ReconcileParts,
  signal: AbortSignal,
): Promise<number[]> {
  try {
    return await hub.countBuilds(
      stretches.map(({ from, width }) => ({
        ...query,
        // A time of completion is always asked for, which leaves out builds that have none.
        ...(from > 0 ? { completedFrom: from * PERIOD } : {}),
        completedBefore: (from + width) * PERIOD,
      })),
      signal,
    );
  } catch (error) {
    if (query.draft && error instanceof HubFault && error.faultString.includes("'draft'"))
      return stretches.map(() => 0);
    throw error;
  }
}

function countedBefore(
  { name }: Kind,
  { from, width }: Stretch,
  { hub, store }: ReconcileParts,
): Promise<number> {
  return store.reconciliation.counted(hub.instance, name, from, from + width);
}

/** Builds that the index does not hold are no concern here: what happens to them is backfill's. */
async function queuePeriod(period: number, parts: ReconcileParts, signal: AbortSignal): Promise<number> {
  const { hub, store } = parts;
  const first = period === 0 ? -Infinity : period * PERIOD;
  const kojiBuildIds = await store.reconciliation.buildsCompleted(hub.instance, first, (period + 1) * PERIOD);
  const builds = await hub.getBuilds(kojiBuildIds, signal);
  const answers = kojiBuildIds.map((kojiBuildId, at) => ({ kojiBuildId, build: builds[at] ?? null }));
  return queueNews(answers, parts);
}
