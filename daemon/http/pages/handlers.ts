import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Lookup, NotFound } from '../../lookup/types.ts';
import { cacheIf } from '../caching.ts';
import { decode } from '../request.ts';
import { jsonAddress, pageAddress } from './addresses.ts';
import { batchPage } from './batch-page.ts';
import { buildIdPage } from './build-id-page.ts';
import { buildPage } from './build-page.ts';
import { frontPage } from './front-page.ts';
import { type Page, renderPage } from './layout.ts';
import { markup } from './markup.ts';
import { packagePage } from './package-page.ts';
import { pathPage } from './path-page.ts';
import { prefixPage } from './prefix-page.ts';
import { QUESTION_KINDS, type Question, readQuestion, readQuestionAs } from './question.ts';
import { rpmPage } from './rpm-page.ts';
import { PAGE_HEADERS } from './style.ts';
import { nothingFoundPage, otherReadings, unreadablePage } from './trouble-page.ts';

/** Rows of one page: some 20 kB of HTML. */
const ROWS = 50;

/** Bytes: a longer address is not answered with, as common proxies take 8 kB with all header lines. */
const MAX_ADDRESS = 6000;

/** What else stands behind the "?" is not looked at: addresses that people pass on gather things. */
const pageQuery = z.object({
  q: z.string().optional(),
  as: z.enum(QUESTION_KINDS).optional(),
  cursor: z.string().min(1).max(2048).optional(),
});

export function createPageHandlers(lookup: Lookup) {
  return {
    /** The front page, or the answer to what was typed. */
    get: async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
      const { q, as, cursor } = decode(pageQuery, request.query);
      void reply.headers(PAGE_HEADERS);
      if (q === undefined || q.trim() === '') {
        cacheIf(true, reply);
        return renderPage(await frontPage(lookup));
      }
      const questions = as === undefined ? readQuestion(q) : readQuestionAs(as, q);
      if (questions.length === 0) {
        void reply.code(400);
        return renderPage({ ...unreadablePage(as ?? null), searched: q });
      }
      return renderPage({ searched: q, ...(await answerFirst(lookup, { q, questions, cursor }, reply)) });
    },

    /** A text that was pasted: the address of its answer, or the answer where that would be too long. */
    post: async (
      request: FastifyRequest<{ Body: URLSearchParams }>,
      reply: FastifyReply,
    ): Promise<string> => {
      const text = request.body.get('q') ?? '';
      const [question] = readQuestion(text);
      const address =
        question?.as === 'build-ids'
          ? pageAddress('build-ids', question.text)
          : `?${new URLSearchParams({ q: text.trim() }).toString()}`;
      if (address.length <= MAX_ADDRESS) {
        void reply.redirect(`./${address}`, 303);
        return '';
      }
      void reply.headers(PAGE_HEADERS);
      if (question?.as === 'build-ids') return renderPage(await batchPage(lookup, question.asked));
      void reply.code(400);
      return renderPage(unreadablePage('build-ids'));
    },
  };
}

interface Asked {
  readonly q: string;
  readonly questions: readonly Question[];
  readonly cursor: string | undefined;
}

/** The first reading to which there is an answer; the others are linked. */
async function answerFirst(
  lookup: Lookup,
  { q, questions, cursor }: Asked,
  reply: FastifyReply,
): Promise<Page> {
  const tried: { question: Question; answer: NotFound }[] = [];
  for (const question of questions) {
    const answer = await answerOf(lookup, question, cursor);
    if ('notFound' in answer) {
      tried.push({ question, answer });
      continue;
    }
    cacheIf(true, reply);
    const others = readQuestion(q).filter(
      ({ as }) => as !== question.as && tried.every((each) => each.question.as !== as),
    );
    return {
      ...answer,
      json: jsonAddress(question),
      body: markup`${answer.body}
${otherReadings(others)}`,
    };
  }
  void reply.code(404);
  return nothingFoundPage(q, tried);
}

async function answerOf(
  lookup: Lookup,
  question: Question,
  cursor: string | undefined,
): Promise<Page | NotFound> {
  const page = { limit: ROWS, cursor };
  switch (question.as) {
    case 'build-id':
      return buildIdPage(lookup, question.asked);
    case 'build-ids':
      return batchPage(lookup, question.asked);
    case 'prefix':
      return prefixPage(lookup, question.text, page);
    case 'rpm':
      return rpmPage(lookup, question.nvra, page);
    case 'build':
      return buildPage(await lookup.build(question.nvr, page), question, page);
    case 'koji-build':
      return buildPage(await lookup.kojiBuild(question.instance, question.kojiBuildId, page), question, page);
    case 'package':
      return packagePage(lookup, question.text, page);
    case 'path':
      return pathPage(lookup, question.text, page);
  }
}
