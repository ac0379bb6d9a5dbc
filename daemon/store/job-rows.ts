import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { Instances } from './instances.ts';
import { type Job, JOB_STATES, type JobState } from './types.ts';

export interface JobRow {
  job_id: number;
  instance_key: number;
  koji_build_id: KojiBuildId;
  state: number;
  priority: number;
  attempts: number;
  run_at: number;
  created_at: number;
  locked_at: number | null;
  locked_by: string | null;
  reread: number;
  error_code: ErrorCode | null;
  error_message: string | null;
}

export const JOB_COLUMNS =
  'job_id, instance_key, koji_build_id, state, priority, attempts, run_at, created_at, locked_at, locked_by, ' +
  'reread, error_code, error_message';

/** The numbers of job.state in schema.sql. */
export const STATE = { queued: 0, running: 1, failed: 2, parked: 3 } as const satisfies Record<
  JobState,
  number
>;

export function jobOfRow(row: JobRow, instances: Instances): Job {
  const state = JOB_STATES[row.state];
  if (state === undefined) throw new Error(`state ${row.state} of job ${row.job_id}`);
  return {
    jobId: row.job_id,
    instance: instances.nameOf(row.instance_key),
    kojiBuildId: row.koji_build_id,
    state,
    priority: row.priority,
    attempts: row.attempts,
    runAt: row.run_at,
    lockedAt: row.locked_at,
    lockedBy: row.locked_by,
    reread: row.reread === 1,
    lastError: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    createdAt: row.created_at,
  };
}
