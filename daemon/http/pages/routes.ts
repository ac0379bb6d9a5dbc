import { type FastifyInstance, errorCodes } from 'fastify';
import type { Lookup } from '../../lookup/types.ts';
import { createPageHandlers } from './handlers.ts';

/** The path of all pages: they differ by what is asked behind the "?". */
export const PAGES = '/';

/** Adds the pages for people, which are no part of the API and not in /openapi.json. */
export function addPages(app: FastifyInstance, lookup: Lookup): void {
  // Forms are for the pages alone: whatever else is sent in one was meant as something else.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      if (request.routeOptions.url === PAGES) done(null, new URLSearchParams(body.toString()));
      else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
    },
  );
  const { get, post } = createPageHandlers(lookup);
  app.get(PAGES, get);
  app.post(PAGES, post);
}
