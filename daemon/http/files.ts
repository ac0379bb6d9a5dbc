import { filesAnswer, filesQuery } from '../../shared/api.ts';
import type { Lookup } from '../lookup/types.ts';
import { orNotFound } from './answers.ts';
import { type Route, route } from './route.ts';

/** /api/v1/files: what was ever at a path. */
export function fileRoutes(lookup: Lookup): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/files',
      operation: 'listFiles',
      tag: 'lookup',
      summary: 'Every file with a build-id that was ever at a path',
      params: {},
      query: filesQuery,
      answer: filesAnswer,
      errors: [400, 404],
      handle: async ({ query: { path, siblings, verify, ...page } }, reply) =>
        orNotFound(await lookup.byPath(path, page, { siblings, verify }), reply, verify),
    }),
  ];
}
