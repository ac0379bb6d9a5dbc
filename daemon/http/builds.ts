import { buildAnswer, verifiedPageQuery } from '../../shared/api.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { requireNvr } from '../../shared/nvr.ts';
import type { Lookup } from '../lookup/types.ts';
import { orNotFound } from './answers.ts';
import { type Route, route } from './route.ts';

/** What Koji's database can count up to. */
const MAX_KOJI_BUILD_ID = 2 ** 31 - 1;

/** A build by its NVR, or by the number that a Koji gave it. */
export function buildRoutes(lookup: Lookup): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/builds/{nvr}',
      operation: 'getBuild',
      tag: 'lookup',
      summary: 'A build with its RPMs and archives',
      description:
        'Where several Kojis have a build of this NVR, the best one is shown and the others named.',
      params: { nvr: { description: 'name-version-release.', example: 'greet-1.0-1.fc40' } },
      query: verifiedPageQuery,
      answer: buildAnswer,
      errors: [400, 404],
      handle: async ({ params, query: { verify, ...page } }, reply) => {
        const nvr = requireNvr(params.nvr);
        return orNotFound(await lookup.build(nvr, page, { siblings: false, verify }), reply, verify);
      },
    }),

    route({
      method: 'GET',
      path: '/api/v1/koji/{instance}/builds/{koji_build_id}',
      operation: 'getKojiBuild',
      tag: 'lookup',
      summary: "A build by Koji's number",
      params: {
        instance: { description: 'The Koji, by its name in the configuration.', example: 'fedora' },
        koji_build_id: { description: 'The number that this Koji gave the build.', example: '3' },
      },
      query: verifiedPageQuery,
      answer: buildAnswer,
      errors: [400, 404],
      handle: async ({ params, query: { verify, ...page } }, reply) => {
        const kojiBuildId = requireKojiBuildId(params.koji_build_id);
        const extras = { siblings: false, verify };
        return orNotFound(await lookup.kojiBuild(params.instance, kojiBuildId, page, extras), reply, verify);
      },
    }),
  ];
}

function requireKojiBuildId(text: string): KojiBuildId {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_KOJI_BUILD_ID) return number as KojiBuildId;
  throw new DarkserverError(
    'bad_input',
    `"${text.slice(0, 100)}" is not a build id of Koji's: give a whole number from 1 to ${MAX_KOJI_BUILD_ID}`,
  );
}
