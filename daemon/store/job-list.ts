import type { Statement } from 'better-sqlite3';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { Instances } from './instances.ts';
import { JOB_COLUMNS, jobOfRow, type JobRow, STATE } from './job-rows.ts';
import type { Database } from './open.ts';
import { durably } from './transactions.ts';
import { type Job, JOB_STATES, type JobState } from './types.ts';

/** The queue as people and metrics see it, and `retry`. */
export class JobList {
  readonly #db: Database;
  readonly #instances: Instances;
  readonly #now: () => number;
  readonly #find: Statement<[number, KojiBuildId], JobRow>;
  readonly #list: Statement<[number, number], JobRow>;
  readonly #listState: Record<JobState, Statement<[number, number], JobRow>>;
  readonly #counts: Statement<[], { state: number; jobs: number }>;
  readonly #oldestWaiting: Statement<[number], number | null>;
  readonly #retry: Statement<[number, number, string]>;
  readonly #retryAll: Statement<[number, number]>;

  constructor(db: Database, instances: Instances, now: () => number) {
    this.#db = db;
    this.#instances = instances;
    this.#now = now;
    const list = (condition: string): Statement<[number, number], JobRow> =>
      db.prepare(`SELECT ${JOB_COLUMNS} FROM job WHERE ${condition} AND job_id > ? ORDER BY job_id LIMIT ?`);
    this.#list = list('true');
    this.#listState = {
      queued: list(`state = ${STATE.queued}`),
      running: list(`state = ${STATE.running}`),
      failed: list(`state = ${STATE.failed}`),
      parked: list(`state = ${STATE.parked}`),
    };
    this.#find = db.prepare(`SELECT ${JOB_COLUMNS} FROM job WHERE instance_key = ? AND koji_build_id = ?`);
    this.#counts = db.prepare('SELECT state, jobs FROM job_total');
    this.#oldestWaiting = db
      .prepare<[number], number | null>(
        `SELECT min(created_at) FROM job INDEXED BY job_waiting
         WHERE instance_key = ? AND state IN (0, 1) AND priority < 100`,
      )
      .pluck();
    const retry = `UPDATE job SET state = ${STATE.queued}, attempts = 0, run_at = ?, created_at = ?
       WHERE state IN (2, 3)`;
    this.#retry = db.prepare(`${retry} AND job_id IN (SELECT value FROM json_each(?))`);
    this.#retryAll = db.prepare(retry);
  }

  find(instance: string, kojiBuildId: KojiBuildId): Job | null {
    const instanceKey = this.#instances.find(instance);
    const row = instanceKey === null ? undefined : this.#find.get(instanceKey, kojiBuildId);
    return row === undefined ? null : jobOfRow(row, this.#instances);
  }

  list(filter: { state?: JobState; limit: number; afterJobId?: number }): Job[] {
    const statement = filter.state === undefined ? this.#list : this.#listState[filter.state];
    return statement.all(filter.afterJobId ?? 0, filter.limit).map((row) => jobOfRow(row, this.#instances));
  }

  countByState(): Record<JobState, number> {
    const counts: Record<JobState, number> = { queued: 0, running: 0, failed: 0, parked: 0 };
    for (const { state, jobs } of this.#counts.all()) {
      const name = JOB_STATES[state];
      if (name !== undefined) counts[name] = jobs;
    }
    return counts;
  }

  oldestWaiting(instance: string): number | null {
    const instanceKey = this.#instances.find(instance);
    return instanceKey === null ? null : (this.#oldestWaiting.get(instanceKey) ?? null);
  }

  /** On the disk when this returns: a later announcement of a queued build writes nothing more. */
  retry(which: readonly number[] | 'failed'): number {
    const now = this.#now();
    return durably(this.#db, () =>
      which === 'failed'
        ? this.#retryAll.run(now, now).changes
        : this.#retry.run(now, now, JSON.stringify(which)).changes,
    );
  }
}
