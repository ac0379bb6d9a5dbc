import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { DarkserverError } from '../../../shared/errors.ts';
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
import { type Tried, nothingFoundPage, otherReadings, reservations, unreadablePage } from './trouble-page.ts';

/** Rows of one page: at most some 30 kB of HTML. */
const ROWS = 25;

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
      if (q === undefined || q.trim() === '') return send(reply, await frontPage(lookup));
      const questions = as === undefined ? readQuestion(q) : readQuestionAs(as, q);
      if (questions.length === 0) return refuse(reply, { ...unreadablePage(as ?? null), searched: q });
      return send(reply, { searched: q, ...(await answerFirst(lookup, { q, questions, cursor })) });
    },

    /** A text that was pasted: the address of its answer, or the answer where that would be too long. */
    post: async ({ body }: FastifyRequest, reply: FastifyReply): Promise<string | FastifyReply> => {
      if (!(body instanceof URLSearchParams)) {
        throw new DarkserverError('unsupported_media_type', 'send what the form of the front page sends');
      }
      const text = body.get('q')?.trim() ?? '';
      const [question] = readQuestion(text);
      const isList = question?.as === 'build-ids';
      const address = isList ? pageAddress('build-ids', question.text) : pageAddress(null, text);
      if (address.length <= MAX_ADDRESS) {
        return reply.redirect(`./${address}`, 303);
      }
      if (isList) return send(reply, await batchPage(lookup, question.asked));
      return refuse(reply, unreadablePage('build-ids'));
    },
  };
}

/** The headers only once there is a page: what failed before is answered in another form. */
function send(reply: FastifyReply, page: Page): string {
  const { found = 'all' } = page;
  cacheIf(found === 'all', reply);
  void reply.code(found === 'none' ? 404 : 200).headers(PAGE_HEADERS);
  return renderPage(page);
}

function refuse(reply: FastifyReply, page: Page): string {
  void reply.code(400).headers(PAGE_HEADERS);
  return renderPage(page);
}

interface Asked {
  readonly q: string;
  readonly questions: readonly Question[];
  readonly cursor: string | undefined;
}

/** The first reading to which there is an answer; the others are linked. */
async function answerFirst(lookup: Lookup, { q, questions, cursor }: Asked): Promise<Page> {
  const tried: Tried[] = [];
  for (const question of questions) {
    const answer = await answerOf(lookup, question, cursor);
    if ('notFound' in answer) {
      tried.push({ question, answer });
      continue;
    }
    const others = readQuestion(q).filter(
      ({ as }) => as !== question.as && tried.every((each) => each.question.as !== as),
    );
    const body = markup`${reservations(tried)}${answer.body}
${otherReadings(others)}`;
    return { ...answer, json: jsonAddress(question), body };
  }
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
