import { toDarkserverError } from '../shared/errors.ts';
import { ClockWatch } from './worker-clock.ts';
import type { IndexBuild } from './indexer/index-build.ts';
import type { Log } from './log.ts';
import type { Job, JobStore } from './store/types.ts';
import { type JobTiming, RunningJob } from './worker-job.ts';
import { LONGEST_WAIT } from './worker-backoff.ts';
import { isDeadWorker, workerName } from './worker-name.ts';

export interface WorkerTiming extends JobTiming {
  /** Milliseconds between two looks into the queue for what other processes put there. */
  readonly poll: number;
  /** Milliseconds between two looks for jobs of dead workers. */
  readonly sweep: number;
  /** Milliseconds without a sign of life after which a worker counts as dead. */
  readonly staleAfter: number;
}

const TIMING: WorkerTiming = {
  heartbeat: 20_000,
  limit: 2 * 3600_000,
  grace: 1000,
  poll: 400,
  sweep: 5000,
  staleAfter: 120_000,
  storePause: 5000,
};

export interface WorkerPoolParts {
  readonly jobs: JobStore;
  /** By instance; jobs of other instances are left to others. */
  readonly indexBuilds: ReadonlyMap<string, IndexBuild>;
  /** Milliseconds for which a Koji is not to be asked: its jobs wait in the queue rather than fail one by one. */
  readonly restOf?: (instance: string) => number;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A place for one job of one Koji. */
interface Desk {
  readonly name: string;
  readonly instance: string;
  readonly indexBuild: IndexBuild;
  job: RunningJob | null;
}

/**
 * Workers of one process on a queue that other processes may work on, too. Each Koji has as many as the others, and
 * for itself, so that one that hangs or is slow keeps none from the others.
 */
export class WorkerPool {
  readonly #jobs: JobStore;
  readonly #restOf: (instance: string) => number;
  readonly #log: Log;
  readonly #timing: WorkerTiming;
  readonly #desks: readonly Desk[];
  /** Kojis that are left alone. */
  readonly #resting = new Set<string>();
  readonly #now: () => number;
  readonly #clock: ClockWatch;
  /** A moment of performance.now(). */
  #clockTrustedFrom: number;
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();
  #woken = false;
  #endIdling: () => void = () => undefined;
  #nextSweep = 0;
  #storeFails = false;

  /** `workers` is the number of each Koji's. */
  constructor(parts: WorkerPoolParts, workers: number, timing: Partial<WorkerTiming> = {}) {
    this.#jobs = parts.jobs;
    this.#restOf = parts.restOf ?? (() => 0);
    this.#log = parts.log;
    this.#timing = { ...TIMING, ...timing };
    this.#now = parts.now ?? Date.now;
    this.#clock = new ClockWatch(this.#now);
    this.#clockTrustedFrom = performance.now() + this.#timing.staleAfter;
    this.#desks = [...parts.indexBuilds].flatMap(([instance, indexBuild], koji) =>
      Array.from({ length: workers }, (_, i) => ({
        name: workerName(koji * workers + i + 1),
        instance,
        indexBuild,
        job: null,
      })),
    );
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Something was put into the queue: look at once. */
  wake(): void {
    this.#woken = true;
    this.#endIdling();
  }

  /**
   * Takes no more jobs, and resolves when those in hand have ended. "now", also while that is waited for:
   * calls them off and gives them back to the queue.
   */
  async stop(how?: 'now'): Promise<void> {
    this.#stopping = true;
    if (how === 'now') for (const { job } of this.#desks) job?.stop();
    this.wake();
    await this.#loop;
  }

  /** A method, as its answer changes while something is waited for. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping()) {
      this.#woken = false;
      const wait = await this.#turn();
      await this.#idle(wait);
    }
    await Promise.all(this.#desks.flatMap(({ job }) => (job === null ? [] : [job.done])));
  }

  /** Returns for how many milliseconds nothing is to be done unless somebody wakes the pool. */
  async #turn(): Promise<number> {
    try {
      if (performance.now() >= this.#nextSweep) {
        await this.#sweep();
        this.#nextSweep = performance.now() + this.#timing.sweep;
      }
      await this.#claimJobs();
      if (this.#storeFails) this.#log.info('the queue can be read again');
      this.#storeFails = false;
      return this.#timing.poll;
    } catch (thrown) {
      // The store that failed may be a full disk: it is said once, and asked again until there is room.
      if (!this.#storeFails) this.#log.error(`no work: ${toDarkserverError(thrown).message}`);
      this.#storeFails = true;
      return this.#timing.storePause;
    }
  }

  async #claimJobs(): Promise<void> {
    const empty = new Set<string>();
    for (const desk of this.#desks) {
      if (desk.job !== null || empty.has(desk.instance) || this.#isResting(desk.instance)) continue;
      if (this.#isStopping()) return;
      const job = await this.#jobs.claim(desk.name, [desk.instance]);
      if (job === null) empty.add(desk.instance);
      else if (this.#isStopping()) await this.#jobs.release(job);
      else this.#begin(desk, job);
    }
  }

  /** Said once for each rest, however often its end is put off. */
  #isResting(instance: string): boolean {
    const rest = this.#restOf(instance);
    if (rest === 0) this.#resting.delete(instance);
    else if (!this.#resting.has(instance)) {
      this.#resting.add(instance);
      this.#log.warn('leaving the Koji alone for a while', { instance, seconds: Math.ceil(rest / 1000) });
    }
    return rest > 0;
  }

  #begin(desk: Desk, job: Job): void {
    const parts = { jobs: this.#jobs, log: this.#log, timing: this.#timing };
    const running = new RunningJob(job, desk.indexBuild, parts);
    desk.job = running;
    void running.done.then(() => {
      desk.job = null;
      this.wake();
    });
  }

  async #sweep(): Promise<void> {
    for (const worker of await this.#jobs.workers()) {
      if (!isDeadWorker(worker)) continue;
      const jobs = await this.#jobs.releaseWorker(worker);
      if (jobs > 0) this.#log.warn('took back what a dead worker held', { worker, jobs });
    }
    await this.#mindClock();
    // Whether a sign of life is old cannot be told before all that live have had time to give one by this clock.
    if (performance.now() < this.#clockTrustedFrom) return;
    const jobs = await this.#jobs.releaseStale(this.#now() - this.#timing.staleAfter);
    if (jobs > 0) this.#log.warn('took back what workers without a sign of life held', { jobs });
  }

  async #mindClock(): Promise<void> {
    const jump = this.#clock.jump();
    if (jump !== 0) {
      this.#clockTrustedFrom = performance.now() + this.#timing.staleAfter;
      this.#log.warn('the clock was set', { seconds: Math.round(jump / 1000) });
    }
    // What would be due later than anything ever waits was put off by a clock that was ahead.
    await this.#jobs.bringForward(jump < 0 ? this.#now() : this.#now() + 2 * LONGEST_WAIT);
  }

  async #idle(milliseconds: number): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endIdling = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endIdling = () => undefined;
  }
}
