import { crc32 } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * What was found hardly changes, but a build may be deleted or moved, and its URLs with it: a minute. Who asks
 * whether the URLs work wants to know it of now, but not anew for each of many who ask the same: five seconds.
 * What was not found may be indexed the next second: not at all.
 */
export function cacheIf(found: boolean, reply: FastifyReply, verified = false): void {
  const kept = verified ? 'public, max-age=5' : 'public, max-age=60';
  void reply.header('cache-control', found ? kept : 'no-store');
}

/** onRequest: nothing is kept by a cache unless its handler says so. */
export function noStoreByDefault(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  done();
}

/**
 * onSend: an entity tag is for the answer to a successful GET or HEAD alone, and If-None-Match is a list compared
 * weakly (RFC 9110, 13.1.2), which an answer 404 must not heed. @fastify/etag makes tags of all answers, also of
 * those that get none, and of what is not found is asked most.
 */
export function tagAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: null, payload?: unknown) => void,
): void {
  const { method, headers } = request;
  const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
  if (!isWhole || reply.statusCode !== 200 || (method !== 'GET' && method !== 'HEAD')) {
    done(null, payload);
    return;
  }
  // A tag is compared with others of the same URL alone, so 32 bits are enough to tell a changed answer.
  const tag = `W/"${payload.length.toString(36)}-${crc32(payload).toString(36)}"`;
  void reply.header('etag', tag);
  if (!namesTag(headers['if-none-match'], tag)) {
    done(null, payload);
    return;
  }
  void reply.code(304).removeHeader('content-type');
  // Without a payload there is no Content-Length either: 0 would be wrong (RFC 9110, 8.6). The handler of
  // HEAD, which runs after this, takes the payload away itself and says the length that it had.
  done(null, method === 'HEAD' ? payload : null);
}

function namesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((listed) => opaque(listed) === opaque(tag));
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}
