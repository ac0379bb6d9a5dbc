import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { Config, KojiConfig } from '../config/types.ts';
import type { Kojis } from '../kojis.ts';
import type { KojiHub } from '../koji/hub.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/types.ts';
import { WorkerPool } from '../worker.ts';
import { EMPTY_STORE, type QueueStore, type QueueWork, newTally, queueMissing } from './backfill-queue.ts';
import { type Selection, selectBuilds } from './backfill-selection.ts';
import { tellQueued, tellRead } from './backfill-summary.ts';
import { BackfillWatch } from './backfill-watch.ts';
import { withKoji, withKojis, withStore, withStoreForReading } from './open.ts';
import { complain } from './output.ts';
import { type Progress, logAbove, startProgress } from './progress.ts';
import { stopSignal } from './signals.ts';

export interface BackfillRequest {
  readonly selection: Selection;
  readonly koji: KojiConfig;
  /** Whether builds that are indexed are looked at again. */
  readonly force: boolean;
}

/** Milliseconds between two looks whether all is done. */
const LOOK = 200;
/** Looks between two sweeps for what other processes did. */
const LOOKS_PER_SWEEP = 10;

/** Only counts. Where there is no database, none is made: nothing is indexed. */
export async function countBackfill(request: BackfillRequest, config: Config): Promise<void> {
  const count = (store: QueueStore): Promise<void> =>
    withKoji(request.koji, async ({ hub }) => {
      const tally = newTally();
      await queueMissing(queueWork(request, hub, store, { dryRun: true }), tally);
      tellQueued(tally, 'to queue');
    });
  await (existsSync(config.database.path) ? withStoreForReading(config, count) : count(EMPTY_STORE));
}

/** Leaves the work to others. */
export async function queueBackfill(request: BackfillRequest, config: Config): Promise<void> {
  await withStore(config, (store) =>
    withKoji(request.koji, async ({ hub }) => {
      const tally = newTally();
      await queueMissing(queueWork(request, hub, store), tally);
      tellQueued(tally, 'queued');
    }),
  );
}

/** Queues and works until all is done. False if some failed, or if it was stopped before. */
export async function runBackfill(request: BackfillRequest, config: Config, log: Log): Promise<boolean> {
  const progress = startProgress('builds');
  const told = process.stderr.isTTY ? logAbove(progress) : log;
  try {
    return await withStore(config, (store) =>
      withKojis([request.koji], { config, store, log: told }, (kojis) =>
        queueAndWork(request, kojis, store, {
          workers: Math.max(1, config.indexer.workers),
          log: told,
          progress,
        }),
      ),
    );
  } finally {
    progress.end();
  }
}

async function queueAndWork(
  request: BackfillRequest,
  { hubs, indexBuilds, restOf }: Kojis,
  store: Store,
  { workers, log, progress }: { workers: number; log: Log; progress: Progress },
): Promise<boolean> {
  const began = performance.now();
  const { name } = request.koji;
  const hub = hubs.get(name);
  const indexBuild = indexBuilds.get(name);
  if (hub === undefined || indexBuild === undefined) {
    throw new DarkserverError('internal', `Koji ${name} was not opened`);
  }
  const watch = new BackfillWatch(name, store.jobs);
  const watched = new Map([[name, watch.watch(indexBuild)]]);
  const pool = new WorkerPool({ jobs: store.jobs, indexBuilds: watched, restOf, log }, workers);
  const signal = stopSignal({
    first: () => {
      progress.say('stopping when the builds in hand are read; the same signal again gives them back');
    },
    now: async () => {
      progress.end();
      await pool.stop('now');
    },
  });
  const onPart = (kojiBuildIds: readonly KojiBuildId[]): void => {
    watch.add(kojiBuildIds);
    pool.wake();
  };
  const ticker = setInterval(() => {
    progress.show(watch.total - watch.waiting, watch.total);
  }, LOOK);
  const tally = newTally();
  try {
    pool.start();
    await queueMissing(queueWork(request, hub, store, { signal, onPart }), tally);
    await allDone(watch, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    clearInterval(ticker);
    await pool.stop();
  }
  progress.show(watch.total - watch.waiting, watch.total);
  progress.end();
  tellQueued(tally, 'queued');
  tellRead(watch, (performance.now() - began) / 1000);
  if (signal.aborted) complain('stopped before the end: the same command goes on where it stopped');
  return watch.failures.size === 0 && !signal.aborted;
}

function queueWork(
  { selection, koji, force }: BackfillRequest,
  hub: KojiHub,
  store: QueueStore,
  options: Pick<Partial<QueueWork>, 'dryRun' | 'onPart'> & { signal?: AbortSignal } = {},
): QueueWork {
  const { signal, dryRun = false, onPart = () => undefined } = options;
  const builds = selectBuilds(hub, selection, signal);
  return { instance: koji.name, builds, store, force, dryRun, onPart };
}

async function allDone(watch: BackfillWatch, signal: AbortSignal): Promise<void> {
  for (let look = 1; watch.waiting > 0; look++) {
    await sleep(LOOK, undefined, { signal });
    if (look % LOOKS_PER_SWEEP === 0) await watch.sweep();
  }
}
