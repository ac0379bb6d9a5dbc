import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { DarkserverError } from '../../shared/errors.ts';
import type { Config } from '../config/types.ts';
import type { Log } from '../log.ts';
import { createAccessLog } from './access-log.ts';
import { noStoreByDefault, tagAnswer } from './caching.ts';
import { answerClientError } from './client-errors.ts';
import { compressAnswer } from './compression.ts';
import { type ConnectionBounds, boundConnections } from './connections.ts';
import { addPreflights, openToPages } from './cors.ts';
import { createErrorHandler } from './errors.ts';
import {
  ANSWER_TIMEOUT,
  CLOSE_GRACE,
  HEADERS_TIMEOUT,
  KEEP_ALIVE_TIMEOUT,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  REQUEST_TIMEOUT,
  TIMEOUTS_CHECK_INTERVAL,
} from './limits.ts';
import { createMetrics } from './metrics.ts';
import { createPipeline } from './pipelining.ts';
import { addRateLimit, createRateLimiter } from './rate-limit.ts';
import { refuseByHead } from './request-head.ts';
import { type RoutesOptions, addRoutes } from './routes.ts';

export interface HttpServerOptions extends RoutesOptions {
  readonly log: Log;
  /** Addresses and ranges whose X-Forwarded-For is believed; none where left out. */
  readonly trustedProxies?: Config['http']['trustedProxies'];
  /** None where left out. */
  readonly rateLimit?: Config['http']['rateLimit'];
  /** Times that are shorter than those of limits.ts, for tests. */
  readonly bounds?: Partial<ServerBounds>;
}

interface ServerBounds extends ConnectionBounds {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
}

const BOUNDS: ServerBounds = {
  headersTimeout: HEADERS_TIMEOUT,
  requestTimeout: REQUEST_TIMEOUT,
  answerTimeout: ANSWER_TIMEOUT,
  checkInterval: TIMEOUTS_CHECK_INTERVAL,
  maxConnections: null,
};

export interface HttpServer {
  /**
   * Port 0 takes a free one. Returns the base URL, with the port that was taken and without a trailing
   * slash. Throws `configuration` when the address cannot be listened on.
   */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /**
   * From now on /readyz says no, and no connection is accepted; requests under way are finished, for at
   * most `grace` milliseconds. Closing twice is the same as once.
   */
  close(grace?: number): Promise<void>;
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { log, trustedProxies = [], rateLimit = null } = options;
  const bounds = { ...BOUNDS, ...options.bounds };
  const metrics = createMetrics();
  const pipeline = createPipeline();
  const handleError = createErrorHandler(log);
  let closing: Promise<void> | null = null;

  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: bounds.requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: bounds.headersTimeout,
      requestTimeout: bounds.requestTimeout,
      connectionsCheckingInterval: bounds.checkInterval,
    },
    // Idle connections are cut at once when closing; those with a request in hand when CLOSE_GRACE is over.
    // `true` would cut answers in the middle, `false` would wait for every idle browser.
    forceCloseConnections: 'idle',
    // A request that came through before the connection was closed gets its answer, not a 503.
    return503OnClosing: false,
    // A caller must not choose its peer address or its request id.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    requestIdHeader: false,
    genReqId: createRequestIds(),
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    frameworkErrors: (error, request, reply) => {
      // Before any route, and so outside the hooks that would set this.
      void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
      handleError(error, request, reply);
    },
    clientErrorHandler: answerClientError,
    routerOptions: {
      // What a parameter may be is decided by its decoder, which can say so; MAX_HEADER_BYTES bounds it.
      maxParamLength: MAX_HEADER_BYTES,
    },
  });

  boundConnections(app.server, bounds, log);
  // Node forgets header lines past the 2000th: what a proxy adds at the end would be lost behind its client's.
  // MAX_HEADER_BYTES bounds how many there can be.
  app.server.maxHeadersCount = 0;
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(handleError);
  app.addHook('onRequest', pipeline.begin);
  app.addHook('onRequest', noStoreByDefault);
  app.addHook('onRequest', openToPages);
  app.addHook('onRequest', refuseByHead);
  app.addHook('onResponse', pipeline.end);
  app.addHook('onResponse', createAccessLog(log, metrics));
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Without this a connection that was busy when closing began would be kept for KEEP_ALIVE_TIMEOUT.
    if (closing !== null) void reply.header('connection', 'close');
    done(null, payload);
  });
  addPreflights(app);
  if (rateLimit !== null) addRateLimit(app, rateLimit);
  void app.register((routes, _options, done) => {
    if (rateLimit !== null) routes.addHook('onRequest', createRateLimiter(routes));
    routes.addHook('onSend', tagAnswer);
    routes.addHook('onSend', compressAnswer);
    addRoutes(routes, options, metrics, () => closing !== null);
    done();
  });

  const close = async (grace: number): Promise<void> => {
    const cut = setTimeout(() => {
      log.warn('requests were still under way when the server closed; their connections are cut');
      app.server.closeAllConnections();
    }, grace);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
    }
  };

  return {
    listen: async ({ host, port }) => {
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw new DarkserverError(
          'configuration',
          `cannot listen on ${host}:${port} (http.listen): ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
      }
      return baseUrl(app.server.address());
    },
    close: (grace = CLOSE_GRACE) => (closing ??= close(grace)),
  };
}

/** Short, and different from those of the run before, so that a log can be searched for one. */
function createRequestIds(): () => string {
  const run = randomBytes(4).toString('hex');
  let count = 0;
  return () => `${run}-${(++count).toString(36)}`;
}

function baseUrl(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
