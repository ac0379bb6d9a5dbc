import type { FastifyReply } from 'fastify';
import type { ErrorAnswer } from '../../shared/api.ts';
import type { NotFound } from '../lookup/types.ts';
import { cacheIf } from './caching.ts';

/** An answer of the lookup as one of HTTP: what was found may be kept for a while, what was not is a 404. */
export function orNotFound<Answer extends object>(
  result: Answer | NotFound,
  reply: FastifyReply,
  verified = false,
): Answer | ErrorAnswer {
  if (!isNotFound(result)) {
    cacheIf(true, reply, verified);
    return result;
  }
  void reply.code(404);
  return { error: { code: 'not_found', ...result.notFound } };
}

function isNotFound(result: object): result is NotFound {
  return 'notFound' in result;
}
