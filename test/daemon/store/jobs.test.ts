import { describe, expect, test } from '@jest/globals';
import { type Job, type JobStore, PRIORITY, type Priority } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';

const NOW = 1_000_000;
const NETWORK = { code: 'network', message: 'connection refused' } as const;
const FORMAT = { code: 'format', message: 'no RPM' } as const;

class Clock {
  now = NOW;
}

function queue(): { jobs: JobStore; clock: Clock; path: string } {
  const clock = new Clock();
  const path = databasePath();
  return { jobs: storeAt(path, { now: () => clock.now }).jobs, clock, path };
}

function ids(...numbers: number[]): KojiBuildId[] {
  return numbers as KojiBuildId[];
}

async function push(jobs: JobStore, ...numbers: number[]): Promise<void> {
  await jobs.enqueue('fedora', ids(...numbers), PRIORITY.push);
}

/** Claims what must be there. */
async function claim(jobs: JobStore, worker = 'w', instances = ['fedora']): Promise<Job> {
  const job = await jobs.claim(worker, instances);
  if (job === null) throw new Error('nothing to claim');
  return job;
}

async function claimAll(jobs: JobStore, instances = ['fedora']): Promise<number[]> {
  const claimed: number[] = [];
  for (let job = await jobs.claim('w', instances); job !== null; job = await jobs.claim('w', instances)) {
    claimed.push(job.kojiBuildId);
  }
  return claimed;
}

describe('enqueueing', () => {
  test('makes one job for each build, however often it is announced', async () => {
    const { jobs } = queue();
    expect(await jobs.enqueue('fedora', ids(1, 2, 2), PRIORITY.push)).toEqual({
      queued: 2,
      alreadyQueued: 1,
    });
    expect(await jobs.enqueue('fedora', ids(2, 3), PRIORITY.push)).toEqual({ queued: 1, alreadyQueued: 1 });
    expect(await jobs.enqueue('centos', ids(2), PRIORITY.push)).toEqual({ queued: 1, alreadyQueued: 0 });
    expect(await jobs.enqueue('fedora', [], PRIORITY.push)).toEqual({ queued: 0, alreadyQueued: 0 });
    expect(await jobs.countByState()).toEqual({ queued: 4, running: 0, failed: 0, parked: 0 });
  });

  test('raises the priority of what is queued, and never lowers it', async () => {
    const { jobs } = queue();
    await jobs.enqueue('fedora', ids(1, 2), PRIORITY.backfill);
    await jobs.enqueue('fedora', ids(2), PRIORITY.push);
    await jobs.enqueue('fedora', ids(2), PRIORITY.reconcile);
    expect(await claimAll(jobs)).toEqual([2, 1]);
  });

  test('has a build that is being worked on looked at again, once', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1);
    const first = await claim(jobs);
    clock.now += 5;
    expect(await jobs.enqueue('fedora', ids(1), PRIORITY.push)).toEqual({ queued: 1, alreadyQueued: 0 });
    clock.now += 5;
    expect(await jobs.enqueue('fedora', ids(1), PRIORITY.push)).toEqual({ queued: 0, alreadyQueued: 1 });
    expect(await jobs.claim('x', ['fedora'])).toBeNull();
    clock.now += 5;
    await jobs.complete(first);
    const second = await claim(jobs);
    expect(second).toMatchObject({ kojiBuildId: 1, attempts: 1, createdAt: NOW + 5, runAt: NOW + 15 });
    await jobs.complete(second);
    expect(await jobs.find('fedora', 1 as KojiBuildId)).toBeNull();
  });

  test('queues afresh what has failed or was parked', async () => {
    const { jobs, clock } = queue();
    await jobs.enqueue('fedora', ids(1, 2), PRIORITY.backfill);
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 99_000 });
    await jobs.fail(await claim(jobs), FORMAT, { state: 'parked' });
    clock.now += 10;
    expect(await jobs.enqueue('fedora', ids(1, 2), PRIORITY.push)).toEqual({ queued: 2, alreadyQueued: 0 });
    expect(await claim(jobs)).toMatchObject({
      kojiBuildId: 1,
      attempts: 1,
      priority: 0,
      createdAt: NOW + 10,
    });
    expect(await claim(jobs)).toMatchObject({ kojiBuildId: 2, attempts: 1, priority: 0 });
  });

  test('takes exactly the priorities that there are', async () => {
    const { jobs, path } = queue();
    const priorities = Object.values(PRIORITY);
    for (const [i, priority] of priorities.entries()) await jobs.enqueue('fedora', ids(i + 1), priority);
    expect((await claimAll(jobs)).length).toBe(priorities.length);
    await expect(jobs.enqueue('fedora', ids(9), 7 as Priority)).rejects.toMatchObject({ code: 'internal' });
    expect(inspect(path, (db) => db.prepare('SELECT count(*) FROM job').pluck().get())).toBe(
      priorities.length,
    );
  });
});

