import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer } from '../../shared/api.ts';
import type { Lookup } from '../lookup.ts';
import type { JobStore, Store } from '../store/types.ts';
import { createBuildIdHandlers } from './buildids.ts';
import { createHealthHandlers } from './health.ts';
import { type HttpMetrics, createMetricsHandler } from './metrics.ts';
import { createPushGuard } from './push-guard.ts';
import { createPushHandler } from './push.ts';
import { createUpstreamHandlers } from './upstream.ts';

export interface RoutesOptions {
  readonly lookup: Lookup;
  readonly store: Pick<Store, 'recordPush' | 'ping'> & { readonly jobs: Pick<JobStore, 'enqueue'> };
  /** False if announced builds are no longer looked at, whatever the reason. */
  readonly isIndexing: () => boolean;
  /** Names of the configured Kojis: builds of others are not taken. */
  readonly instances: readonly string[];
  /** Null: only this machine may push. */
  readonly pushToken: string | null;
  /** What /serverversion says. */
  readonly version: string;
  /** Called when the queue has grown. */
  readonly wakeWorkers: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Upstream was deployed under this path; its clients were configured with either. */
const UPSTREAM_PREFIXES = ['', '/darkserver'];

/** The route table: which file answers what. */
export function addRoutes(
  app: FastifyInstance,
  options: RoutesOptions,
  metrics: HttpMetrics,
  isStopping: () => boolean,
): void {
  const methodsOf = collectMethods(app);
  const { lookup } = options;

  const upstream = createUpstreamHandlers(lookup, options.version);
  for (const prefix of UPSTREAM_PREFIXES) {
    app.get(`${prefix}/serverversion`, upstream.serverVersion);
    app.get(`${prefix}/buildids/:buildIds`, upstream.buildIds);
    app.get(`${prefix}/rpm2buildids/:nvra`, upstream.rpmToBuildIds);
    app.get(`${prefix}/package/:nvra`, upstream.package);
  }

  const buildIds = createBuildIdHandlers(lookup);
  app.get('/api/v1/buildids/:buildId', buildIds.one);
  app.get('/api/v1/buildids', buildIds.byPrefix);
  app.post('/api/v1/buildids', buildIds.batch);
  app.get('/api/v1/status', () => lookup.status());

  const health = createHealthHandlers({ ...options, isStopping });
  app.get('/healthz', health.live);
  app.get('/readyz', health.ready);
  app.get('/metrics', createMetricsHandler(metrics, lookup));

  const notForBrowsers = { config: { cors: false } } as const;
  app.post(
    '/push',
    { ...notForBrowsers, onRequest: createPushGuard(options.pushToken) },
    createPushHandler({ ...options, metrics }),
  );
  // Without this the preflight of @fastify/cors, which answers for every path, would permit it.
  app.options('/push', notForBrowsers, refuseMethod('POST'));

  addMethodRefusals(app, methodsOf);
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).send({
      error: { code: 'not_found', message: 'there is nothing at this path' },
    } satisfies ErrorAnswer);
  });
}

/** Which methods each path has, from here on. */
function collectMethods(app: FastifyInstance): Map<string, string[]> {
  const methodsOf = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    methodsOf.set(url, [...(methodsOf.get(url) ?? []), ...[method].flat()]);
  });
  return methodsOf;
}

/** A known path with another method is a 405 that says which are allowed, not a 404. */
function addMethodRefusals(app: FastifyInstance, methodsOf: ReadonlyMap<string, readonly string[]>): void {
  for (const [url, methods] of [...methodsOf]) {
    const method = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
      (each) => !methods.includes(each),
    );
    const refuse = refuseMethod(methods.filter((each) => each !== 'OPTIONS').join(', '));
    // In onRequest too: the method is refused before anyone cares for the body's type.
    app.route({ method, url, exposeHeadRoute: false, onRequest: refuse, handler: refuse });
  }
}

function refuseMethod(allowed: string) {
  return (_request: FastifyRequest, reply: FastifyReply): void => {
    void reply
      .code(405)
      .header('allow', allowed)
      .send({
        error: { code: 'method_not_allowed', message: `this path takes ${allowed}` },
      } satisfies ErrorAnswer);
  };
}
