import type { Config } from './config/types.ts';
import { type HttpServer, createHttpServer } from './http/server.ts';
import { openKojis } from './kojis.ts';
import type { Log } from './log.ts';
import { createLookup } from './lookup.ts';
import { Reconciler } from './reconciler.ts';
import { openStore } from './store/sqlite-store.ts';
import { VERSION } from './version.ts';
import { WorkerPool } from './worker.ts';

export interface Daemon {
  /** Where it answers, with the port that was taken. */
  readonly url: string;
  /**
   * Finishes what is in hand and closes in the reverse of the order of construction: it goes on answering
   * until the last build in hand is in the index. "now", also while that is waited for, gives builds in
   * hand back to the queue.
   */
  close(how?: 'now'): Promise<void>;
}

/**
 * The whole program: constructs everything, and answers when this resolves. Throws `configuration` for a
 * database or an address that cannot be used, and leaves nothing open then.
 */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const store = openStore(config.database.path);
  const kojis = openKojis(config.koji, { index: store.index, scan: config.indexer.scan, log });
  const parts = { jobs: store.jobs, indexBuilds: kojis.indexBuilds, log };
  // Without workers there is no pool at all: other processes do the work, and take back jobs of dead ones.
  const pool = config.indexer.workers === 0 ? null : new WorkerPool(parts, config.indexer.workers);
  const wakeWorkers = (): void => pool?.wake();
  const reconcilers = config.koji.flatMap(({ name, reconcileInterval: interval }) => {
    const hub = kojis.hubs.get(name);
    return hub === undefined
      ? []
      : [new Reconciler({ hub, store, interval, wakeWorkers, now: Date.now, log })];
  });
  const server = createHttpServer({
    lookup: createLookup({ store, koji: config.koji, now: Date.now }),
    store,
    instances: config.koji.map(({ name }) => name),
    pushToken: config.push.token,
    version: VERSION,
    wakeWorkers,
    now: Date.now,
    log,
  });
  const closeRest = async (): Promise<void> => {
    kojis.close();
    await store.close();
  };
  const url = await server.listen(config.http.listen).catch(async (error: unknown) => {
    await closeRest();
    throw error;
  });
  pool?.start();
  for (const reconciler of reconcilers) reconciler.start();
  log.info('darkserver is ready', {
    url,
    version: VERSION,
    database: config.database.path,
    workers: config.indexer.workers,
    kojis: config.koji.map(({ name }) => name).join(','),
  });
  return { url, close: closing({ server, pool, reconcilers, closeRest }) };
}

interface Parts {
  readonly server: HttpServer;
  readonly pool: WorkerPool | null;
  readonly reconcilers: readonly Reconciler[];
  readonly closeRest: () => Promise<void>;
}

function closing({ server, pool, reconcilers, closeRest }: Parts): Daemon['close'] {
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await Promise.all(reconcilers.map((reconciler) => reconciler.stop()));
    await pool?.stop();
    await server.close();
    await closeRest();
  };
  return async (how) => {
    closed ??= close();
    if (how === 'now') await Promise.all([pool?.stop('now'), server.close(0)]);
    await closed;
  };
}
