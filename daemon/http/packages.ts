import { packageAnswer, pageQuery } from '../../shared/api.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { Lookup } from '../lookup/types.ts';
import { orNotFound } from './answers.ts';
import { type Route, route } from './route.ts';

/** /api/v1/packages: what was ever built of a package. */
export function packageRoutes(lookup: Lookup): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/packages/{name}',
      operation: 'getPackage',
      tag: 'lookup',
      summary: 'The builds of a package, newest first',
      params: {
        name: { description: 'Of a package, or of an RPM that is made of one.', example: 'greet' },
      },
      query: pageQuery,
      answer: packageAnswer,
      errors: [400, 404],
      handle: async ({ params, query }, reply) =>
        orNotFound(await lookup.package(requireName(params.name), query), reply),
    }),
  ];
}

function requireName(text: string): string {
  const name = text.trim();
  if (/^[^\s/]+$/.test(name)) return name;
  throw new DarkserverError('bad_input', `"${text.slice(0, 200)}" is not the name of a package`);
}
