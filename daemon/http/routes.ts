import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Lookup } from '../lookup/types.ts';
import type { JobStore, Store } from '../store/types.ts';
import { buildIdRoutes } from './buildids.ts';
import { buildRoutes } from './builds.ts';
import { closedToPages } from './cors.ts';
import { answerError } from './error-answer.ts';
import { fileRoutes } from './files.ts';
import { healthRoutes } from './health.ts';
import { type HttpMetrics, metricsRoutes } from './metrics.ts';
import { openApiRoutes } from './openapi.ts';
import { packageRoutes } from './packages.ts';
import { addPages } from './pages/routes.ts';
import { pushRoutes } from './push.ts';
import type { Route } from './route.ts';
import { rpmRoutes } from './rpms.ts';
import { statusRoutes } from './status.ts';
import { upstreamRoutes } from './upstream.ts';

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

/** The route table: which file answers what. All that is here is in /openapi.json. */
function routeTable(options: RoutesOptions, metrics: HttpMetrics, isStopping: () => boolean): Route[] {
  const { lookup, version } = options;
  const routes = [
    ...buildIdRoutes(lookup),
    ...rpmRoutes(lookup),
    ...buildRoutes(lookup),
    ...packageRoutes(lookup),
    ...fileRoutes(lookup),
    ...statusRoutes(lookup),
    ...pushRoutes({ ...options, metrics }),
    ...healthRoutes({ ...options, isStopping }),
    ...metricsRoutes(metrics, lookup),
    ...upstreamRoutes(lookup, version),
  ];
  return [...routes, ...openApiRoutes(routes, version)];
}

export function addRoutes(
  app: FastifyInstance,
  options: RoutesOptions,
  metrics: HttpMetrics,
  isStopping: () => boolean,
): void {
  const methodsOf = collectMethods(app);
  for (const { method, path, handler, options: more } of routeTable(options, metrics, isStopping)) {
    app.route({ ...more, method, url: path.replaceAll(/{(\w+)}/g, ':$1'), handler });
  }
  // Without this the preflight of @fastify/cors, which answers for every path, would permit it.
  app.options('/push', { onRequest: closedToPages }, refuseMethod('POST'));

  addPages(app, options.lookup);

  addMethodRefusals(app, methodsOf);
  app.setNotFoundHandler((request, reply) => {
    answerError(request, reply, 404, {
      error: { code: 'not_found', message: 'there is nothing at this path' },
    });
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
  return (request: FastifyRequest, reply: FastifyReply): void => {
    void reply.header('allow', allowed);
    answerError(request, reply, 405, {
      error: { code: 'method_not_allowed', message: `this path takes ${allowed}` },
    });
  };
}
