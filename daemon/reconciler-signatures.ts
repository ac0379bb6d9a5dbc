import type { KojiBuildId, KojiRpmId } from '../shared/koji.ts';
import { type Answered, type ReconcileParts, queueNews } from './reconciler-news.ts';
import { PRIORITY } from './store/types.ts';

/**
 * Finds what is signed after it was indexed. Koji changes nothing of a build or an RPM by that and keeps no time of
 * it, and the file store tells nobody that a signed copy has come.
 */

/**
 * Rows of Koji's list of signatures that a round compares, from the newest RPM down: some five hundred RPMs, each
 * with a row of its own beside that of its key. RPMs are signed soon after they were built; what is signed
 * later and was not announced, the sweep finds.
 */
const NEWEST = 1000;

/** Milliseconds after a signature was met at which its copy is looked for again while it is not there. */
const LOOKS = [30_000, 120_000, 600_000, 3600_000, 6 * 3600_000, 86_400_000] as const;

/**
 * Queues builds of the index with RPMs that Koji has come to know as signed. Only what the last round did not see
 * is asked about. Returns how many were not due to be looked at already.
 */
export async function queueSigned(parts: ReconcileParts, signal: AbortSignal): Promise<number> {
  const { hub, store, seenSignatures: seen } = parts;
  const newest = await hub.newestSignatures(NEWEST, signal);
  const fresh = newest.filter((signature) => !seen.has(keyOf(signature)));
  const builds = await hub.buildsOfRpms([...new Set(fresh.map(({ kojiRpmId }) => kojiRpmId))], signal);
  const lacking = new Set<KojiBuildId>();
  const stored = new Map<KojiBuildId, ReadonlyMap<KojiRpmId, ReadonlySet<string>> | null>();
  for (const { kojiRpmId, sigkey } of fresh) {
    const kojiBuildId = builds.get(kojiRpmId);
    if (kojiBuildId === undefined) continue;
    let signatures = stored.get(kojiBuildId);
    if (signatures === undefined) {
      signatures = await store.reconciliation.storedSignatures(hub.instance, kojiBuildId);
      stored.set(kojiBuildId, signatures);
    }
    // What is not in the index is signed by the time that it comes there, or later.
    if (signatures !== null && signatures.get(kojiRpmId)?.has(sigkey) !== true) lacking.add(kojiBuildId);
  }
  const ids = [...lacking];
  const found = await hub.getBuilds(ids, signal);
  const complete = ids
    .map((kojiBuildId, at): Answered => ({ kojiBuildId, build: found[at] ?? null }))
    .filter(({ build }) => build?.state === 'complete');
  const queued = await queueNews(complete, parts, () => Promise.resolve(true));
  // After the queue has them: a round that failed is made up for.
  seen.clear();
  for (const signature of newest) seen.add(keyOf(signature));
  return queued;
}

/** Queues builds whose signed copies are awaited and that it is time to look at again. Koji is not asked. */
export async function queueAwaited({ hub, store, now, wakeWorkers }: ReconcileParts): Promise<number> {
  const { instance } = hub;
  const due: KojiBuildId[] = [];
  for (const kojiBuildId of await store.reconciliation.buildsAwaitingCopies(instance, LOOKS, now())) {
    // Whatever is in the queue is looked at in its time, or was given up.
    if ((await store.jobs.find(instance, kojiBuildId)) === null) due.push(kojiBuildId);
  }
  if (due.length === 0) return 0;
  const { queued } = await store.jobs.enqueue(instance, due, PRIORITY.reconcile);
  if (queued > 0) wakeWorkers();
  return queued;
}

function keyOf({ kojiRpmId, sigkey }: { readonly kojiRpmId: KojiRpmId; readonly sigkey: string }): string {
  return `${kojiRpmId} ${sigkey}`;
}
