import { setTimeout as sleep } from 'node:timers/promises';
import { DarkserverError, type ErrorCode, toDarkserverError } from '../shared/errors.ts';
import type { IndexBuild, IndexOutcome } from './indexer/index-build.ts';
import type { Log, LogFields } from './log.ts';
import type { Job, JobStore } from './store/types.ts';
import { afterFailure } from './worker-backoff.ts';

export interface JobTiming {
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
  /** Milliseconds that one build may take. */
  readonly limit: number;
  /** Milliseconds for work that was called off to end; then it is left to itself. */
  readonly grace: number;
  /** Milliseconds to leave the store alone after it has failed. */
  readonly storePause: number;
}

type Interruption = 'stopped' | 'lost' | 'late';

type Ending =
  | { readonly outcome: IndexOutcome }
  | { readonly error: DarkserverError }
  | { readonly given: 'back' | 'away' };

/** A thrown error, or what an outcome says of one. */
interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cause?: unknown;
  readonly stack?: string;
}

/** One job in the hands of a worker: runs it, keeps its lock, and says in the queue how it ended. */
export class RunningJob {
  /** Resolves when the job is out of hand. Never rejects. */
  readonly done: Promise<void>;
  readonly #job: Job;
  readonly #jobs: JobStore;
  readonly #log: Log;
  readonly #timing: JobTiming;
  readonly #abort = new AbortController();
  readonly #stop = new AbortController();
  #interruption: Interruption | null = null;

  constructor(job: Job, indexBuild: IndexBuild, parts: { jobs: JobStore; log: Log; timing: JobTiming }) {
    this.#job = job;
    this.#jobs = parts.jobs;
    this.#log = parts.log;
    this.#timing = parts.timing;
    this.done = this.#run(indexBuild);
  }

  /** Calls the work off; the job goes back to the queue as it was. */
  stop(): void {
    this.#stop.abort();
    this.#interrupt('stopped', new DarkserverError('stopped', 'the program is stopping'));
  }

  async #run(indexBuild: IndexBuild): Promise<void> {
    const began = performance.now();
    const heartbeat = setInterval(() => void this.#heartbeat(), this.#timing.heartbeat);
    const limit = setTimeout(() => {
      const minutes = Math.round(this.#timing.limit / 60_000);
      this.#interrupt(
        'late',
        new DarkserverError('network', `the build took longer than ${minutes} minutes`),
      );
    }, this.#timing.limit);
    const ending = await this.#work(indexBuild);
    clearTimeout(limit);
    const fields = { ...this.#fields(), ms: Math.round(performance.now() - began) };
    await this.#settleInTheEnd(ending, fields);
    clearInterval(heartbeat);
  }

  /**
   * A full disk holds the worker until there is room: to go on would be to read builds in vain. If the program is to
   * stop, the lock is left, and once that is seen to be a dead worker's, the build is looked at again.
   */
  async #settleInTheEnd(ending: Ending, fields: LogFields): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        await this.#settle(ending, fields);
        return;
      } catch (thrown) {
        const { code, message } = toDarkserverError(thrown);
        const gaveUp = code !== 'store' || this.#stop.signal.aborted;
        if (failures === 0 || gaveUp) {
          this.#log.error(`the queue could not be told how a job ended: ${message}`, fields);
        }
        if (gaveUp) return;
        await sleep(this.#timing.storePause, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  async #work(indexBuild: IndexBuild): Promise<Ending> {
    const { signal } = this.#abort;
    let outOfPatience: NodeJS.Timeout | undefined;
    try {
      const abandoned = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          outOfPatience = setTimeout(() => {
            reject(signal.reason as DarkserverError);
          }, this.#timing.grace);
        });
      });
      const outcome = await Promise.race([
        indexBuild(this.#job.kojiBuildId, signal, { reread: this.#job.reread }),
        abandoned,
      ]);
      return this.#interruption === 'lost' ? { given: 'away' } : { outcome };
    } catch (thrown) {
      if (this.#interruption === 'lost') return { given: 'away' };
      if (this.#interruption === 'stopped') return { given: 'back' };
      return { error: toDarkserverError(this.#interruption === 'late' ? signal.reason : thrown) };
    } finally {
      clearTimeout(outOfPatience);
    }
  }

  async #settle(ending: Ending, fields: LogFields): Promise<void> {
    if ('error' in ending) {
      await this.#fail(ending.error, fields);
    } else if ('given' in ending) {
      if (ending.given === 'back') await this.#jobs.release(this.#job);
      this.#log.warn(
        ending.given === 'back'
          ? 'gave the build back to the queue'
          : 'another worker has taken the build over',
        fields,
      );
    } else if (ending.outcome.outcome === 'incomplete') {
      await this.#fail(ending.outcome.error, fields);
    } else {
      await this.#jobs.complete(this.#job);
      this.#logOutcome(ending.outcome, fields);
    }
  }

  #logOutcome(outcome: Exclude<IndexOutcome, { outcome: 'incomplete' }>, fields: LogFields): void {
    switch (outcome.outcome) {
      case 'indexed': {
        const { rpms, archives, files, bytesRead } = outcome;
        this.#log.info('indexed the build', { ...fields, rpms, archives, files, bytes_read: bytesRead });
        break;
      }
      case 'noted':
        this.#log.info('noted the state of the build', { ...fields, state: outcome.state });
        break;
      case 'unknown':
        this.#log.warn('Koji has no such build', fields);
        break;
    }
  }

  async #fail(error: Failure, fields: LogFields): Promise<void> {
    const { code, message } = error;
    const next = afterFailure(code, this.#job.attempts, Date.now(), Math.random());
    await this.#jobs.fail(this.#job, { code, message }, next);
    const again = next.state === 'failed' ? { next_attempt: new Date(next.runAt).toISOString() } : {};
    this.#log.warn(`${next.state === 'failed' ? 'the build failed' : 'parked the build'}: ${message}`, {
      ...fields,
      code,
      ...again,
    });
    // The queue keeps the message alone; a defect of ours is found by where it happened.
    const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
    if (code === 'internal')
      this.#log.error('this is a defect of darkserver', { ...fields, stack: stack ?? null });
  }

  async #heartbeat(): Promise<void> {
    try {
      if (await this.#jobs.heartbeat(this.#job)) return;
      this.#interrupt('lost', new DarkserverError('stopped', 'another worker has taken the build over'));
    } catch (thrown) {
      this.#log.warn(`no sign of life to the queue: ${toDarkserverError(thrown).message}`, this.#fields());
    }
  }

  #interrupt(interruption: Interruption, reason: DarkserverError): void {
    this.#interruption ??= interruption;
    this.#abort.abort(reason);
  }

  #fields(): LogFields {
    const { instance, kojiBuildId, jobId, attempts } = this.#job;
    return { instance, koji_build_id: kojiBuildId, job_id: jobId, attempts };
  }
}
