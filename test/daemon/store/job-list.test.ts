import { describe, expect, test } from '@jest/globals';
import { type JobStore, PRIORITY } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { inspect } from '../../support/database-file.ts';
import { claim, claimAll, FORMAT, ids, NETWORK, NOW, push, queue } from '../../support/queue.ts';

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
