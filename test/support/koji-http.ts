import type { RequestListener } from 'node:http';
import { expect } from '@jest/globals';
import { KojiHttp } from '../../daemon/koji/http.ts';
import type { KojiHttpOptions } from '../../daemon/koji/http.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { afterTest } from './after-test.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';

/** A client with little patience, closed after the test. */
export function openKojiHttp(options: Partial<KojiHttpOptions> = {}): KojiHttp {
  const http = new KojiHttp({
    version: '1.2.3',
    contact: 'https://example.com/darkserver',
    maxConnections: 4,
    connectTimeout: 5000,
    silenceTimeout: 5000,
    retry: { attempts: 3, firstDelay: 1, longestDelay: 1500 },
    ...options,
  });
  afterTest(() => {
    http.close();
  });
  return http;
}

/** A server of the test's own, closed after it. */
export async function serve(handler: RequestListener): Promise<Listening> {
  const listening = await listen(handler);
  afterTest(() => listening.close());
  return listening;
}

/** An error with this code whose message matches, for toEqual. */
export function failing(code: ErrorCode, message: RegExp): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}
