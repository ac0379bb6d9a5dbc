import type { FastifyReply, FastifyRequest } from 'fastify';
import { DarkserverError } from '../../shared/errors.ts';
import { MAX_URL_BYTES } from './limits.ts';

/**
 * onRequest: what is refused by its head alone. A packed body could be a bomb, and read as if it were plain it
 * would be refused for what it is not. Throws `uri_too_long`, `unsupported_media_type`.
 */
export function refuseByHead(
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  // Node reads the request line as Latin-1: a character is a byte.
  if (request.url.length > MAX_URL_BYTES) {
    const message = `the URL is longer than ${MAX_URL_BYTES} bytes; POST /api/v1/buildids takes more build-ids`;
    done(new DarkserverError('uri_too_long', message));
    return;
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    void reply.header('accept-encoding', 'identity');
    done(new DarkserverError('unsupported_media_type', 'send the body plain, without Content-Encoding'));
    return;
  }
  done();
}
