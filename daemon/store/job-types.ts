import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';

/**
 * queued: waits for a worker. running: a worker has it. failed: the last attempt met something that may pass; tried
 * again at run_at. parked: given up until somebody says retry or Koji announces the build again. A job that is done
 * is gone: the build's row says that it is indexed.
 */
export const JOB_STATES = ['queued', 'running', 'failed', 'parked'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Pushes go before backfill; a smaller number is claimed first. */
export const PRIORITY = { push: 0, reconcile: 50, backfill: 100 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export interface Job {
  readonly jobId: number;
  readonly instance: string;
  readonly kojiBuildId: KojiBuildId;
  readonly state: JobState;
  readonly priority: number;
  /** Attempts begun so far. */
  readonly attempts: number;
  /** Milliseconds since the epoch, as all times here. */
  readonly runAt: number;
  readonly lockedAt: number | null;
  readonly lockedBy: string | null;
  /** Whether RPMs that have not changed since they were read are to be read again, too. */
  readonly reread: boolean;
  readonly lastError: { readonly code: ErrorCode; readonly message: string } | null;
  readonly createdAt: number;
}

export interface EnqueueOptions {
  /** As in Job; once somebody has asked for it, a later announcement does not take it back. */
  readonly reread?: boolean;
}

export interface EnqueueResult {
  readonly queued: number;
  readonly alreadyQueued: number;
}

/** The queue: which builds are to be looked at. One job for each build, whoever asks for it. */
export interface JobStore {
  /**
   * Durable on disk when the promise resolves. A build that is queued already is not queued twice
   * (its priority may rise); one that is being worked on is looked at again afterwards; a failed or
   * parked one is queued afresh.
   */
  enqueue(
    instance: string,
    kojiBuildIds: readonly KojiBuildId[],
    priority: Priority,
    options?: EnqueueOptions,
  ): Promise<EnqueueResult>;
  /** Takes the next job that is due, in one statement, or null. `instances`: only these Kojis' jobs. */
  claim(worker: string, instances: readonly string[]): Promise<Job | null>;
  /** Says that the worker still lives; false if the job is no longer its own. */
  heartbeat(job: Job): Promise<boolean>;
  /** Done: the job goes away, or is queued again if the build was announced meanwhile. */
  complete(job: Job): Promise<void>;
  /** Failed or parked, with the reason; or queued again if the build was announced meanwhile. */
  fail(
    job: Job,
    error: { code: ErrorCode; message: string },
    next: { state: 'failed'; runAt: number } | { state: 'parked' },
  ): Promise<void>;
  /** Gives a job back unharmed (the program stops): its attempt does not count. */
  release(job: Job): Promise<void>;
  /** Queues again what was locked before `lockedBefore` by workers that have died. Returns how many. */
  releaseStale(lockedBefore: number): Promise<number>;
  /** Makes due now what is not due before `latest`: the clock was set back since it was queued. Returns how many. */
  bringForward(latest: number): Promise<number>;
  /** Names of the workers that hold jobs, dead ones too. */
  workers(): Promise<string[]>;
  /** Queues again what this worker held; it is known to be dead. Returns how many. */
  releaseWorker(worker: string): Promise<number>;
  /** Queues these jobs now, or every failed and parked one. Returns how many. */
  retry(which: readonly number[] | 'failed'): Promise<number>;
  find(instance: string, kojiBuildId: KojiBuildId): Promise<Job | null>;
  list(filter: { state?: JobState; limit: number; afterJobId?: number }): Promise<Job[]>;
  countByState(): Promise<Record<JobState, number>>;
  /**
   * When the longest-waiting build of this Koji that is queued or running was announced, null if none waits. What a
   * backfill found does not count: it may wait for days, and nobody is behind.
   */
  oldestWaiting(instance: string): Promise<number | null>;
}
