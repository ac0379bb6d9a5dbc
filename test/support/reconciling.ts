import type { IndexBuild } from '../../daemon/indexer/index-build.ts';
import { KojiHttp } from '../../daemon/koji/http.ts';
import { KojiHubClient } from '../../daemon/koji/hub-client.ts';
import type { KojiHub } from '../../daemon/koji/hub.ts';
import type { ReconcileParts } from '../../daemon/reconciler-news.ts';
import { reconcile } from '../../daemon/reconciler-round.ts';
import type { Store } from '../../daemon/store/types.ts';
import { afterTest } from './after-test.ts';
import { databasePath, storeAt } from './database-file.ts';
import { INSTANCE, indexBuildOf } from './indexing.ts';
import { StandInHub } from './stand-in-hub/stand-in-hub.ts';

export interface Reconciling extends ReconcileParts {
  readonly koji: StandInHub;
  readonly hub: KojiHub;
  readonly store: Store;
  /** How often the workers were woken. */
  readonly wakeUps: () => number;
  /** Moves the clock of the store and of the reconciler by so many milliseconds. */
  readonly pass: (milliseconds: number) => void;
  /** Does what waits in the queue, as a worker would; returns which builds, in order. */
  readonly work: () => Promise<number[]>;
  /** A build that ended so many seconds ago; returns its id. */
  readonly build: (name: string, secondsAgo: number, rpms?: readonly string[]) => number;
}

/** An index, a queue and a Koji to compare it with; gone after the test. */
export async function setUpReconciling(opening = StandInHub.empty()): Promise<Reconciling> {
  const koji = await opening;
  afterTest(() => koji.close());
  const http = new KojiHttp({
    version: '0',
    contact: 'test',
    maxConnections: 4,
    retry: { attempts: 1, firstDelay: 1, longestDelay: 1 },
  });
  afterTest(() => {
    http.close();
  });
  let passed = 0;
  let wakeUps = 0;
  const now = (): number => Date.now() + passed;
  const store = storeAt(databasePath(), { now });
  const indexBuild = indexBuildOf(koji, store.index);
  return {
    koji,
    hub: new KojiHubClient({ instance: INSTANCE, url: koji.hubUrl, http }),
    store,
    now,
    readsArchives: true,
    seenSignatures: new Set(),
    wakeWorkers: () => wakeUps++,
    wakeUps: () => wakeUps,
    pass: (milliseconds) => (passed += milliseconds),
    work: () => work(store, indexBuild),
    build: (name, secondsAgo, rpms = []) => {
      const kojiBuildId = koji.changes.addBuild({ name, version: '1', release: '1', rpms });
      endedAgo(koji, kojiBuildId, secondsAgo - passed / 1000);
      return kojiBuildId;
    },
  };
}

/** A Koji that was asked once already. */
export async function setUpKnown(): Promise<Reconciling> {
  const setting = await setUpReconciling();
  await round(setting);
  return setting;
}

/** One round of the reconciler; returns how many builds it queued. */
export async function round(parts: Reconciling): Promise<number> {
  return (await reconcile(parts, new AbortController().signal)).queued;
}

/** Makes Koji say that a build ended so many seconds ago, as a content generator may. */
export function endedAgo(koji: StandInHub, kojiBuildId: number, seconds: number): void {
  const record = koji.data.builds.find(({ getBuild }) => getBuild.id === kojiBuildId);
  if (record === undefined) throw new Error(`there is no build ${kojiBuildId}`);
  record.getBuild = { ...record.getBuild, completion_ts: Date.now() / 1000 - seconds };
}

async function work({ jobs }: Store, indexBuild: IndexBuild): Promise<number[]> {
  const done: number[] = [];
  for (;;) {
    const job = await jobs.claim('test', [INSTANCE]);
    if (job === null) return done;
    await indexBuild(job.kojiBuildId, new AbortController().signal);
    await jobs.complete(job);
    done.push(job.kojiBuildId);
  }
}