describe('claiming', () => {
  test('goes by priority, then by time, then by age, over all Kojis', async () => {
    const { jobs, clock } = queue();
    await jobs.enqueue('fedora', ids(1), PRIORITY.backfill);
    await jobs.enqueue('centos', ids(2), PRIORITY.reconcile);
    await jobs.enqueue('fedora', ids(4, 3), PRIORITY.push);
    clock.now -= 1;
    await jobs.enqueue('centos', ids(5), PRIORITY.push);
    clock.now += 1;
    expect(await claimAll(jobs, ['fedora', 'centos'])).toEqual([5, 4, 3, 2, 1]);
  });

  test('gives only jobs of the Kojis asked for', async () => {
    const { jobs } = queue();
    await jobs.enqueue('fedora', ids(1), PRIORITY.push);
    await jobs.enqueue('centos', ids(2), PRIORITY.backfill);
    expect(await claimAll(jobs, [])).toEqual([]);
    expect(await claimAll(jobs, ['unheard-of'])).toEqual([]);
    expect(await claimAll(jobs, ['centos', 'unheard-of'])).toEqual([2]);
  });

  test('says everything about the job', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 7);
    clock.now += 3;
    expect(await jobs.claim('host:1.2:3', ['fedora'])).toEqual({
      jobId: 1,
      instance: 'fedora',
      kojiBuildId: 7,
      state: 'running',
      priority: 0,
      attempts: 1,
      runAt: NOW,
      lockedAt: NOW + 3,
      lockedBy: 'host:1.2:3',
      lastError: null,
      createdAt: NOW,
    });
  });

  test('waits for the time of what has failed, and takes it before younger ones then', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1);
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 10 });
    expect(await jobs.claim('w', ['fedora'])).toBeNull();
    clock.now = NOW + 11;
    await push(jobs, 2);
    expect(await claimAll(jobs)).toEqual([1, 2]);
  });

  test('is not slowed by thousands that wait for their time', async () => {
    const { jobs, clock } = queue();
    const many = Array.from({ length: 2000 }, (_, i) => i + 1);
    await push(jobs, ...many);
    for (let i = 0; i < many.length; i++) {
      await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 1000 + i });
    }
    await jobs.enqueue('fedora', ids(5000), PRIORITY.backfill);
    expect(await claim(jobs)).toMatchObject({ kojiBuildId: 5000 });
    clock.now = NOW + 1001;
    expect(await claimAll(jobs)).toEqual([1, 2]);
  });
});

