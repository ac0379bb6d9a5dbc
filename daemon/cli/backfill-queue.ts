import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { type IndexStore, type JobStore, PRIORITY } from '../store/types.ts';

export interface QueueTally {
  /** Complete builds that Koji listed. */
  found: number;
  /** Of these, what the index holds without an error. */
  indexedBefore: number;
  /** Of these, what waited in the queue already. */
  queuedBefore: number;
  /** Of these, what was queued now; of a dry run, what would be. */
  queued: number;
}

export function newTally(): QueueTally {
  return { found: 0, indexedBefore: 0, queuedBefore: 0, queued: 0 };
}

export interface QueueStore {
  readonly index: Pick<IndexStore, 'indexedBuilds'>;
  readonly jobs: Pick<JobStore, 'enqueue' | 'find'>;
}

/** What a dry run counts with where there is no database yet. */
export const EMPTY_STORE: QueueStore = {
  index: { indexedBuilds: () => Promise.resolve(new Set()) },
  jobs: {
    find: () => Promise.resolve(null),
    enqueue: () => Promise.reject(new DarkserverError('internal', 'a dry run has queued something')),
  },
};

export interface QueueWork {
  readonly instance: string;
  readonly builds: AsyncIterable<KojiBuildId[]>;
  readonly store: QueueStore;
  /** Whether indexed builds are looked at again, and all of their RPMs are read again. */
  readonly force: boolean;
  /** Only count. */
  readonly dryRun: boolean;
  /** Called for each part when it is in the queue. */
  readonly onPart: (kojiBuildIds: readonly KojiBuildId[]) => void;
}

/** Queues the builds that the index lacks, at the priority of a backfill, and counts them in `tally`. */
export async function queueMissing(work: QueueWork, tally: QueueTally): Promise<void> {
  const { instance } = work;
  const { index, jobs } = work.store;
  for await (const part of work.builds) {
    const indexed = await index.indexedBuilds(instance, part);
    const missing = work.force ? part : part.filter((kojiBuildId) => !indexed.has(kojiBuildId));
    tally.found += part.length;
    tally.indexedBefore += indexed.size;
    const toQueue: KojiBuildId[] = [];
    for (const kojiBuildId of missing) {
      // One that a worker has in hand would be looked at a second time if it were queued now.
      const job = await jobs.find(instance, kojiBuildId);
      if (job?.state === 'queued' || job?.state === 'running') tally.queuedBefore++;
      else toQueue.push(kojiBuildId);
    }
    if (!work.dryRun) await jobs.enqueue(instance, toQueue, PRIORITY.backfill, { reread: work.force });
    tally.queued += toQueue.length;
    work.onPart(missing);
  }
}
