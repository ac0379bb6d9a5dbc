import { upstreamPackage, upstreamRows, upstreamVersion } from '../../shared/api.ts';
import { requireNvra } from '../../shared/nvr.ts';
import type { Lookup } from '../lookup/types.ts';
import { cacheIf } from './caching.ts';
import { decodeBuildIdList } from './request.ts';
import { type Route, route } from './route.ts';

/** Upstream was deployed under this path; its clients were configured with either. */
const PREFIXES = ['', '/darkserver'] as const;

const NVRA = {
  description: 'name-version-release.arch, with or without ".rpm".',
  example: 'greet-1.0-1.fc40.x86_64',
};

/**
 * The four routes of the first Darkserver (2012), whose JSON old clients and scripts read. They never
 * answer 404: what is unknown is an empty list or an empty object.
 */
export function upstreamRoutes(lookup: Lookup, version: string): Route[] {
  return PREFIXES.flatMap((prefix) => routesUnder(prefix, lookup, version));
}

function routesUnder(prefix: (typeof PREFIXES)[number], lookup: Lookup, version: string): Route[] {
  const tag = 'upstream';
  const within = prefix === '' ? 'Upstream' : 'Darkserver';
  return [
    route({
      method: 'GET',
      path: `${prefix}/serverversion`,
      operation: `get${within}ServerVersion`,
      tag,
      summary: 'The version of the server',
      params: {},
      answer: upstreamVersion,
      errors: [],
      handle: (_question, reply) => {
        cacheIf(true, reply);
        return Promise.resolve({ 'server-version': version });
      },
    }),

    route({
      method: 'GET',
      path: `${prefix}/buildids/{buildids}`,
      operation: `get${within}BuildIds`,
      tag,
      summary: 'Files with these build-ids',
      params: {
        buildids: {
          description: 'One or several, separated by commas.',
          example: '497b28df515a732343c2da517b391fb44a5002be',
        },
      },
      answer: upstreamRows,
      errors: [400],
      handle: async ({ params }, reply) => {
        const buildIds = decodeBuildIdList(params.buildids);
        const rows = await lookup.upstreamRows(buildIds);
        cacheIf(new Set(rows.map((row) => row.buildid)).size === buildIds.length, reply);
        return rows;
      },
    }),

    route({
      method: 'GET',
      path: `${prefix}/rpm2buildids/{nvra}`,
      operation: `get${within}RpmBuildIds`,
      tag,
      summary: 'Files with a build-id in an RPM',
      params: { nvra: NVRA },
      answer: upstreamRows,
      errors: [400],
      handle: async ({ params }, reply) => {
        const rows = await lookup.upstreamRowsByNvra(requireNvra(params.nvra));
        cacheIf(rows.length > 0, reply);
        return rows;
      },
    }),

    route({
      method: 'GET',
      path: `${prefix}/package/{nvra}`,
      operation: `get${within}Package`,
      tag,
      summary: 'Where an RPM can be had',
      params: { nvra: NVRA },
      answer: upstreamPackage,
      errors: [400],
      handle: async ({ params }, reply) => {
        const url = await lookup.packageUrl(requireNvra(params.nvra));
        cacheIf(url !== null, reply);
        return url === null ? {} : { url };
      },
    }),
  ];
}
