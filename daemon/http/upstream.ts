import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UpstreamRow } from '../../shared/api.ts';
import { requireNvra } from '../../shared/nvr.ts';
import type { Lookup } from '../lookup.ts';
import { cacheIf } from './caching.ts';
import { decodeBuildIdList } from './request.ts';

type NvraRequest = FastifyRequest<{ Params: { nvra: string } }>;

/**
 * The four routes of the first Darkserver (2012), whose JSON old clients and scripts read. They never
 * answer 404: what is unknown is an empty list or an empty object.
 */
export function createUpstreamHandlers(lookup: Lookup, version: string) {
  return {
    serverVersion: (_request: FastifyRequest, reply: FastifyReply): Promise<{ 'server-version': string }> => {
      cacheIf(true, reply);
      return Promise.resolve({ 'server-version': version });
    },

    buildIds: async (
      request: FastifyRequest<{ Params: { buildIds: string } }>,
      reply: FastifyReply,
    ): Promise<UpstreamRow[]> => {
      const buildIds = decodeBuildIdList(request.params.buildIds);
      const rows = await lookup.upstreamRows(buildIds);
      cacheIf(new Set(rows.map((row) => row.buildid)).size === buildIds.length, reply);
      return rows;
    },

    rpmToBuildIds: async (request: NvraRequest, reply: FastifyReply): Promise<UpstreamRow[]> => {
      const rows = await lookup.upstreamRowsByNvra(requireNvra(request.params.nvra));
      cacheIf(rows.length > 0, reply);
      return rows;
    },

    package: async (request: NvraRequest, reply: FastifyReply): Promise<{ url?: string }> => {
      const url = await lookup.packageUrl(requireNvra(request.params.nvra));
      cacheIf(url !== null, reply);
      return url === null ? {} : { url };
    },
  };
}
