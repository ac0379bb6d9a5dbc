import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { Store } from '../store/types.ts';

interface Health {
  readonly status: 'ok';
}

interface HealthOptions {
  readonly store: Pick<Store, 'ping'>;
  readonly isIndexing: () => boolean;
  readonly isStopping: () => boolean;
}

/** /healthz: the process lives. /readyz: it can answer and index, and will for a while. */
export function createHealthHandlers({ store, isIndexing, isStopping }: HealthOptions) {
  const notReady = (reply: FastifyReply, code: ErrorCode, message: string): ErrorAnswer => {
    void reply.code(503);
    return { error: { code, message } };
  };
  return {
    live: (): Promise<Health> => Promise.resolve({ status: 'ok' }),

    ready: async (_request: FastifyRequest, reply: FastifyReply): Promise<Health | ErrorAnswer> => {
      if (isStopping()) return notReady(reply, 'stopped', 'the server is stopping');
      if (!isIndexing()) return notReady(reply, 'internal', 'builds are not indexed');
      const answers = await store.ping().catch(() => false);
      return answers ? { status: 'ok' } : notReady(reply, 'store', 'the database does not answer');
    },
  };
}
