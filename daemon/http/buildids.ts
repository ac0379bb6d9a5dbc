import {
  MAX_BATCH,
  batchAnswer,
  batchRequest,
  buildIdAnswer,
  buildIdQuery,
  prefixAnswer,
  prefixQuery,
} from '../../shared/api.ts';
import { requireAskedBuildId } from '../../shared/build-id-forms.ts';
import { requireNvr, requireNvra } from '../../shared/nvr.ts';
import type { Hint, Lookup } from '../lookup/types.ts';
import { orNotFound } from './answers.ts';
import { cacheIf } from './caching.ts';
import { decodeAskedBuildIds } from './request.ts';
import { type Route, route } from './route.ts';

/** /api/v1/buildids: one, several, or those that begin alike. */
export function buildIdRoutes(lookup: Lookup): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/buildids/{build_id}',
      operation: 'getBuildId',
      tag: 'lookup',
      summary: 'Which packages hold a file with this build-id',
      params: {
        build_id: {
          description:
            'Hex digits, or what crash reporters make of a build-id: its first 16 bytes as a GUID with or without dashes and an age (a Breakpad module id), or filled up with zeros. Upper case and blanks around it do not matter.',
          example: '497b28df515a732343c2da517b391fb44a5002be',
        },
      },
      query: buildIdQuery,
      answer: buildIdAnswer,
      errors: [400, 404],
      handle: async ({ params, query }, reply) => {
        const asked = requireAskedBuildId(params.build_id);
        return orNotFound(await lookup.byBuildId(asked, query, hintOf(query)), reply, query.verify);
      },
    }),

    route({
      method: 'GET',
      path: '/api/v1/buildids',
      operation: 'listBuildIds',
      tag: 'lookup',
      summary: 'Build-ids that begin with these digits',
      params: {},
      query: prefixQuery,
      answer: prefixAnswer,
      errors: [400],
      handle: async ({ query: { prefix, ...page } }, reply) => {
        const answer = await lookup.byPrefix(prefix, page);
        cacheIf(answer.build_ids.length > 0, reply);
        return answer;
      },
    }),

    route({
      method: 'POST',
      path: '/api/v1/buildids',
      operation: 'lookUpBuildIds',
      tag: 'lookup',
      summary: `Up to ${MAX_BATCH} build-ids at once`,
      description:
        'Each in any form that is taken for one alone. A single one that is malformed makes a 400 that names it, and nothing is looked up.',
      params: {},
      body: batchRequest,
      answer: batchAnswer,
      errors: [400, 413, 415],
      handle: ({ body: { build_ids: sent, group = false, siblings = false, verify = false } }) =>
        lookup.byBuildIds(decodeAskedBuildIds(sent), { group, siblings, verify }),
    }),
  ];
}

function hintOf({ build, rpm }: { build?: string | undefined; rpm?: string | undefined }): Hint | undefined {
  if (build === undefined && rpm === undefined) return undefined;
  return {
    build: build === undefined ? null : requireNvr(build),
    rpm: rpm === undefined ? null : requireNvra(rpm),
  };
}
