import type { FastifyReply, FastifyRequest } from 'fastify';
import { type PushAnswer, pushRequest } from '../../shared/api.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { type JobStore, PRIORITY, type Store } from '../store/types.ts';
import type { HttpMetrics } from './metrics.ts';
import { decode } from './request.ts';

interface PushOptions {
  readonly store: Pick<Store, 'recordPush'> & { readonly jobs: Pick<JobStore, 'enqueue'> };
  /** Names of the configured Kojis. */
  readonly instances: readonly string[];
  readonly metrics: HttpMetrics;
  /** Called when the queue has grown, so that workers need not wait for their next poll. */
  readonly wakeWorkers: () => void;
  readonly now: () => number;
}

/** POST /push: 202 only when the builds are in the queue on disk. */
export function createPushHandler({ store, instances, metrics, wakeWorkers, now }: PushOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<PushAnswer> => {
    const { instance, koji_build_ids: sent } = decode(pushRequest, request.body);
    if (!instances.includes(instance)) {
      throw new DarkserverError(
        'unprocessable',
        `this server has no Koji named ${JSON.stringify(instance.slice(0, 100))}; it has ${instances.join(', ')}`,
      );
    }
    // The schema has checked what the brand stands for.
    const kojiBuildIds = [...new Set(sent)] as KojiBuildId[];
    const { queued, alreadyQueued } = await store.jobs.enqueue(instance, kojiBuildIds, PRIORITY.push);
    wakeWorkers();
    await store.recordPush(instance, now());
    metrics.countPush(instance, queued, alreadyQueued);
    void reply.code(202);
    return { queued, already_queued: alreadyQueued };
  };
}
