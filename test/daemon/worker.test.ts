import { describe, expect, test } from '@jest/globals';
import { type JobStore, PRIORITY } from '../../daemon/store/types.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { storeAt } from '../support/database-file.ts';
import { setUpWorkers, until } from '../support/worker-setting.ts';

describe('working on the queue', () => {
  test('begins with what is there, takes no more than it has workers, and goes on as they get free', async () => {
    const { pool, desk, push, job } = setUpWorkers({ workers: 2 });
    await push(1, 2, 3);
    pool.start();
    await until(() => desk.begun.length === 2);
    await desk.end(2);
    await until(() => desk.begun.length === 3);
    expect(desk.begun).toEqual([1, 2, 3]);
    expect(await job(2)).toBeNull();
    await desk.end(1);
    await desk.end(3);
    await pool.stop();
    expect([await job(1), await job(3)]).toEqual([null, null]);
  });

  test('begins at once when it is woken', async () => {
    const { pool, desk, push } = setUpWorkers();
    pool.start();
    await push(1);
    pool.wake();
    await until(() => desk.begun.length === 1);
  });

  test('finds what other processes have put there', async () => {
    const { pool, desk, path } = setUpWorkers({ timing: { poll: 20 } });
    pool.start();
    await storeAt(path).jobs.enqueue('fedora', [1 as KojiBuildId], PRIORITY.push);
    await until(() => desk.begun.length === 1);
  });

  test('leaves builds of Kojis alone that it does not know', async () => {
    const { pool, desk, jobs } = setUpWorkers();
    await jobs.enqueue('elsewhere', [1 as KojiBuildId], PRIORITY.push);
    await jobs.enqueue('fedora', [2 as KojiBuildId], PRIORITY.backfill);
    pool.start();
    await until(() => desk.begun.length === 1);
    expect(desk.begun).toEqual([2]);
  });

  test('each Koji has workers of its own: one that hangs keeps none from another', async () => {
    const { pool, desk, jobs, push } = setUpWorkers({ workers: 2, instances: ['fedora', 'centos'] });
    await push(1, 2, 3);
    pool.start();
    await until(() => desk.begun.length === 2);
    await jobs.enqueue('centos', [4, 5, 6] as KojiBuildId[], PRIORITY.backfill);
    pool.wake();
    await until(() => desk.begun.length === 4);
    expect(desk.begun).toEqual([1, 2, 4, 5]);
  });

  test('a Koji that is to be left alone is, and its jobs lose no attempt', async () => {
    const rests = new Map([['fedora', 1000]]);
    const { pool, desk, jobs, push, job } = setUpWorkers({
      instances: ['fedora', 'centos'],
      timing: { poll: 10 },
      restOf: (instance) => rests.get(instance) ?? 0,
    });
    await push(1);
    pool.start();
    await jobs.enqueue('centos', [2] as KojiBuildId[], PRIORITY.backfill);
    await until(() => desk.begun.length === 1);
    expect(desk.begun).toEqual([2]);
    expect(await job(1)).toMatchObject({ state: 'queued', attempts: 0 });
    rests.clear();
    await until(() => desk.begun.length === 2);
  });

  test('looks again at what was announced meanwhile', async () => {
    const { pool, desk, push, job } = setUpWorkers();
    await push(1);
    pool.start();
    await until(() => desk.begun.length === 1);
    await push(1);
    await desk.end(1);
    await until(() => desk.begun.length === 2);
    await desk.end(1);
    await pool.stop();
    expect(await job(1)).toBeNull();
    expect(desk.begun).toEqual([1, 1]);
  });
});

describe('stopping', () => {
  test('finishes what is in hand, and begins nothing', async () => {
    const { pool, desk, push, job } = setUpWorkers();
    await push(1, 2);
    pool.start();
    await until(() => desk.begun.length === 1);
    let stopped = false;
    const stop = pool.stop().then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stopped).toBe(false);
    await desk.end(1);
    await stop;
    expect(await job(1)).toBeNull();
    expect(await job(2)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(desk.begun).toEqual([1]);
  });

  test('now, after all, calls the work off and gives the job back as it was', async () => {
    const { pool, desk, push, job, lines } = setUpWorkers({ timing: { grace: 3600_000 } });
    await push(1);
    pool.start();
    await until(() => desk.begun.length === 1);
    const stop = pool.stop();
    const now = pool.stop('now');
    expect(desk.signals.get(1)?.aborted).toBe(true);
    await desk.end(1, new DarkserverError('network', 'cut off by the abort'));
    await Promise.all([stop, now]);
    expect(await job(1)).toMatchObject({ state: 'queued', attempts: 0, lastError: null });
    expect(lines).toMatchObject([{ message: 'gave the build back to the queue' }]);
  });

  test('now does not wait for work that does not listen', async () => {
    const { pool, desk, push, job } = setUpWorkers({ timing: { grace: 10 } });
    await push(1);
    pool.start();
    await until(() => desk.begun.length === 1);
    await pool.stop('now');
    expect(await job(1)).toMatchObject({ state: 'queued', attempts: 0 });
  });

  test('while it looks into the queue takes effect after that look', async () => {
    const { pool } = setUpWorkers();
    pool.start();
    await pool.stop();
  });

  test('before anything was started is no error', async () => {
    await setUpWorkers().pool.stop();
  });
});

