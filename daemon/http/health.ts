import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer } from '../../shared/api.ts';
import type { Store } from '../store/types.ts';

interface Health {
  readonly status: 'ok';
}

/** /healthz: the process lives. /readyz: it can answer, and will for a while. */
export function createHealthHandlers(store: Pick<Store, 'ping'>, isStopping: () => boolean) {
  const notReady = (reply: FastifyReply, message: string): ErrorAnswer => {
    void reply.code(503);
    return { error: { code: isStopping() ? 'stopped' : 'store', message } };
  };
  return {
    live: (): Promise<Health> => Promise.resolve({ status: 'ok' }),

    ready: async (_request: FastifyRequest, reply: FastifyReply): Promise<Health | ErrorAnswer> => {
      if (isStopping()) return notReady(reply, 'the server is stopping');
      const answers = await store.ping().catch(() => false);
      return answers ? { status: 'ok' } : notReady(reply, 'the database does not answer');
    },
  };
}
