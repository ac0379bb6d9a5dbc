import { contentQuery, rpmAnswer } from '../../shared/api.ts';
import { requireNvra } from '../../shared/nvr.ts';
import type { Lookup } from '../lookup/types.ts';
import { orNotFound } from './answers.ts';
import { type Route, route } from './route.ts';

/** /api/v1/rpms: an RPM by its name. */
export function rpmRoutes(lookup: Lookup): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/rpms/{nvra}',
      operation: 'getRpm',
      tag: 'lookup',
      summary: 'An RPM, and the files with a build-id in it',
      params: {
        nvra: {
          description: 'name-version-release.arch, with or without ".rpm".',
          example: 'greet-1.0-1.fc40.x86_64',
        },
      },
      query: contentQuery,
      answer: rpmAnswer,
      errors: [400, 404],
      handle: async ({ params, query: { siblings, verify, ...page } }, reply) => {
        const nvra = requireNvra(params.nvra);
        return orNotFound(await lookup.byNvra(nvra, page, { siblings, verify }), reply, verify);
      },
    }),
  ];
}
