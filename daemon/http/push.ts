import { pushAnswer, pushRequest } from '../../shared/api.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { type JobStore, PRIORITY, type Store } from '../store/types.ts';
import { closedToPages } from './cors.ts';
import type { HttpMetrics } from './metrics.ts';
import { createPushGuard } from './push-guard.ts';
import { type Route, route } from './route.ts';

interface PushOptions {
  readonly store: Pick<Store, 'recordPush'> & { readonly jobs: Pick<JobStore, 'enqueue'> };
  /** Names of the configured Kojis. */
  readonly instances: readonly string[];
  /** Null: only this machine may push. */
  readonly pushToken: string | null;
  readonly metrics: HttpMetrics;
  /** Called when the queue has grown, so that workers need not wait for their next poll. */
  readonly wakeWorkers: () => void;
  readonly now: () => number;
}

/** POST /push: 202 only when the builds are in the queue on disk. */
export function pushRoutes({ store, instances, metrics, ...options }: PushOptions): Route[] {
  return [
    route({
      method: 'POST',
      path: '/push',
      operation: 'push',
      tag: 'push',
      summary: 'Announce builds that are new or have changed',
      description:
        'Queues them to be looked at; the answer comes when the queue is on disk. Without a token in the configuration it is taken from loopback only.',
      params: {},
      body: pushRequest,
      status: 202,
      answer: pushAnswer,
      errors: [400, 401, 413, 415, 422],
      options: { onRequest: [closedToPages, createPushGuard(options.pushToken)] },
      handle: async ({ body: { instance, koji_build_ids: sent } }, reply) => {
        if (!instances.includes(instance)) {
          throw new DarkserverError(
            'unprocessable',
            `this server has no Koji named ${JSON.stringify(instance.slice(0, 100))}; it has ${instances.join(', ')}`,
          );
        }
        // The schema has checked what the brand stands for.
        const kojiBuildIds = [...new Set(sent)] as KojiBuildId[];
        const { queued, alreadyQueued } = await store.jobs.enqueue(instance, kojiBuildIds, PRIORITY.push);
        options.wakeWorkers();
        await store.recordPush(instance, options.now());
        metrics.countPush(instance, queued, alreadyQueued);
        void reply.code(202);
        return { queued, already_queued: alreadyQueued };
      },
    }),
  ];
}
