import { beforeEach, describe, expect, test } from '@jest/globals';
import { PRIORITY, type Store } from '../../../daemon/store/types.ts';
import { EXIT } from '../../../shared/errors.ts';
import { FORMAT, NETWORK, claim, ids } from '../../support/queue.ts';
import { type SeededDatabase, setUpDatabase } from '../../support/seeded-database.ts';

let store: Store;
let ask: SeededDatabase['ask'];
beforeEach(async () => {
  ({ store, ask } = await setUpDatabase());
});

describe('jobs and retry', () => {
  async function failTwo(): Promise<{ failed: number; parked: number }> {
    await store.jobs.enqueue('fedora', ids(71, 72, 73), PRIORITY.push);
    const failed = await claim(store.jobs);
    await store.jobs.fail(failed, NETWORK, { state: 'failed', runAt: Date.UTC(2100, 0, 1) });
    const parked = await claim(store.jobs);
    await store.jobs.fail(parked, FORMAT, { state: 'parked' });
    return { failed: failed.jobId, parked: parked.jobId };
  }

  test('jobs shows each with its reason', async () => {
    const { failed, parked } = await failTwo();
    const { code, stdout } = await ask('jobs');
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual(['job', 'state', 'koji', 'koji build', 'attempts', 'next attempt', 'last error']);
    expect(rows).toContainEqual([
      String(failed),
      'failed',
      'fedora',
      '71',
      '1',
      '2100-01-01T00:00:00.000Z',
      'network: connection refused',
    ]);
    expect(stdout).toMatch(new RegExp(`^${parked} +parked +fedora +72 +1 +format: no RPM$`, 'm'));
    expect(stdout).toMatch(/^\d+ +queued +fedora +73 +0 /m);
    expect(code).toBe(EXIT.done);
  });

  test('jobs --state and --json', async () => {
    const { parked } = await failTwo();
    const { stdout } = await ask('jobs', '--state', 'parked', '--json');
    const { jobs } = JSON.parse(stdout) as { jobs: unknown[] };
    expect(jobs).toEqual([
      expect.objectContaining({
        job_id: parked,
        instance: 'fedora',
        koji_build_id: 72,
        state: 'parked',
        attempts: 1,
        locked_by: null,
        last_error: { code: 'format', message: 'no RPM' },
      }),
    ]);
    const none = await ask('jobs', '--state', 'running', '--json');
    expect(JSON.parse(none.stdout)).toEqual({ jobs: [] });
  });

  test('jobs shows a hundred, or as many as asked for; --json all', async () => {
    const many = Array.from({ length: 1234 }, (_, at) => at + 1000);
    await store.jobs.enqueue('fedora', ids(...many), PRIORITY.backfill);
    const few = await ask('jobs');
    expect(few.stdout.trimEnd().split('\n')).toHaveLength(101);
    expect(few.stderr).toBe('and 1134 more: --limit 0 shows all\n');
    const all = await ask('jobs', '--limit', '0');
    expect(all.stdout.trimEnd().split('\n')).toHaveLength(1235);
    expect(all.stderr).toBe('');
    const { jobs } = JSON.parse((await ask('jobs', '--json')).stdout) as {
      jobs: { koji_build_id: number }[];
    };
    expect(jobs.map((job) => job.koji_build_id)).toEqual(many);
  });

  test('retry queues the jobs named', async () => {
    const { failed, parked } = await failTwo();
    const { code, stdout, stderr } = await ask('retry', String(parked), '999');
    expect(stdout).toBe('1 queued\n');
    expect(stderr).toContain('1 not: there is no such job');
    expect(code).toBe(EXIT.noMatch);
    expect(await store.jobs.countByState()).toMatchObject({ queued: 2, failed: 1, parked: 0 });
    expect(await ask('retry', String(failed))).toMatchObject({ code: EXIT.done, stdout: '1 queued\n' });
  });

  test('retry --failed queues every failed and parked one', async () => {
    await failTwo();
    expect(await ask('retry', '--failed')).toEqual({ code: EXIT.done, stdout: '2 queued\n', stderr: '' });
    expect(await store.jobs.countByState()).toMatchObject({ queued: 3, failed: 0, parked: 0 });
  });

  test('retry takes jobs or --failed, and nothing that is no number', async () => {
    expect((await ask('retry', '--failed', '1')).code).toBe(EXIT.usage);
    expect((await ask('retry', 'hello-1.0-1')).code).toBe(EXIT.badInput);
  });
});
