import type { FastifyReply } from 'fastify';
import { type ErrorAnswer, healthAnswer } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { Store } from '../store/types.ts';
import { type Route, route } from './route.ts';

interface HealthOptions {
  readonly store: Pick<Store, 'ping'>;
  readonly isIndexing: () => boolean;
  readonly isStopping: () => boolean;
}

export function healthRoutes({ store, isIndexing, isStopping }: HealthOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      operation: 'getHealth',
      tag: 'operation',
      summary: 'The process lives',
      params: {},
      answer: healthAnswer,
      errors: [],
      handle: () => Promise.resolve({ status: 'ok' as const }),
    }),

    route({
      method: 'GET',
      path: '/readyz',
      operation: 'getReadiness',
      tag: 'operation',
      summary: 'It can answer and index, and will for a while',
      params: {},
      answer: healthAnswer,
      errors: [],
      handle: async (_question, reply) => {
        if (isStopping()) return notReady(reply, 'stopped', 'the server is stopping');
        if (!isIndexing()) return notReady(reply, 'internal', 'builds are not indexed');
        const answers = await store.ping().catch(() => false);
        return answers ? { status: 'ok' as const } : notReady(reply, 'store', 'the database does not answer');
      },
    }),
  ];
}

function notReady(reply: FastifyReply, code: ErrorCode, message: string): ErrorAnswer {
  void reply.code(503);
  return { error: { code, message } };
}
