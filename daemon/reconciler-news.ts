import type { KojiBuild, KojiBuildId } from '../shared/koji.ts';
import type { KojiHub } from './koji/hub.ts';
import { PRIORITY, type Store, type StoredBuild } from './store/types.ts';

export interface ReconcileParts {
  readonly hub: KojiHub;
  readonly store: Pick<Store, 'instanceFacts' | 'recordReconciled' | 'reconciliation'> & {
    readonly index: Pick<Store['index'], 'getBuild'>;
    readonly jobs: Pick<Store['jobs'], 'enqueue' | 'find'>;
  };
  /** Whether archives are looked at: in the index of a daemon that reads headers alone there are none. */
  readonly readsArchives: boolean;
  /** Signatures that the last round saw in Koji; each round makes it what it sees. */
  readonly seenSignatures: Set<string>;
  /** Called when the queue has grown. */
  readonly wakeWorkers: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A build that was asked for, and what Koji says of it: null if it knows none. */
export interface Answered {
  readonly kojiBuildId: KojiBuildId;
  readonly build: KojiBuild | null;
}

/**
 * Queues those of the builds of which the index says something else than Koji. `isNewsToo` may know more
 * reasons than what differs in the build itself. Returns how many were not due to be looked at already.
 */
export async function queueNews<T extends Answered>(
  answers: readonly T[],
  parts: ReconcileParts,
  isNewsToo: (answer: T, stored: StoredBuild) => Promise<boolean> = () => Promise.resolve(false),
): Promise<number> {
  const { hub, store, wakeWorkers } = parts;
  const { instance } = hub;
  const changed: KojiBuildId[] = [];
  for (const answer of answers) {
    const { kojiBuildId, build } = answer;
    const stored = await store.index.getBuild(instance, kojiBuildId);
    const isNew = isNews(build, stored) || (stored !== null && (await isNewsToo(answer, stored)));
    if (!isNew) continue;
    const job = await store.jobs.find(instance, kojiBuildId);
    // What failed is tried again in its time, and what was given up before anything of it could be written
    // would fail as it did: queued afresh each round, both would be tried without end.
    if (job?.state === 'failed' || (job?.state === 'parked' && stored === null)) continue;
    changed.push(kojiBuildId);
  }
  if (changed.length === 0) return 0;
  const { queued } = await store.jobs.enqueue(instance, changed, PRIORITY.reconcile);
  if (queued > 0) wakeWorkers();
  return queued;
}

export function answered(builds: readonly KojiBuild[]): Answered[] {
  return builds.map((build) => ({ kojiBuildId: build.kojiBuildId, build }));
}

const FACTS = ['epoch', 'version', 'release', 'state', 'draft', 'volume', 'completedAt'] as const;

/**
 * Whether the index says less than Koji, or something else. RPMs that could not be read are no news: the
 * job of their build says so, and waits.
 */
function isNews(build: KojiBuild | null, stored: StoredBuild | null): boolean {
  if (build === null) return stored !== null && stored.state !== 'deleted';
  // What is not complete holds nothing to read, and comes again when it is.
  if (stored === null) return build.state === 'complete';
  return FACTS.some((fact) => build[fact] !== stored[fact]);
}
