import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../log.ts';
import { clientAddress } from './client-address.ts';
import { SLOW_REQUEST } from './limits.ts';
import type { HttpMetrics } from './metrics.ts';

/** A URL of several hundred build-ids says nothing that its beginning does not. */
const LOGGED_URL_LENGTH = 200;

/** onResponse: one line for each request, at debug, and at info for those that a person will ask about. */
export function createAccessLog(log: Log, metrics: HttpMetrics) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    // The pattern, not the URL: a label for each build-id ever asked for would fill Prometheus.
    const route = request.routeOptions.url ?? 'none';
    metrics.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    const slow = reply.elapsedTime > SLOW_REQUEST;
    if (!slow && log.showsDebug === false) {
      done();
      return;
    }
    log[slow ? 'info' : 'debug'](slow ? 'slow request' : 'request', {
      request: request.id,
      method: request.method,
      url: request.url.slice(0, LOGGED_URL_LENGTH),
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime),
      peer: clientAddress(request),
    });
    done();
  };
}
