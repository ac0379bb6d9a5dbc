import { type HttpServerOptions, createHttpServer } from '../../daemon/http/server.ts';
import { silentLog } from '../../daemon/log.ts';
import { createLookup } from '../../daemon/lookup.ts';
import type { Store } from '../../daemon/store/types.ts';
import { afterTest } from './after-test.ts';
import { openTestStore } from './test-store.ts';

/** The Kojis that a test server knows; names of .example lead nowhere. */
export const TEST_KOJI = [
  {
    name: 'fedora',
    topurl: 'https://kojipkgs.example',
    web: 'https://koji.example/koji',
    reconcileInterval: 60_000,
  },
  { name: 'plain', topurl: 'https://plain.example/top', web: null, reconcileInterval: 60_000 },
] as const;

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
    lookup: createLookup({ store, koji: TEST_KOJI, now: Date.now }),
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
