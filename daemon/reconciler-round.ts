import { type KojiBuildId, asKojiBuildId } from '../shared/koji.ts';
import { queueAdditions } from './reconciler-additions.ts';
import { type Answered, type ReconcileParts, answered, queueNews } from './reconciler-news.ts';
import { queueSigned } from './reconciler-signatures.ts';

/**
 * Milliseconds by which a round reaches back before the last one. Completion times are no watermark: a
 * build is committed later than it says, content generators write their own, and the hub's clock is not
 * this machine's.
 */
const OVERLAP = 3600_000;

/** Builds asked for at once. */
const BATCH = 100;

/**
 * Milliseconds for which an id that Koji has given out may be without a build: a transaction may be long. After
 * that it is a gap, left by one that was rolled back.
 */
const GAP = 86_400_000;

/** Only ids this close to the newest can be of transactions under way. Restored hubs skip thousands. */
const UNDER_WAY = 10_000;

/**
 * Compares the index with one Koji once: queues what has come since the last round, and what is not (any
 * more) as the index has it. At the first contact with a Koji everything is taken for known that was
 * there before OVERLAP: the past is for backfill. Returns how many builds were queued; throws as KojiHub
 * and the store do, and the next round begins where this one ended then.
 */
export async function reconcile(
  parts: ReconcileParts,
  signal: AbortSignal,
): Promise<{ readonly queued: number }> {
  const { hub, store, now } = parts;
  const { instance } = hub;
  const began = now();
  const { lastReconciled, reconciledKojiBuildId } = await store.instanceFacts(instance);
  let queued = 0;
  if (reconciledKojiBuildId === null) {
    // Before the build: whatever is imported from here on is news.
    const kojiRpmId = await hub.lastAddedId('rpms', signal);
    const kojiArchiveId = await hub.lastAddedId('archives', signal);
    const kojiBuildId = await hub.lastKojiBuildId(signal);
    const upTo = { kojiBuildId, firstKojiBuildId: kojiBuildId, kojiRpmId, kojiArchiveId, time: began };
    await store.recordReconciled(instance, upTo);
  } else {
    queued += await queueWatched(parts, signal);
    queued += await queueNew(reconciledKojiBuildId, parts, signal);
  }
  // After the ids, so that a build which was still building when they were asked for is not passed over.
  const since = Math.min(lastReconciled ?? began, began) - OVERLAP;
  for await (const page of hub.listBuilds({ completedAfter: Math.floor(since / 1000) }, signal)) {
    queued += await queueNews(answered(page), parts);
  }
  // After the builds, since those that are new are in the queue by now, and their RPMs are no news.
  if (reconciledKojiBuildId !== null) {
    queued += await queueAdditions('rpms', parts, signal);
    if (parts.readsArchives) queued += await queueAdditions('archives', parts, signal);
    queued += await queueSigned(parts, signal);
  }
  await store.recordReconciled(instance, { time: began });
  return { queued };
}

/** Builds with ids that were never met before. */
async function queueNew(after: number, parts: ReconcileParts, signal: AbortSignal): Promise<number> {
  const { hub, store, now } = parts;
  const { instance } = hub;
  const last = await hub.lastKojiBuildId(signal);
  let queued = 0;
  for (let from = after + 1; from <= last; from += BATCH) {
    const answers = await ask(idsBetween(from, Math.min(from + BATCH - 1, last)), parts, signal);
    queued += await queueNews(answers, parts);
    const unfinished = answers.filter(
      ({ kojiBuildId, build }) =>
        build?.state === 'building' || (build === null && kojiBuildId > last - UNDER_WAY),
    );
    await store.reconciliation.watch(instance, unfinished.map(idOf), now());
    // After the queue has them: whatever ends the program in between, they are asked for again.
    await store.recordReconciled(instance, { kojiBuildId: Math.min(from + BATCH - 1, last) });
  }
  return queued;
}

/** Builds that were not what they will be when their ids were met. */
async function queueWatched(parts: ReconcileParts, signal: AbortSignal): Promise<number> {
  const { hub, store, now } = parts;
  const { instance } = hub;
  let queued = 0;
  for (let after = 0; ;) {
    const watched = await store.reconciliation.watched(instance, after, BATCH);
    const last = watched.at(-1);
    if (last === undefined) return queued;
    const answers = await ask(watched.map(idOf), parts, signal);
    queued += await queueNews(answers, parts);
    const over = watched.filter(({ since }, at) => {
      const build = answers[at]?.build ?? null;
      return build === null ? now() - since > GAP : build.state !== 'building';
    });
    await store.reconciliation.unwatch(instance, over.map(idOf));
    after = last.kojiBuildId;
  }
}

async function ask(
  kojiBuildIds: readonly KojiBuildId[],
  { hub }: ReconcileParts,
  signal: AbortSignal,
): Promise<Answered[]> {
  const builds = await hub.getBuilds(kojiBuildIds, signal);
  return kojiBuildIds.map((kojiBuildId, at) => ({ kojiBuildId, build: builds[at] ?? null }));
}

function idsBetween(first: number, last: number): KojiBuildId[] {
  const ids = Array.from({ length: last - first + 1 }, (_, index) => asKojiBuildId(first + index));
  return ids.filter((id) => id !== null);
}

function idOf({ kojiBuildId }: { readonly kojiBuildId: KojiBuildId }): KojiBuildId {
  return kojiBuildId;
}
