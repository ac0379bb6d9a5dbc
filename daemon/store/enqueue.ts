import type { Statement } from 'better-sqlite3';
import type { KojiBuildId } from '../../shared/koji.ts';
import { STATE } from './job-rows.ts';
import type { Database } from './open.ts';
import { durably, immediateTransaction } from './transactions.ts';
import type { EnqueueResult, Priority } from './types.ts';

interface QueuedRow {
  job_id: number;
  state: number;
  announced_again: number | null;
}

/** Puts builds into the queue: JobStore.enqueue. */
export class Enqueuer {
  readonly #db: Database;
  readonly #transaction: (work: () => void) => void;
  readonly #select: Statement<[number, KojiBuildId], QueuedRow>;
  readonly #insert: Statement<[number, KojiBuildId, Priority, number, number]>;
  readonly #raise: Statement<[Priority, number]>;
  readonly #announceAgain: Statement<[number, Priority, number]>;
  readonly #queueAfresh: Statement<[Priority, number, number, number]>;

  constructor(db: Database) {
    this.#db = db;
    this.#transaction = immediateTransaction(db);
    this.#select = db.prepare(
      'SELECT job_id, state, announced_again FROM job WHERE instance_key = ? AND koji_build_id = ?',
    );
    this.#insert = db.prepare(
      `INSERT INTO job (instance_key, koji_build_id, state, priority, run_at, created_at)
       VALUES (?, ?, ${STATE.queued}, ?, ?, ?)`,
    );
    this.#raise = db.prepare('UPDATE job SET priority = min(priority, ?) WHERE job_id = ?');
    this.#announceAgain = db.prepare(
      'UPDATE job SET announced_again = ?, priority = min(priority, ?) WHERE job_id = ?',
    );
    this.#queueAfresh = db.prepare(
      `UPDATE job SET state = ${STATE.queued}, priority = min(priority, ?), attempts = 0, run_at = ?, created_at = ?
       WHERE job_id = ?`,
    );
  }

  /** One transaction, on the disk when this returns. */
  enqueue(
    instanceKey: number,
    kojiBuildIds: readonly KojiBuildId[],
    priority: Priority,
    now: number,
  ): EnqueueResult {
    let queued = 0;
    durably(this.#db, () => {
      this.#transaction(() => {
        for (const kojiBuildId of kojiBuildIds) {
          if (this.#announce(instanceKey, kojiBuildId, priority, now)) queued++;
        }
      });
    });
    return { queued, alreadyQueued: kojiBuildIds.length - queued };
  }

  /** True if this made work; false if a look at the build was already due. */
  #announce(instanceKey: number, kojiBuildId: KojiBuildId, priority: Priority, now: number): boolean {
    const job = this.#select.get(instanceKey, kojiBuildId);
    if (job === undefined) {
      this.#insert.run(instanceKey, kojiBuildId, priority, now, now);
      return true;
    }
    switch (job.state) {
      case STATE.queued:
        this.#raise.run(priority, job.job_id);
        return false;
      case STATE.running:
        this.#announceAgain.run(job.announced_again ?? now, priority, job.job_id);
        return job.announced_again === null;
      default:
        this.#queueAfresh.run(priority, now, now, job.job_id);
        return true;
    }
  }
}
