import plugin, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, preHandlerAsyncHookHandler } from 'fastify';
import { DarkserverError } from '../../shared/errors.ts';
import type { Config } from '../config/types.ts';
import { clientAddress } from './client-address.ts';
import { MAX_COUNTED_ADDRESSES } from './limits.ts';

type RateLimit = NonNullable<Config['http']['rateLimit']>;

/**
 * Whose callers cannot deal with a 429. Clients of debuginfod take any error for "there is none" and remember
 * it for ten minutes; the next three are asked by machines that watch; hubs that push have a token.
 */
const NEVER_LIMITED = ['/buildid/', '/metadata', '/healthz', '/readyz', '/metrics', '/push'];

/**
 * Counts the requests of each address (of IPv6 each network of 64 bits, which is what one customer has) and
 * answers 429 with Retry-After to what is too much. Of the addresses seen last, MAX_COUNTED_ADDRESSES are kept.
 */
export function addRateLimit(app: FastifyInstance, { requests, window }: RateLimit): void {
  void app.register(plugin, {
    global: false,
    max: requests,
    timeWindow: window,
    cache: MAX_COUNTED_ADDRESSES,
    keyGenerator: (request) => normalizeIP(clientAddress(request)),
    errorResponseBuilder: () =>
      new DarkserverError(
        'too_many_requests',
        `more than ${requests} requests in ${window / 1000} seconds came from this address; ask again when Retry-After ` +
          'says, and POST /api/v1/buildids for many build-ids at once',
      ),
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
    },
  });
}

/** onRequest of all routes, and of paths that have none, once addRateLimit's plugin is there. */
export function createRateLimiter(app: FastifyInstance): preHandlerAsyncHookHandler {
  const limit = app.rateLimit();
  return async function (request, reply) {
    // The route's pattern, which is the same however a client spells its URL.
    if (mayBeLimited(request.routeOptions.url ?? request.url)) await limit.call(this, request, reply);
  };
}

/** Whether a rate limit, where there is one, is for this path. */
export function mayBeLimited(path: string): boolean {
  return !NEVER_LIMITED.some((beginning) => path.startsWith(beginning));
}