describe('ending a job', () => {
  test('failed: it keeps the reason, and counts attempts', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1);
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 10 });
    expect(await jobs.find('fedora', 1 as KojiBuildId)).toMatchObject({
      state: 'failed',
      attempts: 1,
      runAt: NOW + 10,
      lockedAt: null,
      lockedBy: null,
      lastError: NETWORK,
    });
    clock.now += 20;
    expect(await claim(jobs)).toMatchObject({ attempts: 2, lastError: NETWORK });
  });

  test('parked: it stays until somebody says retry', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1);
    const { jobId } = await claim(jobs);
    await jobs.fail(await claimed(jobs, 1), FORMAT, { state: 'parked' });
    clock.now += 1e12;
    expect(await jobs.claim('w', ['fedora'])).toBeNull();
    expect(await jobs.retry([jobId, 77])).toBe(1);
    expect(await claim(jobs)).toMatchObject({ jobId, attempts: 1, lastError: FORMAT });
  });

  test('failed or parked, but announced meanwhile: it is queued at once', async () => {
    const { jobs } = queue();
    await push(jobs, 1, 2);
    const both = [await claim(jobs), await claim(jobs)] as const;
    await push(jobs, 1, 2);
    await jobs.fail(both[0], NETWORK, { state: 'failed', runAt: NOW + 1e9 });
    await jobs.fail(both[1], FORMAT, { state: 'parked' });
    expect(await jobs.countByState()).toEqual({ queued: 2, running: 0, failed: 0, parked: 0 });
    expect(await claim(jobs)).toMatchObject({ attempts: 1 });
  });

  test('released: the attempt does not count', async () => {
    const { jobs } = queue();
    await push(jobs, 1);
    await jobs.release(await claim(jobs));
    expect(await claim(jobs)).toMatchObject({ attempts: 1 });
  });

  test('that was given to somebody else changes nothing', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1);
    const lost = await claim(jobs, 'slow');
    clock.now += 1000;
    expect(await jobs.releaseStale(NOW + 1)).toBe(1);
    const own = await claim(jobs, 'quick');
    expect(await jobs.heartbeat(lost)).toBe(false);
    await jobs.complete(lost);
    await jobs.fail(lost, FORMAT, { state: 'parked' });
    await jobs.release(lost);
    expect(await jobs.find('fedora', 1 as KojiBuildId)).toEqual(own);
    expect(await jobs.heartbeat(own)).toBe(true);
    await jobs.complete(own);
    expect(await jobs.heartbeat(own)).toBe(false);
  });

  test('that the same worker was given again is told from the first time', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1);
    const first = await claim(jobs);
    clock.now += 1000;
    await jobs.releaseStale(clock.now);
    const second = await claim(jobs);
    await jobs.complete(first);
    expect(await jobs.find('fedora', 1 as KojiBuildId)).toEqual(second);
  });
});

async function claimed(jobs: JobStore, kojiBuildId: number): Promise<Job> {
  const job = await jobs.find('fedora', kojiBuildId as KojiBuildId);
  if (job === null) throw new Error(`no job for build ${kojiBuildId}`);
  return job;
}

describe('locks', () => {
  test('without a sign of life are released, those with one are kept', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1, 2);
    const alive = await claim(jobs, 'alive');
    await claim(jobs, 'dead');
    clock.now += 1000;
    await jobs.heartbeat(alive);
    expect(await jobs.releaseStale(NOW)).toBe(0);
    expect(await jobs.releaseStale(NOW + 500)).toBe(1);
    expect(await jobs.workers()).toEqual(['alive']);
    expect(await claim(jobs, 'next')).toMatchObject({ kojiBuildId: 2, attempts: 2 });
  });

  test('of one worker are released by name', async () => {
    const { jobs } = queue();
    await push(jobs, 1, 2, 3);
    for (const worker of ['a', 'b', 'a']) await claim(jobs, worker);
    expect((await jobs.workers()).sort()).toEqual(['a', 'b']);
    expect(await jobs.releaseWorker('a')).toBe(2);
    expect(await jobs.releaseWorker('a')).toBe(0);
    expect(await jobs.workers()).toEqual(['b']);
  });

  test('that are released take the announcement meanwhile along: the next look is one at both', async () => {
    const { jobs } = queue();
    await push(jobs, 1);
    await claim(jobs, 'dead');
    await push(jobs, 1);
    await jobs.releaseWorker('dead');
    await jobs.complete(await claim(jobs));
    expect(await jobs.find('fedora', 1 as KojiBuildId)).toBeNull();
  });
});

