import type { Statement } from 'better-sqlite3';
import { STATE } from './job-rows.ts';
import type { Database } from './open.ts';

/** Jobs taken back from workers that have died. The attempt counts: it may be the job that killed them. */
export class JobLocks {
  readonly #selectWorkers: Statement<[], string>;
  readonly #selectOldest: Statement<[], number | null>;
  readonly #releaseStale: Statement<[number]>;
  readonly #releaseWorker: Statement<[string]>;

  constructor(db: Database) {
    const release = `UPDATE job SET state = ${STATE.queued}, locked_at = NULL, locked_by = NULL,
       announced_again = NULL
       WHERE state = ${STATE.running}`;
    this.#selectWorkers = db
      .prepare<[], string>('SELECT DISTINCT locked_by FROM job INDEXED BY job_running WHERE state = 1')
      .pluck();
    this.#selectOldest = db
      .prepare<[], number | null>('SELECT min(locked_at) FROM job INDEXED BY job_running WHERE state = 1')
      .pluck();
    this.#releaseStale = db.prepare(`${release} AND locked_at < ?`);
    this.#releaseWorker = db.prepare(`${release} AND locked_by = ?`);
  }

  /** Names of the workers that hold jobs. */
  workers(): string[] {
    return this.#selectWorkers.all();
  }

  releaseStale(lockedBefore: number): number {
    const oldest = this.#selectOldest.get() ?? null;
    // Nearly always there is nothing to do, and then no write lock is taken.
    return oldest === null || oldest >= lockedBefore ? 0 : this.#releaseStale.run(lockedBefore).changes;
  }

  releaseWorker(worker: string): number {
    return this.#releaseWorker.run(worker).changes;
  }
}
