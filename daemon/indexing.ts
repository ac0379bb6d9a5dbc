import type { KojiBuildId } from '../shared/koji.ts';
import type { Config } from './config/types.ts';
import { openKojis, openMirrorHttp } from './kojis.ts';
import type { Log } from './log.ts';
import { Reconciler } from './reconciler.ts';
import { RepositoryRefreshers } from './repositories/refreshers.ts';
import { openStore } from './store/sqlite-store.ts';
import type { EnqueueResult, Priority } from './store/types.ts';
import { WorkerPool } from './worker.ts';

/**
 * Milliseconds between two requests of a sweep, a hundred builds each: ten thousand builds take some ten minutes,
 * and the two and a half million of the largest Koji a day and a half.
 */
const SWEEP_PAUSE = 5000;

/** What indexing needs of the configuration. */
export type IndexingConfig = Pick<Config, 'database' | 'indexer' | 'koji'>;

/**
 * The half of the daemon that writes: workers, reconciliation, and the one connection of the daemon that
 * changes the database. It stops for as long as a transaction or a long answer of a hub takes, so that it
 * has a thread of its own (indexing-thread.ts), and the other half goes on answering.
 */
export interface Indexing {
  /** Begins to compare with the Kojis, to work on the queue and to refresh repositories. */
  start(): Promise<void>;
  /** As JobStore.enqueue: on the disk when it resolves. */
  enqueue(instance: string, kojiBuildIds: readonly KojiBuildId[], priority: Priority): Promise<EnqueueResult>;
  recordPush(instance: string, at: number): Promise<void>;
  /** The queue has grown: look at once. */
  wake(): Promise<void>;
  /**
   * Resolves when the builds in hand are in the index. "now", also while that is waited for: gives them back
   * to the queue. What is announced goes into the queue still.
   */
  stop(how?: 'now'): Promise<void>;
  /** After stop: closes connections and the database. */
  close(): Promise<void>;
}

/** Throws as openStore does; makes the database where there is none. */
export function openIndexing(config: IndexingConfig, log: Log): Indexing {
  const store = openStore(config.database.path, { log });
  const { indexer } = config;
  const kojis = openKojis(config.koji, { index: store.index, scan: indexer.scan, log });
  const { indexBuilds, restOf } = kojis;
  const parts = { jobs: store.jobs, indexBuilds, restOf, log };
  // Without workers there is no pool at all: other processes do the work, and take back jobs of dead ones.
  const pool = indexer.workers === 0 ? null : new WorkerPool(parts, indexer.workers);
  const wakeWorkers = (): void => pool?.wake();
  const readsArchives = indexer.scan !== 'header';
  const reconcilers = config.koji.flatMap(({ name, reconcileInterval: interval, sweepInterval }) => {
    const hub = kojis.hubs.get(name);
    const timing = { interval, sweepInterval, sweepPause: SWEEP_PAUSE };
    const parts = { store, readsArchives, wakeWorkers, now: Date.now, log };
    return hub === undefined ? [] : [new Reconciler({ hub, ...timing, ...parts, seenSignatures: new Set() })];
  });
  const refreshers = new RepositoryRefreshers({
    kojis: config.koji,
    store: store.repositories,
    openHttp: openMirrorHttp,
    now: Date.now,
    log,
  });
  return {
    start: () => {
      pool?.start();
      for (const each of [...reconcilers, refreshers]) each.start();
      return Promise.resolve();
    },
    enqueue: (instance, kojiBuildIds, priority) => store.jobs.enqueue(instance, kojiBuildIds, priority),
    recordPush: (instance, at) => store.recordPush(instance, at),
    wake: () => {
      wakeWorkers();
      return Promise.resolve();
    },
    stop: async (how) => {
      await Promise.all([...[...reconcilers, refreshers].map((each) => each.stop()), pool?.stop(how)]);
    },
    close: async () => {
      kojis.close();
      await store.close();
    },
  };
}