describe('the queue as people see it', () => {
  test('pages, by state and over all', async () => {
    const { jobs } = queue();
    await push(jobs, 11, 12, 13, 14, 15);
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW });
    await jobs.fail(await claim(jobs), FORMAT, { state: 'parked' });
    // Build 11 is due again, and the oldest.
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 1 });
    await claim(jobs);
    const builds = async (filter: Parameters<JobStore['list']>[0]): Promise<number[]> =>
      (await jobs.list(filter)).map((job) => job.kojiBuildId);
    expect(await builds({ limit: 9 })).toEqual([11, 12, 13, 14, 15]);
    expect(await builds({ limit: 2, afterJobId: 2 })).toEqual([13, 14]);
    expect(await builds({ limit: 9, state: 'failed' })).toHaveLength(1);
    expect(await builds({ limit: 9, state: 'parked' })).toHaveLength(1);
    expect(await builds({ limit: 9, state: 'running' })).toHaveLength(1);
    expect(await builds({ limit: 1, state: 'queued' })).toHaveLength(1);
    expect(await builds({ limit: 9, state: 'queued' })).toHaveLength(2);
  });

  test('retries everything that failed or was parked, and nothing else', async () => {
    const { jobs, clock } = queue();
    await push(jobs, 1, 2, 3, 4);
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 1e6 });
    await jobs.fail(await claim(jobs), FORMAT, { state: 'parked' });
    const { jobId } = await claim(jobs);
    clock.now += 1;
    expect(await jobs.retry([jobId])).toBe(0);
    expect(await jobs.retry('failed')).toBe(2);
    expect(await jobs.countByState()).toEqual({ queued: 3, running: 1, failed: 0, parked: 0 });
  });

  test('counts what counting gives, after every kind of change', async () => {
    const { jobs, path, clock } = queue();
    const check = async (): Promise<void> => {
      const counted = inspect(path, (db) =>
        ['queued', 'running', 'failed', 'parked'].map((name, state) => [
          name,
          db.prepare('SELECT count(*) FROM job WHERE state = ?').pluck().get(state),
        ]),
      );
      expect(await jobs.countByState()).toEqual(Object.fromEntries(counted));
    };
    await push(jobs, 1, 2, 3, 4, 5, 6, 7);
    await check();
    await jobs.complete(await claim(jobs));
    await jobs.release(await claim(jobs));
    await check();
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 5 });
    await jobs.fail(await claim(jobs), FORMAT, { state: 'parked' });
    await claim(jobs, 'dead');
    await claim(jobs, 'dead too');
    await check();
    await push(jobs, 1, 2, 3, 4, 5, 6, 7);
    await check();
    clock.now += 1;
    await jobs.releaseStale(clock.now);
    await jobs.retry('failed');
    await check();
    await claimAll(jobs);
    await check();
  });

  test('knows how long announcements have waited, apart from a backfill', async () => {
    const { jobs, clock } = queue();
    expect(await jobs.oldestWaiting('fedora')).toBeNull();
    await jobs.enqueue('fedora', ids(1), PRIORITY.backfill);
    expect(await jobs.oldestWaiting('fedora')).toBeNull();
    clock.now += 1;
    await push(jobs, 2);
    clock.now += 1;
    await jobs.enqueue('fedora', ids(3), PRIORITY.reconcile);
    await jobs.enqueue('centos', ids(3), PRIORITY.push);
    const job = await claim(jobs);
    expect(await jobs.oldestWaiting('fedora')).toBe(NOW + 1);
    await jobs.fail(job, NETWORK, { state: 'failed', runAt: NOW + 1e6 });
    expect(await jobs.oldestWaiting('fedora')).toBe(NOW + 2);
    expect(await jobs.oldestWaiting('elsewhere')).toBeNull();
  });
});
