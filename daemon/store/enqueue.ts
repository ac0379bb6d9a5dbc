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

interface Announcement {
  readonly priority: Priority;
  readonly reread: 0 | 1;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a further announcement never takes back. */
const MERGE = 'priority = min(priority, :priority), reread = max(reread, :reread)';

type OfJob = Omit<Announcement, 'now'> & { readonly job_id: number };

/** Puts builds into the queue: JobStore.enqueue. */
export class Enqueuer {
  readonly #db: Database;
  readonly #transaction: (work: () => void) => void;
  readonly #select: Statement<[number, KojiBuildId], QueuedRow>;
  readonly #insert: Statement<[Announcement & { instance_key: number; koji_build_id: KojiBuildId }]>;
  readonly #raise: Statement<[OfJob]>;
  readonly #announceAgain: Statement<[OfJob & { announced_again: number }]>;
  readonly #queueAfresh: Statement<[OfJob & Announcement]>;

  constructor(db: Database) {
    this.#db = db;
    this.#transaction = immediateTransaction(db);
    this.#select = db.prepare(
      'SELECT job_id, state, announced_again FROM job WHERE instance_key = ? AND koji_build_id = ?',
    );
    this.#insert = db.prepare(
      `INSERT INTO job (instance_key, koji_build_id, state, priority, reread, run_at, created_at)
       VALUES (:instance_key, :koji_build_id, ${STATE.queued}, :priority, :reread, :now, :now)`,
    );
    this.#raise = db.prepare(`UPDATE job SET ${MERGE} WHERE job_id = :job_id`);
    this.#announceAgain = db.prepare(
      `UPDATE job SET announced_again = :announced_again, ${MERGE} WHERE job_id = :job_id`,
    );
    this.#queueAfresh = db.prepare(
      `UPDATE job SET state = ${STATE.queued}, ${MERGE}, attempts = 0, run_at = :now, created_at = :now
       WHERE job_id = :job_id`,
    );
  }

  /** One transaction, on the disk when this returns. */
  enqueue(
    instanceKey: number,
    kojiBuildIds: readonly KojiBuildId[],
    announcement: Announcement,
  ): EnqueueResult {
    let queued = 0;
    durably(this.#db, () => {
      this.#transaction(() => {
        for (const kojiBuildId of kojiBuildIds) {
          if (this.#announce(instanceKey, kojiBuildId, announcement)) queued++;
        }
      });
    });
    return { queued, alreadyQueued: kojiBuildIds.length - queued };
  }

  /** True if this made work; false if a look at the build was already due. */
  #announce(instanceKey: number, kojiBuildId: KojiBuildId, announcement: Announcement): boolean {
    const { priority, reread, now } = announcement;
    const job = this.#select.get(instanceKey, kojiBuildId);
    if (job === undefined) {
      this.#insert.run({ ...announcement, instance_key: instanceKey, koji_build_id: kojiBuildId });
      return true;
    }
    const merged = { priority, reread, job_id: job.job_id };
    switch (job.state) {
      case STATE.queued:
        this.#raise.run(merged);
        return false;
      case STATE.running:
        this.#announceAgain.run({ ...merged, announced_again: job.announced_again ?? now });
        return job.announced_again === null;
      default:
        this.#queueAfresh.run({ ...merged, now });
        return true;
    }
  }
}
