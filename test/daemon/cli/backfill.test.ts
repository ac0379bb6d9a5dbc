import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../shared/errors.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import { storeAt } from '../../support/database-file.ts';
import { type DarkserverOptions, darkserver, startDarkserver } from '../../support/darkserver.ts';
import { type FixtureKoji, startFixtureKoji } from '../../support/fixture-koji.ts';
import { ids } from '../../support/queue.ts';

const BUILDS = 20;

const backfill = ({ config }: FixtureKoji, args: string[], options?: DarkserverOptions) =>
  darkserver(['--config', config, '--log-level', 'warn', 'backfill', ...args], options);

const all = ids(...Array.from({ length: BUILDS }, (_, at) => at + 1));

describe('backfill', () => {
  test('indexes every build, and a second time there is nothing to do', async () => {
    const koji = await startFixtureKoji();
    const first = await backfill(koji, ['--all']);
    expect(first.stdout).toMatch(/^20 builds found: 0 indexed before, 0 in the queue before, 20 queued\n/);
    expect(first.stdout).toMatch(/^20 builds done, 0 failed, \d+ RPMs with \d+ files read here /m);
    expect(first.code).toBe(EXIT.done);
    const { index, jobs } = storeAt(koji.database);
    expect([...(await index.indexedBuilds('lab', all))].sort((a, b) => a - b)).toEqual(all);
    expect(await jobs.list({ limit: 1 })).toEqual([]);

    const second = await backfill(koji, ['--all']);
    expect(second.stdout).toMatch(/^20 builds found: 20 indexed before, 0 in the queue before, 0 queued\n/);
    expect(second.code).toBe(EXIT.done);
    const forced = await backfill(koji, ['--from', '3', '--to', '4', '--force']);
    expect(forced.stdout).toMatch(/^2 builds found: 2 indexed before, 0 in the queue before, 2 queued\n/);
    expect(forced.stdout).toMatch(/^2 builds done, 0 failed, [1-9]\d* RPMs with [1-9]\d* files read here /m);
  });

  test.each([
    [
      ['--from', '3', '--to', '7'],
      [3, 4, 5, 6, 7],
    ],
    [
      ['--package', 'greet'],
      [3, 4],
    ],
    [['--tag', 'fixtures'], all],
  ])('finds builds by %j and leaves the work to others', async (selector, found) => {
    const koji = await startFixtureKoji();
    const { code, stdout } = await backfill(koji, [...selector, '--queue-only']);
    expect(stdout).toContain(`${found.length} builds found: 0 indexed before`);
    expect(code).toBe(EXIT.done);
    const jobs = await storeAt(koji.database).jobs.list({ limit: 100 });
    expect(jobs.map((job) => job.kojiBuildId).sort((a, b) => a - b)).toEqual(found);
    expect(new Set(jobs.map(({ priority, state }) => `${priority} ${state}`))).toEqual(
      new Set([`${PRIORITY.backfill} queued`]),
    );
  });

  test('finds builds by the day on which they were completed', async () => {
    const koji = await startFixtureKoji();
    for (const [at, build] of koji.hub.data.builds.entries()) {
      build.getBuild = { ...build.getBuild, completion_ts: Date.UTC(2024, 0, 1 + at, 12) / 1000 };
    }
    const counts = async (...dates: string[]) =>
      Number(/^(\d+) builds found/.exec((await backfill(koji, [...dates, '--dry-run'])).stdout)?.[1]);
    expect(await counts('--since', '2024-01-19')).toBe(2);
    expect(await counts('--since', '2024-01-02', '--until', '2024-01-04')).toBe(3);
    expect(await counts('--since', '2024-01-02T12:00:01Z', '--until', '2024-01-04T11:59:59Z')).toBe(1);
  });

  test('--dry-run counts and makes no database', async () => {
    const koji = await startFixtureKoji();
    const { code, stdout } = await backfill(koji, ['--all', '--dry-run']);
    expect(stdout).toBe('20 builds found: 0 indexed before, 0 in the queue before, 20 to queue\n');
    expect(code).toBe(EXIT.done);
    expect(existsSync(koji.database)).toBe(false);
    await backfill(koji, ['--from', '1', '--to', '2']);
    await storeAt(koji.database).jobs.enqueue('lab', ids(3), PRIORITY.push);
    const later = await backfill(koji, ['--all', '--dry-run']);
    expect(later.stdout).toBe('20 builds found: 2 indexed before, 1 in the queue before, 17 to queue\n');
    expect(await storeAt(koji.database).jobs.list({ limit: 9 })).toHaveLength(1);
  });

  test('builds that are not complete are passed over', async () => {
    const koji = await startFixtureKoji();
    koji.hub.changes.deleteBuild(3);
    const { stdout } = await backfill(koji, ['--package', 'greet', '--queue-only']);
    expect(stdout).toContain('1 builds found');
    expect((await storeAt(koji.database).jobs.list({ limit: 9 })).map((job) => job.kojiBuildId)).toEqual([4]);
  });

  test('what fails is told by reason, and tried again by the next one', async () => {
    const koji = await startFixtureKoji();
    koji.hub.files.removeDirectory('packages/greet');
    const { code, stdout, stderr } = await backfill(koji, ['--from', '3', '--to', '5']);
    expect(stdout).toMatch(/^2 builds done, 1 failed, /m);
    expect(stderr).toMatch(/^missing_file \(1\):\n {2}build 3: .*greet-1\.0-1\.fc40.*HTTP 404/m);
    expect(code).toBe(EXIT.noMatch);
    expect(await storeAt(koji.database).jobs.list({ limit: 9 })).toEqual([
      expect.objectContaining({
        kojiBuildId: 3,
        state: 'failed',
        lastError: expect.objectContaining({ code: 'missing_file' }) as unknown,
      }),
    ]);

    koji.hub.changes.publishRpms(new URL('../../fixtures/rpms/', import.meta.url).pathname);
    const again = await backfill(koji, ['--from', '3', '--to', '5']);
    expect(again.stdout).toMatch(/^3 builds found: 2 indexed before, 0 in the queue before, 1 queued\n/);
    expect(again.code).toBe(EXIT.done);
  });

  test('a tag that Koji does not know ends with 1, a hub that does not answer with 2', async () => {
    const koji = await startFixtureKoji();
    expect((await backfill(koji, ['--tag', 'no-such-tag'])).code).toBe(EXIT.noMatch);
    koji.hub.troubles.order({}, { kind: 'reset' });
    expect((await backfill(koji, ['--all'])).code).toBe(EXIT.network);
  });

  test('the first signal finishes the builds in hand; the same command goes on', async () => {
    const koji = await startFixtureKoji('[indexer]\nworkers = 1\n');
    koji.hub.troubles.order({ path: /greet-libs-1\.0/, times: 1 }, { kind: 'delay', milliseconds: 1500 });
    const running = startDarkserver(['--config', koji.config, 'backfill', '--all']);
    await running.printed('stderr', /koji_build_id=2 /);
    running.signal('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).toContain('stopping when the builds in hand are read');
    expect(stderr).toMatch(/^stopped before the end: the same command goes on where it stopped$/m);
    expect(stdout).toMatch(/^[34] builds done, 0 failed/m);
    expect(code).toBe(EXIT.noMatch);
    const again = await backfill(koji, ['--all']);
    expect(again.stdout).toMatch(
      /^20 builds found: [34] indexed before, 1[67] in the queue before, 0 queued\n/,
    );
    expect(again.stdout).toMatch(/^1[67] builds done, 0 failed/m);
    expect(again.code).toBe(EXIT.done);
  });

  test('the second signal gives them back', async () => {
    const koji = await startFixtureKoji('[indexer]\nworkers = 1\n');
    koji.hub.troubles.order({ path: /\.rpm$/ }, { kind: 'hang' });
    const running = startDarkserver(['--config', koji.config, 'backfill', '--from', '1', '--to', '3']);
    await running.printed('stderr', /0 of 3 builds/);
    running.signal('SIGINT');
    await running.printed('stderr', /the same signal again gives them back/);
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(130);
    const { jobs } = storeAt(koji.database);
    expect(await jobs.countByState()).toMatchObject({ queued: 3, running: 0 });
    expect(await jobs.list({ limit: 9 })).toContainEqual(expect.objectContaining({ attempts: 0 }));
  });

  test('builds that another process reads count as done', async () => {
    const koji = await startFixtureKoji('[indexer]\nworkers = 1\n');
    const worker = startDarkserver(['--config', koji.config, 'worker', '2']);
    await worker.printed('stderr', /working on the queue/);
    const { code, stdout } = await backfill(koji, ['--all']);
    expect(stdout).toMatch(/^20 builds done, 0 failed/m);
    expect(code).toBe(EXIT.done);
    worker.signal('SIGTERM');
    expect((await worker.ended).code).toBe(EXIT.done);
  });

  test('a terminal sees a bar', async () => {
    const koji = await startFixtureKoji();
    const { stdout } = await backfill(koji, ['--all'], { terminal: true, environment: { TERM: 'xterm' } });
    expect(stdout).toMatch(/[█░]{30} \d+ % \| \d+ of 20 builds \| \S+\/s \| /);
  });
});
