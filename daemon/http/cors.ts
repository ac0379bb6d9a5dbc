import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a web page may send, and what it may see of the answer besides the body. */
const SENT = ['content-type', 'if-none-match'];
const SEEN = 'etag, retry-after';

/** Seconds for which a browser need not ask again. */
const PREFLIGHT_MAX_AGE = 86_400;

/**
 * onRequest: web pages of any origin may read what this server answers. Two header lines that are always the same:
 * the plugin, whose hook would find them out for each request, answers preflights alone.
 */
export function openToPages(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  void reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', SEEN);
  done();
}

/** onRequest of a route that no web page may use. */
export function closedToPages(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  void reply.removeHeader('access-control-allow-origin').removeHeader('access-control-expose-headers');
  done();
}

/** OPTIONS of every path that has none of its own. In a scope, so that its hook sees nothing else. */
export function addPreflights(app: FastifyInstance): void {
  void app.register((scope, _options, done) => {
    void scope.register(cors, {
      origin: '*',
      methods: ['GET', 'HEAD', 'POST'],
      allowedHeaders: SENT,
      maxAge: PREFLIGHT_MAX_AGE,
      strictPreflight: false,
    });
    done();
  });
}
