import { type KojiBuild, type KojiBuildId, asKojiBuildId } from '../shared/koji.ts';
import type { KojiHub } from './koji/hub.ts';
import { PRIORITY, type Store, type StoredBuild } from './store/types.ts';

/**
 * Milliseconds by which a round reaches back before the last one. Completion times are no watermark: a
 * build is committed later than it says, content generators write their own, and the hub's clock is not
 * this machine's.
 */
const OVERLAP = 3600_000;

/**
 * Milliseconds from its completion until a build counts as whole. `koji import` adds RPM after RPM to a
 * build that is complete since the first, and no list of builds shows it: what was looked at before this
 * is looked at once more. Less than OVERLAP, so that no round comes too late for it, however rare they are.
 */
const SETTLING = 1800_000;

export interface RoundParts {
  readonly hub: KojiHub;
  readonly store: Pick<Store, 'instanceFacts' | 'recordReconciled'> & {
    readonly index: Pick<Store['index'], 'getBuild'>;
    readonly jobs: Pick<Store['jobs'], 'enqueue' | 'find'>;
  };
  /** Called when the queue has grown. */
  readonly wakeWorkers: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Compares the index with one Koji once: queues what has come since the last round, and what is not (any
 * more) as the index has it. At the first contact with a Koji everything is taken for known that was
 * there before OVERLAP: the past is for backfill. Returns how many builds were queued; throws as KojiHub
 * and the store do, and the next round begins where this one ended then.
 */
export async function reconcile(parts: RoundParts, signal: AbortSignal): Promise<number> {
  const { hub, store, now } = parts;
  const { instance } = hub;
  const began = now();
  const { lastReconciled, reconciledKojiBuildId } = await store.instanceFacts(instance);
  let queued = 0;
  if (reconciledKojiBuildId === null) {
    const kojiBuildId = await hub.lastKojiBuildId(signal);
    await store.recordReconciled(instance, { kojiBuildId, time: began });
  } else {
    const newest = asKojiBuildId(reconciledKojiBuildId);
    const query = newest === null ? {} : { afterKojiBuildId: newest };
    for await (const page of hub.listBuilds(query, signal)) {
      queued += await queueChanged(page, parts);
      // After the queue has them: whatever ends the program in between, they are asked for again.
      await store.recordReconciled(instance, { kojiBuildId: Math.max(...page.map(idOf)) });
    }
  }
  // After the ids, so that a build which was still building when they were asked for is not passed over.
  const since = Math.min(lastReconciled ?? began, began) - OVERLAP;
  for await (const page of hub.listBuilds({ completedAfter: Math.floor(since / 1000) }, signal)) {
    queued += await queueChanged(page, parts);
  }
  await store.recordReconciled(instance, { time: began });
  return queued;
}

/** Queues those of the builds that are to be looked at; returns how many were not due for it already. */
async function queueChanged(builds: readonly KojiBuild[], parts: RoundParts): Promise<number> {
  const { hub, store, wakeWorkers, now } = parts;
  const { instance } = hub;
  const changed: KojiBuildId[] = [];
  for (const build of builds) {
    const stored = await store.index.getBuild(instance, build.kojiBuildId);
    if (!isNews(build, stored, now())) continue;
    const job = await store.jobs.find(instance, build.kojiBuildId);
    // What failed is tried again in its time, and what was given up before anything of it could be written
    // would fail as it did: queued afresh each round, both would be tried without end.
    if (job?.state === 'failed' || (job?.state === 'parked' && stored === null)) continue;
    changed.push(build.kojiBuildId);
  }
  if (changed.length === 0) return 0;
  const { queued } = await store.jobs.enqueue(instance, changed, PRIORITY.reconcile);
  if (queued > 0) wakeWorkers();
  return queued;
}

/**
 * Whether the index says less than Koji, or something else. RPMs that could not be read are no news: the
 * job of their build says so, and waits. `now` in milliseconds since the epoch.
 */
function isNews(build: KojiBuild, stored: StoredBuild | null, now: number): boolean {
  // What is not complete holds nothing to read; what is not finished will be in a later round's window.
  if (stored === null) return build.state === 'complete';
  return FACTS.some((fact) => build[fact] !== stored[fact]) || isUnsettled(build, stored, now);
}

const FACTS = ['epoch', 'version', 'release', 'state', 'draft', 'volume', 'completedAt'] as const;

function isUnsettled({ state, completedAt }: KojiBuild, { indexedAt }: StoredBuild, now: number): boolean {
  if (state !== 'complete' || completedAt === null) return false;
  const settled = completedAt * 1000 + SETTLING;
  return indexedAt < settled && settled <= now;
}

function idOf({ kojiBuildId }: KojiBuild): number {
  return kojiBuildId;
}
