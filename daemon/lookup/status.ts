import type { StatusAnswer } from '../../shared/api.ts';
import type { KojiConfig } from '../config/types.ts';
import type { SweepFacts } from '../store/reconciliation-types.ts';
import type { RepositoryState } from '../store/repository-types.ts';
import type { Store } from '../store/types.ts';
import { isoTime } from './iso-time.ts';

/** A reconciliation is overdue when the last that succeeded is this many intervals ago: one has failed. */
const OVERDUE = 2;

export interface StatusParts {
  readonly store: Pick<Store, 'index' | 'jobs' | 'instanceFacts' | 'repositories'>;
  readonly koji: readonly Pick<KojiConfig, 'name' | 'reconcileInterval'>[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export async function statusOf({ store, koji, now }: StatusParts): Promise<StatusAnswer> {
  const counts = await store.index.counts();
  return {
    builds: counts.builds,
    rpms: counts.rpms,
    files: counts.files,
    build_ids: counts.buildIds,
    database_bytes: counts.databaseBytes,
    queue: await store.jobs.countByState(),
    koji: Object.fromEntries(
      await Promise.all(koji.map(async (each) => [each.name, await statusOfKoji(each, store, now)] as const)),
    ),
  };
}

async function statusOfKoji(
  known: StatusParts['koji'][number],
  store: StatusParts['store'],
  now: () => number,
): Promise<StatusAnswer['koji'][string]> {
  const waitsSince = (await store.jobs.oldestWaiting(known.name)) ?? Infinity;
  const { lastPush, lastReconciled, sweep } = await store.instanceFacts(known.name);
  const isOverdue = lastReconciled !== null && now() - lastReconciled > OVERDUE * known.reconcileInterval;
  const behindSince = Math.min(waitsSince, isOverdue ? lastReconciled : Infinity);
  return {
    // A clock that was set back must not make this negative; neither does nothing that waits.
    lag_seconds: Math.max(0, (now() - behindSince) / 1000),
    last_push: lastPush === null ? null : isoTime(lastPush),
    last_reconciled: lastReconciled === null ? null : isoTime(lastReconciled),
    sweep: {
      progress: progressOf(sweep),
      last_ended: sweep.ended === null ? null : isoTime(sweep.ended),
      found: sweep.found,
    },
    repositories: Object.fromEntries(
      (await store.repositories.states(known.name)).map((state) => [state.name, repositoryStatusOf(state)]),
    ),
  };
}

function repositoryStatusOf(state: RepositoryState): StatusAnswer['koji'][string]['repositories'][string] {
  const { packages, lastRefreshed, lastSeen, failures, error } = state;
  return {
    packages,
    last_refreshed: lastRefreshed === null ? null : isoTime(lastRefreshed),
    last_seen: lastSeen === null ? null : isoTime(lastSeen),
    failures,
    error: error === null ? null : { message: error.message, at: isoTime(error.at) },
  };
}

/** By ids, which are given out one after another and compared from the newest down. */
function progressOf({ from, at }: SweepFacts): number | null {
  return from === null || at === null ? null : (from - at) / from;
}
