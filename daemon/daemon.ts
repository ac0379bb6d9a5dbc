import type { Config } from './config/types.ts';
import { answersItself } from './http/self-check.ts';
import { type HttpServer, createHttpServer } from './http/server.ts';
import { IndexingThread } from './indexing-thread.ts';
import { createAnswerAgents } from './koji/answer-agents.ts';
import type { Log } from './log.ts';
import { createLookup } from './lookup/lookup.ts';
import { createUrlChecks } from './lookup/url-checks.ts';
import { openStoreForReading } from './store/sqlite-store.ts';
import type { Store } from './store/types.ts';
import { VERSION } from './version.ts';

export interface Daemon {
  /** Where it answers, with the port that was taken. */
  readonly url: string;
  /** Rejects with `internal` if the thread that indexes has ended by itself: close the daemon then. */
  readonly died: Promise<never>;
  /** Whether it answers a request of its own, and the thread that indexes gives signs of life. */
  isAlive(): Promise<boolean>;
  /**
   * Finishes what is in hand and closes in the reverse of the order of construction: it goes on answering
   * until the last build in hand is in the index. "now", also while that is waited for, gives builds in
   * hand back to the queue.
   */
  close(how?: 'now'): Promise<void>;
}

/**
 * The whole program: constructs everything, and answers when this resolves. This thread reads the database
 * and answers; another one indexes, and takes down what is announced here. Throws `configuration` for a
 * database or an address that cannot be used, and leaves nothing open then.
 */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const { database, indexer, koji } = config;
  const data = { config: { database, indexer, koji }, logLevel: config.log.level };
  const indexing = await IndexingThread.open(data, log);
  let store: Store | null = null;
  try {
    store = openStoreForReading(database.path);
    const server = createServer(config, { store, indexing, log });
    const url = await server.listen(config.http.listen);
    await indexing.start();
    log.info('darkserver is ready', {
      url,
      version: VERSION,
      database: database.path,
      workers: indexer.workers,
      kojis: koji.map(({ name }) => name).join(','),
    });
    return {
      url,
      died: indexing.died,
      isAlive: async () => indexing.isAlive() && (await answersItself(url)),
      close: closing({ server, store, indexing }),
    };
  } catch (error) {
    await store?.close();
    await indexing.close();
    throw error;
  }
}

interface Parts {
  readonly server: HttpServer;
  readonly store: Store;
  readonly indexing: IndexingThread;
}

function createServer(
  config: Config,
  { store, indexing, log }: Omit<Parts, 'server'> & { log: Log },
): HttpServer {
  return createHttpServer({
    lookup: createLookup({
      ...{ store, koji: config.koji, now: Date.now },
      checks: createUrlChecks({
        version: VERSION,
        now: Date.now,
        agentFor: createAnswerAgents(config.koji).for,
      }),
    }),
    store: {
      jobs: { enqueue: (instance, ids, priority) => indexing.enqueue(instance, ids, priority) },
      recordPush: (instance, at) => indexing.recordPush(instance, at),
      ping: () => store.ping(),
    },
    instances: config.koji.map(({ name }) => name),
    pushToken: config.push.token,
    trustedProxies: config.http.trustedProxies,
    rateLimit: config.http.rateLimit,
    version: VERSION,
    isIndexing: () => indexing.isAlive(),
    wakeWorkers: () => {
      // A thread that has ended is told of by `died`.
      indexing.wake().catch(() => undefined);
    },
    now: Date.now,
    log,
  });
}

function closing({ server, store, indexing }: Parts): Daemon['close'] {
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await indexing.stop();
    await server.close();
    // The last connection empties the log, and only one that writes can.
    await store.close();
    await indexing.close();
  };
  return async (how) => {
    closed ??= close();
    if (how === 'now') await Promise.all([indexing.stop('now'), server.close(0)]);
    await closed;
  };
}
