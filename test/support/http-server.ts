import { type HttpServerOptions, createHttpServer } from '../../daemon/http/server.ts';
import { silentLog } from '../../daemon/log.ts';
import { createLookup } from '../../daemon/lookup/lookup.ts';
import type { Store } from '../../daemon/store/types.ts';
import { afterTest } from './after-test.ts';
import { NO_CHECKS, TEST_KOJI } from './test-koji.ts';
import { openTestStore } from './test-store.ts';

export interface TestServer {
  /** Without a trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly store: Store;
  /** How often the workers were woken. */
  readonly wakeUps: () => number;
  readonly close: (grace?: number) => Promise<void>;
}

/** The real server on a free port of loopback over a real store; it is closed after the test, before the store. */
export async function startTestServer(
  overrides: Partial<Omit<HttpServerOptions, 'store'>> & { wrapStore?: (store: Store) => Store } = {},
): Promise<TestServer> {
  const { wrapStore = (store: Store) => store, ...options } = overrides;
  const store = wrapStore(openTestStore());
  let wakeUps = 0;
  const server = createHttpServer({
    lookup: createLookup({ store, koji: TEST_KOJI, checks: NO_CHECKS, now: Date.now }),
    store,
    log: silentLog,
    instances: TEST_KOJI.map(({ name }) => name),
    pushToken: null,
    version: '9.8.7',
    isIndexing: () => true,
    wakeWorkers: () => wakeUps++,
    now: Date.now,
    ...options,
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  afterTest(() => server.close());
  return {
    url,
    port: Number(new URL(url).port),
    store,
    wakeUps: () => wakeUps,
    close: (grace) => server.close(grace),
  };
}
