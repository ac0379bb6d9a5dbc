import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import type { ErrorAnswer } from '../../shared/api.ts';
import { renderPage } from './pages/layout.ts';
import { PAGES } from './pages/routes.ts';
import { PAGE_HEADERS } from './pages/style.ts';
import { errorPage } from './pages/trouble-page.ts';

/** Answers with an error: as JSON, and as a page where somebody's browser looked for a page. */
export function answerError(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  answer: ErrorAnswer,
): void {
  void reply.code(status);
  const path = request.url.split('?', 1)[0] ?? '';
  const isPage = path === PAGES;
  // A path that leads nowhere may have been meant for a page.
  if (!isPage && !(request.is404 && !path.startsWith('/api/'))) {
    void reply.send(answer);
    return;
  }
  void reply.header('vary', 'accept');
  if (!prefersPage(request)) {
    void reply.send(answer);
    return;
  }
  // From another path there is no relative way to the pages that is sure to be one.
  const page = renderPage(errorPage(status, answer.error.message), isPage ? './' : PAGES);
  void reply.headers(PAGE_HEADERS).send(page);
}

/** Browsers name text/html; who takes anything gets JSON. */
function prefersPage(request: FastifyRequest): boolean {
  return new Negotiator(request).mediaType(['application/json', 'text/html']) === 'text/html';
}
