import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type BatchAnswer,
  type BuildIdAnswer,
  type ErrorAnswer,
  type PrefixAnswer,
  batchRequest,
  prefixQuery,
} from '../../shared/api.ts';
import { requireBuildId } from '../../shared/build-id.ts';
import type { Lookup } from '../lookup.ts';
import { cacheIf } from './caching.ts';
import { decode, decodeBuildIds } from './request.ts';

/** /api/v1/buildids: one, several, or those that begin alike. */
export function createBuildIdHandlers(lookup: Lookup) {
  return {
    one: async (
      request: FastifyRequest<{ Params: { buildId: string } }>,
      reply: FastifyReply,
    ): Promise<BuildIdAnswer | ErrorAnswer> => {
      const buildId = requireBuildId(request.params.buildId);
      const matches = await lookup.byBuildId(buildId);
      cacheIf(matches.length > 0, reply);
      if (matches.length > 0) return { build_id: buildId, matches };
      void reply.code(404);
      return {
        error: {
          code: 'not_found',
          // Which ids a queued or failed build holds is not known before it is read.
          reason: 'unknown',
          message: `no indexed package holds a file with the build-id ${buildId}`,
        },
      };
    },

    byPrefix: async (request: FastifyRequest, reply: FastifyReply): Promise<PrefixAnswer> => {
      const { prefix, limit } = decode(prefixQuery, request.query);
      // One more than asked for tells whether there are more.
      const buildIds = await lookup.byPrefix(prefix, limit + 1);
      cacheIf(buildIds.length > 0, reply);
      return { build_ids: buildIds.slice(0, limit), more: buildIds.length > limit };
    },

    batch: (request: FastifyRequest): Promise<BatchAnswer> =>
      lookup.byBuildIds(decodeBuildIds(decode(batchRequest, request.body).build_ids)),
  };
}