describe('a store that fails', () => {
  /** Makes methods of the queue fail while their names are in `broken`, and counts how often. */
  function weaken(broken: Set<keyof JobStore>, refused: { count: number }): (jobs: JobStore) => JobStore {
    const refuse = (): Promise<never> => {
      refused.count++;
      return Promise.reject(new DarkserverError('store', 'the disk is full'));
    };
    return (jobs) =>
      new Proxy(jobs, {
        get: (target, name: keyof JobStore) =>
          broken.has(name) ? refuse : (Reflect.get(target, name) as unknown),
      });
  }

  test('stops the work, is said once, and is asked again until there is room', async () => {
    const broken = new Set<keyof JobStore>(['claim']);
    const refused = { count: 0 };
    const { pool, push, desk, lines } = setUpWorkers({
      timing: { storePause: 10 },
      weaken: weaken(broken, refused),
    });
    await push(1);
    pool.start();
    await until(() => refused.count > 3);
    broken.clear();
    await until(() => desk.begun.length === 1);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: no work: the disk is full',
      'info: the queue can be read again',
    ]);
  });

  test('at the end of a job holds the worker until there is room, and then the job is done', async () => {
    const broken = new Set<keyof JobStore>(['complete']);
    const refused = { count: 0 };
    const { pool, push, desk, job, lines } = setUpWorkers({
      timing: { storePause: 10 },
      weaken: weaken(broken, refused),
    });
    await push(1, 2);
    pool.start();
    await desk.end(1);
    await until(() => refused.count > 3);
    expect(desk.begun).toEqual([1]);
    expect(await job(1)).toMatchObject({ state: 'running' });
    broken.clear();
    await until(() => desk.begun.length === 2);
    expect(await job(1)).toBeNull();
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { koji_build_id: 1 } }]);
  });

  test('at the end of a job does not hold up a program that is to stop at once: the lock is left', async () => {
    const { pool, push, desk, job } = setUpWorkers({
      weaken: weaken(new Set<keyof JobStore>(['complete', 'release']), { count: 0 }),
    });
    await push(1);
    pool.start();
    await desk.end(1);
    await pool.stop('now');
    expect(await job(1)).toMatchObject({ state: 'running' });
  });
});

describe('a clock that is set', () => {
  const HOUR = 3600_000;

  test('ahead takes no build from a worker that lives', async () => {
    let ahead = 0;
    const { pool, push, desk, job, lines } = setUpWorkers({
      timing: { sweep: 5, poll: 5, staleAfter: 60_000 },
      now: () => Date.now() + ahead,
    });
    await push(1);
    pool.start();
    await until(() => desk.begun.length === 1);
    ahead = HOUR;
    await until(() => lines.some(({ message }) => message === 'the clock was set'));
    expect(lines).toMatchObject([{ level: 'warn', fields: { seconds: 3600 } }]);
    expect(await job(1)).toMatchObject({ state: 'running' });
    expect(desk.begun).toEqual([1]);
  });

  test('back leaves no build waiting for as long', async () => {
    let ahead = HOUR;
    const { pool, push, desk, jobs } = setUpWorkers({
      timing: { sweep: 5, poll: 5 },
      now: () => Date.now() + ahead,
    });
    pool.start();
    await push(1);
    await until(() => desk.begun.length === 1);
    await jobs.enqueue('fedora', [2] as KojiBuildId[], PRIORITY.push);
    ahead = 0;
    await desk.end(1);
    await until(() => desk.begun.length === 2);
  });

  test('back before the program was started leaves none waiting for days', async () => {
    const { pool, desk, path } = setUpWorkers({ timing: { sweep: 5, poll: 5 } });
    const inThreeDays = storeAt(path, { now: () => Date.now() + 72 * HOUR });
    await inThreeDays.jobs.enqueue('fedora', [1] as KojiBuildId[], PRIORITY.backfill);
    pool.start();
    await until(() => desk.begun.length === 1);
  });
});
