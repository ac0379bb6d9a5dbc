import { describe, expect, test } from '@jest/globals';
import { type Job, type JobStore, PRIORITY, type Priority } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { inspect } from '../../support/database-file.ts';
import { claim, claimAll, FORMAT, ids, NETWORK, NOW, push, queue } from '../../support/queue.ts';

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

  test('remembers that a build is to be reread, whoever announces it afterwards', async () => {
    const { jobs } = queue();
    await jobs.enqueue('fedora', ids(1, 2), PRIORITY.push);
    await jobs.enqueue('fedora', ids(2), PRIORITY.backfill, { reread: true });
    await jobs.enqueue('fedora', ids(2), PRIORITY.push);
    const [first, second] = [await claim(jobs), await claim(jobs)];
    expect([first.reread, second.reread]).toEqual([false, true]);
    await jobs.enqueue('fedora', ids(1), PRIORITY.backfill, { reread: true });
    await jobs.complete(first);
    await jobs.fail(second, FORMAT, { state: 'parked' });
    await jobs.enqueue('fedora', ids(2), PRIORITY.push);
    expect([(await claim(jobs)).reread, (await claim(jobs)).reread]).toEqual([true, true]);
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

  test('leaves an announced build its priority where a backfill finds it failed', async () => {
    const { jobs } = queue();
    await push(jobs, 1);
    await jobs.fail(await claim(jobs), NETWORK, { state: 'failed', runAt: NOW + 99_000 });
    await jobs.enqueue('fedora', ids(1), PRIORITY.backfill);
    expect(await claim(jobs)).toMatchObject({ kojiBuildId: 1, priority: PRIORITY.push });
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
      reread: false,
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
