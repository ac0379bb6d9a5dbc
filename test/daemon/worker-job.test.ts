import { describe, expect, test } from '@jest/globals';
import type { IndexOutcome } from '../../daemon/indexer/index-build.ts';
import type { Job } from '../../daemon/store/types.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { LogLine } from '../support/recording-log.ts';
import { INDEXED, setUpWorkers, until } from '../support/worker-setting.ts';

describe('how a build ends', () => {
  async function outcome(
    ending: IndexOutcome | Error,
  ): Promise<{ job: Job | null; line: LogLine | undefined }> {
    const { pool, desk, push, job, lines } = setUpWorkers();
    await push(1);
    pool.start();
    await desk.end(1, ending);
    await pool.stop();
    return { job: await job(1), line: lines[0] };
  }

  test.each<[IndexOutcome, string]>([
    [INDEXED, 'indexed the build'],
    [{ outcome: 'noted', state: 'deleted' }, 'noted the state of the build'],
    [{ outcome: 'unknown' }, 'Koji has no such build'],
  ])('%j: the job is done', async (ending, message) => {
    const { job, line } = await outcome(ending);
    expect(job).toBeNull();
    expect(line).toMatchObject({
      message,
      fields: { instance: 'fedora', koji_build_id: 1, job_id: 1, attempts: 1, ms: expect.any(Number) },
    });
  });

  test('with a network that fails: it is tried again later', async () => {
    const began = Date.now();
    const { job, line } = await outcome(new DarkserverError('network', 'refused'));
    expect(job).toMatchObject({ state: 'failed', lastError: { code: 'network', message: 'refused' } });
    expect(job?.runAt).toBeGreaterThanOrEqual(began + 24_000);
    expect(line).toMatchObject({
      level: 'warn',
      message: 'the build failed: refused',
      fields: { code: 'network' },
    });
  });

  test('incomplete for good: it is parked', async () => {
    const { job, line } = await outcome({
      outcome: 'incomplete',
      error: { code: 'format', message: 'no RPM' },
    });
    expect(job).toMatchObject({ state: 'parked', lastError: { code: 'format', message: 'no RPM' } });
    expect(line).toMatchObject({ level: 'warn', message: 'parked the build: no RPM' });
  });

  test('by a defect of ours: the log says where', async () => {
    const defect = new TypeError('x is not a function');
    const setting = setUpWorkers();
    await setting.push(1);
    setting.pool.start();
    await setting.desk.end(1, defect);
    await setting.pool.stop();
    expect(await setting.job(1)).toMatchObject({ state: 'failed', lastError: { code: 'internal' } });
    expect(setting.lines.at(-1)).toMatchObject({ level: 'error', fields: { stack: defect.stack } });
  });

  test('by throwing before there is a promise: as any other error', async () => {
    const { pool, push, job } = setUpWorkers({
      indexBuild: () => {
        throw new DarkserverError('format', 'at once');
      },
    });
    await push(1);
    pool.start();
    await until(async () => (await job(1))?.state === 'parked');
  });

  test('too late: it is called off, and tried again later', async () => {
    const { pool, desk, push, job } = setUpWorkers({ timing: { limit: 30, grace: 20 } });
    await push(1);
    pool.start();
    await until(async () => (await job(1))?.state === 'failed');
    expect(desk.signals.get(1)?.aborted).toBe(true);
    expect((await job(1))?.lastError).toMatchObject({
      code: 'network',
      message: expect.stringContaining('took longer than'),
    });
  });

  test('just before it is called off: what it did counts', async () => {
    const { pool, desk, push, job } = setUpWorkers({ timing: { limit: 30, grace: 3600_000 } });
    await push(1);
    pool.start();
    await until(() => desk.signals.get(1)?.aborted === true);
    await desk.end(1);
    await until(async () => (await job(1)) === null);
  });
});

describe('signs of life', () => {
  test('keep a long job from being taken over', async () => {
    const { pool, desk, push, job, jobs } = setUpWorkers({ timing: { heartbeat: 10 } });
    await push(1);
    pool.start();
    await until(() => desk.begun.length === 1);
    const lockedAt = (await job(1))?.lockedAt ?? 0;
    await until(async () => ((await job(1))?.lockedAt ?? 0) > lockedAt);
    expect(await jobs.releaseStale(lockedAt + 1)).toBe(0);
  });

  test('that the queue refuses call the work off, and it is left to its new worker', async () => {
    const { pool, desk, push, job, jobs, lines } = setUpWorkers({
      timing: { heartbeat: 10, sweep: 3600_000 },
    });
    await push(1);
    pool.start();
    await until(() => desk.begun.length === 1);
    await jobs.releaseStale(Date.now() + 1000);
    const taken = await jobs.claim('somebody', ['fedora']);
    await until(() => desk.signals.get(1)?.aborted === true);
    await desk.end(1, new DarkserverError('stopped', 'called off'));
    await until(() => lines.length > 0);
    expect(lines).toMatchObject([{ level: 'warn', message: 'another worker has taken the build over' }]);
    expect(await job(1)).toEqual(taken);
  });

  test('missing for too long release the job, whoever held it', async () => {
    const { pool, desk, push, jobs, lines } = setUpWorkers({ timing: { staleAfter: -1000 } });
    await push(1);
    await jobs.claim('another host:1.1:1', ['fedora']);
    pool.start();
    await until(() => desk.begun.length === 1);
    expect(lines[0]).toMatchObject({ level: 'warn', fields: { jobs: 1 } });
  });
});
