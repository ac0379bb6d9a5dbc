import type { IndexBuild, IndexOutcome } from '../../daemon/indexer/index-build.ts';
import { type Job, type JobStore, PRIORITY } from '../../daemon/store/types.ts';
import { WorkerPool, type WorkerTiming } from '../../daemon/worker.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { afterTest } from './after-test.ts';
import { databasePath, storeAt } from './database-file.ts';
import { type LogLine, recordingLog } from './recording-log.ts';

export const INDEXED: IndexOutcome = { outcome: 'indexed', rpms: 2, archives: 0, files: 3, bytesRead: 4 };

/** Waits for what is bound to come; the test's own time limit is the only one. */
export async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Builds in the hands of workers, ended by the test. */
export class Desk {
  readonly begun: number[] = [];
  readonly ended = new Map<number, (outcome: IndexOutcome | Error) => void>();
  readonly signals = new Map<number, AbortSignal>();

  readonly indexBuild: IndexBuild = (kojiBuildId, signal) => {
    this.begun.push(kojiBuildId);
    this.signals.set(kojiBuildId, signal);
    return new Promise((resolve, reject) => {
      this.ended.set(kojiBuildId, (outcome) => {
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
    });
  };

  async end(kojiBuildId: number, outcome: IndexOutcome | Error = INDEXED): Promise<void> {
    await until(() => this.ended.has(kojiBuildId));
    this.ended.get(kojiBuildId)?.(outcome);
    this.ended.delete(kojiBuildId);
  }
}

export interface Setting {
  readonly jobs: JobStore;
  readonly pool: WorkerPool;
  readonly desk: Desk;
  readonly lines: readonly LogLine[];
  readonly path: string;
  readonly push: (...kojiBuildIds: number[]) => Promise<void>;
  readonly job: (kojiBuildId: number) => Promise<Job | null>;
}

export interface SettingOptions {
  readonly workers?: number;
  readonly timing?: Partial<WorkerTiming>;
  readonly indexBuild?: IndexBuild;
  readonly instances?: readonly string[];
  readonly restOf?: (instance: string) => number;
  readonly now?: () => number;
  /** What the workers get in place of the queue. */
  readonly weaken?: (jobs: JobStore) => JobStore;
}

/** Workers of one Koji on a queue of their own, to be started by the test. */
export function setUpWorkers(options: SettingOptions = {}): Setting {
  const path = databasePath();
  const { jobs } = storeAt(path, options.now === undefined ? {} : { now: options.now });
  const { weaken = (strong: JobStore) => strong } = options;
  const desk = new Desk();
  const log = recordingLog();
  const indexBuild = options.indexBuild ?? desk.indexBuild;
  const indexBuilds = new Map((options.instances ?? ['fedora']).map((name) => [name, indexBuild]));
  // Whatever a test waits for must come by a wake-up, or by the time that the test sets.
  const timing = { poll: 3600_000, grace: 20, ...options.timing };
  const pool = new WorkerPool(
    {
      jobs: weaken(jobs),
      indexBuilds,
      restOf: options.restOf ?? (() => 0),
      now: options.now ?? Date.now,
      log,
    },
    options.workers ?? 1,
    timing,
  );
  afterTest(() => pool.stop('now'));
  const push = async (...kojiBuildIds: number[]): Promise<void> => {
    await jobs.enqueue('fedora', kojiBuildIds as KojiBuildId[], PRIORITY.push);
  };
  const job = (kojiBuildId: number): Promise<Job | null> => jobs.find('fedora', kojiBuildId as KojiBuildId);
  return { jobs, pool, desk, lines: log.lines, path, push, job };
}
