import type { Statement } from 'better-sqlite3';
import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { Enqueuer } from './enqueue.ts';
import type { Instances } from './instances.ts';
import { JOB_COLUMNS, jobOfRow, type JobRow, STATE } from './job-rows.ts';
import type { Database } from './open.ts';
import { immediateTransaction } from './transactions.ts';
import { type EnqueueOptions, type EnqueueResult, type Job, PRIORITY, type Priority } from './types.ts';

const PRIORITIES = JSON.stringify(Object.values(PRIORITY));

/**
 * The next job that is due. For each instance and priority the index gives its first entry, and the best
 * of those few is taken: jobs that wait for their time are never walked over, however many they are.
 */
const NEXT_DUE = `
  SELECT first.job_id
  FROM json_each(:instances) AS i, json_each('${PRIORITIES}') AS p
  JOIN job AS first ON first.job_id = (
    SELECT job_id FROM job INDEXED BY job_claimable
    WHERE state IN (0, 2) AND instance_key = i.value AND priority = p.value AND run_at <= :now
    ORDER BY run_at, job_id LIMIT 1)
  ORDER BY first.priority, first.run_at, first.job_id LIMIT 1`;

/** The job is still this worker's: nobody took it over and gave it to somebody (or to this worker) again. */
const OWN = `job_id = ? AND state = ${STATE.running} AND locked_by = ? AND attempts = ?`;
type Own = [jobId: number, lockedBy: string | null, attempts: number];

const UNLOCK = 'locked_at = NULL, locked_by = NULL, announced_again = NULL';

interface ClaimParameters {
  instances: string;
  now: number;
  worker: string;
}

/** A job's way through the queue. Every method is safe among several processes. */
export class JobQueue {
  readonly #instances: Instances;
  readonly #now: () => number;
  readonly #enqueuer: Enqueuer;
  readonly #selectDue: Statement<[Omit<ClaimParameters, 'worker'>], number>;
  readonly #claim: Statement<[ClaimParameters], JobRow>;
  readonly #heartbeat: Statement<[number, ...Own]>;
  readonly #requeueAnnounced: Statement<[number, ...Own]>;
  readonly #delete: Statement<Own>;
  readonly #fail: Statement<[number, number | null, ErrorCode, string, ...Own]>;
  readonly #release: Statement<Own>;
  readonly #selectLatest: Statement<[], number | null>;
  readonly #bringForward: Statement<[number, number]>;
  readonly #immediately: (work: () => void) => void;

  constructor(db: Database, instances: Instances, now: () => number) {
    this.#instances = instances;
    this.#now = now;
    this.#enqueuer = new Enqueuer(db);
    this.#selectDue = db.prepare<[Omit<ClaimParameters, 'worker'>], number>(NEXT_DUE).pluck();
    this.#claim = db.prepare(
      `UPDATE job SET state = ${STATE.running}, attempts = attempts + 1, locked_at = :now, locked_by = :worker
       WHERE job_id = (${NEXT_DUE})
       RETURNING ${JOB_COLUMNS}`,
    );
    this.#heartbeat = db.prepare(`UPDATE job SET locked_at = ? WHERE ${OWN}`);
    this.#requeueAnnounced = db.prepare(
      `UPDATE job SET state = ${STATE.queued}, attempts = 0, run_at = ?, created_at = announced_again, ${UNLOCK}
       WHERE ${OWN} AND announced_again IS NOT NULL`,
    );
    this.#delete = db.prepare(`DELETE FROM job WHERE ${OWN}`);
    this.#fail = db.prepare(
      `UPDATE job SET state = ?, run_at = ifnull(?, run_at), error_code = ?, error_message = ?, ${UNLOCK}
       WHERE ${OWN}`,
    );
    this.#selectLatest = db
      .prepare<[], number | null>(
        // The last entry of each instance and priority, as NEXT_DUE takes the first.
        `SELECT max((SELECT max(run_at) FROM job INDEXED BY job_claimable
           WHERE state IN (0, 2) AND instance_key = i.instance_key AND priority = p.value))
         FROM koji_instance AS i, json_each('${PRIORITIES}') AS p`,
      )
      .pluck();
    this.#bringForward = db.prepare(
      `UPDATE job SET run_at = ? WHERE job_id IN (
         SELECT late.job_id FROM koji_instance AS i, json_each('${PRIORITIES}') AS p
         CROSS JOIN job AS late INDEXED BY job_claimable
           ON late.state IN (0, 2) AND late.instance_key = i.instance_key AND late.priority = p.value AND late.run_at > ?)`,
    );
    this.#immediately = immediateTransaction(db);
    this.#release = db.prepare(
      `UPDATE job SET state = ${STATE.queued}, attempts = attempts - 1, ${UNLOCK} WHERE ${OWN}`,
    );
  }

  bringForward(latest: number): number {
    // Looking first keeps from taking the write lock where, as nearly always, nothing is to be done.
    if ((this.#selectLatest.get() ?? 0) <= latest) return 0;
    return this.#bringForward.run(this.#now(), latest).changes;
  }

  enqueue(
    instance: string,
    kojiBuildIds: readonly KojiBuildId[],
    priority: Priority,
    { reread = false }: EnqueueOptions = {},
  ): EnqueueResult {
    const announcement = { priority, reread: reread ? 1 : 0, now: this.#now() } as const;
    return this.#enqueuer.enqueue(this.#instances.findOrMake(instance), kojiBuildIds, announcement);
  }

  claim(worker: string, instances: readonly string[]): Job | null {
    const keys = instances.map((name) => this.#instances.find(name)).filter((key) => key !== null);
    const parameters = { instances: JSON.stringify(keys), now: this.#now(), worker };
    // Looking first keeps idle workers from taking the write lock twice a second.
    if (this.#selectDue.get(parameters) === undefined) return null;
    const row = this.#claim.get(parameters);
    return row === undefined ? null : jobOfRow(row, this.#instances);
  }

  heartbeat(job: Job): boolean {
    return this.#heartbeat.run(this.#now(), ...own(job)).changes === 1;
  }

  complete(job: Job): void {
    this.#immediately(() => {
      if (this.#requeueAnnounced.run(this.#now(), ...own(job)).changes === 0) this.#delete.run(...own(job));
    });
  }

  fail(
    job: Job,
    error: { code: ErrorCode; message: string },
    next: { state: 'failed'; runAt: number } | { state: 'parked' },
  ): void {
    const runAt = next.state === 'failed' ? next.runAt : null;
    this.#immediately(() => {
      if (this.#requeueAnnounced.run(this.#now(), ...own(job)).changes > 0) return;
      this.#fail.run(STATE[next.state], runAt, error.code, error.message, ...own(job));
    });
  }

  release(job: Job): void {
    this.#release.run(...own(job));
  }
}

function own(job: Job): Own {
  return [job.jobId, job.lockedBy, job.attempts];
}
