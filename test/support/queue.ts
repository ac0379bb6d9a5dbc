import { type Job, type JobStore, PRIORITY } from '../../daemon/store/types.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { databasePath, storeAt } from './database-file.ts';

export const NOW = 1_000_000;
export const NETWORK = { code: 'network', message: 'connection refused' } as const;
export const FORMAT = { code: 'format', message: 'no RPM' } as const;

export class Clock {
  now = NOW;
}

export function queue(): { jobs: JobStore; clock: Clock; path: string } {
  const clock = new Clock();
  const path = databasePath();
  return { jobs: storeAt(path, { now: () => clock.now }).jobs, clock, path };
}

export function ids(...numbers: number[]): KojiBuildId[] {
  return numbers as KojiBuildId[];
}

export async function push(jobs: JobStore, ...numbers: number[]): Promise<void> {
  await jobs.enqueue('fedora', ids(...numbers), PRIORITY.push);
}

/** Claims what must be there. */
export async function claim(jobs: JobStore, worker = 'w', instances = ['fedora']): Promise<Job> {
  const job = await jobs.claim(worker, instances);
  if (job === null) throw new Error('nothing to claim');
  return job;
}

export async function claimAll(jobs: JobStore, instances = ['fedora']): Promise<number[]> {
  const claimed: number[] = [];
  for (let job = await jobs.claim('w', instances); job !== null; job = await jobs.claim('w', instances)) {
    claimed.push(job.kojiBuildId);
  }
  return claimed;
}
