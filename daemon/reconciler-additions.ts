import type { KojiBuildId } from '../shared/koji.ts';
import type { Addition, AdditionKind } from './koji/hub.ts';
import { type Answered, type ReconcileParts, queueNews } from './reconciler-news.ts';

/**
 * How many of Koji's ids a round reaches back before the newest that it has seen. They are given out in
 * order and committed out of it; what one transaction holds back longer, the sweep finds.
 */
const OVERLAP = 500;

/**
 * Queues builds that were given RPMs or archives the index does not know: a late import changes nothing of
 * the build itself, and no list of builds shows it. Returns how many were not due to be looked at already.
 */
export async function queueAdditions(
  kind: AdditionKind,
  parts: ReconcileParts,
  signal: AbortSignal,
): Promise<number> {
  const { hub, store } = parts;
  const { instance } = hub;
  const facts = await store.instanceFacts(instance);
  const seen = kind === 'rpms' ? facts.reconciledKojiRpmId : facts.reconciledKojiArchiveId;
  if (seen === null) throw new Error(`the first contact with ${instance} left no mark for its ${kind}`);
  let newest: number = seen;
  let queued = 0;
  for await (const page of hub.listAdditions(kind, Math.max(0, seen - OVERLAP), signal)) {
    newest = Math.max(newest, page[0]?.addedId ?? 0);
    queued += await queueLacking(kind, page, seen, parts, signal);
  }
  // They come newest first: only the end of them all is known to be in the queue.
  await store.recordReconciled(instance, kind === 'rpms' ? { kojiRpmId: newest } : { kojiArchiveId: newest });
  return queued;
}

async function queueLacking(
  kind: AdditionKind,
  page: readonly Addition[],
  seen: number,
  parts: ReconcileParts,
  signal: AbortSignal,
): Promise<number> {
  const { hub, store } = parts;
  const { instance } = hub;
  const lacking: KojiBuildId[] = [];
  for (const [kojiBuildId, ids] of byBuild(page)) {
    const isNew = ids.some((id) => id > seen);
    const job = await store.jobs.find(instance, kojiBuildId);
    // A build that was given up with some of these still missing would be queued by every round.
    if (job?.state === 'queued' || (job?.state === 'parked' && !isNew)) continue;
    const known = await store.reconciliation.storedContent(instance, kojiBuildId);
    if (known !== null) {
      const ofKind: ReadonlySet<number> = known[kind];
      if (ids.some((id) => !ofKind.has(id))) lacking.push(kojiBuildId);
      continue;
    }
    // What was there before the last round, in a build that is not in the index, is backfill's.
    if (isNew) lacking.push(kojiBuildId);
  }
  const builds = await hub.getBuilds(lacking, signal);
  const complete = lacking
    .map((kojiBuildId, at): Answered => ({ kojiBuildId, build: builds[at] ?? null }))
    .filter(({ build }) => build?.state === 'complete');
  return queueNews(complete, parts, () => Promise.resolve(true));
}

function byBuild(page: readonly Addition[]): Map<KojiBuildId, number[]> {
  const builds = new Map<KojiBuildId, number[]>();
  for (const { addedId, kojiBuildId } of page) {
    if (kojiBuildId === null) continue;
    builds.set(kojiBuildId, [...(builds.get(kojiBuildId) ?? []), addedId]);
  }
  return builds;
}
