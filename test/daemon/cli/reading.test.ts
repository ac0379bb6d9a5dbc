import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { batchAnswer, statusAnswer } from '../../../shared/api.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import { EXIT } from '../../../shared/errors.ts';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import { PRIORITY, type Store } from '../../../daemon/store/types.ts';
import { databasePath, storeAt } from '../../support/database-file.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { FORMAT, NETWORK, claim, ids } from '../../support/queue.ts';
import {
  SEEDED,
  indexedArchive,
  indexedRpm,
  kojiBuild,
  seedStore,
  storedFile,
} from '../../support/seed-store.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';

/** The commands that only read, and `retry`. */

let path: string;
let store: Store;
beforeEach(async () => {
  path = databasePath();
  store = storeAt(path);
  await seedStore(store);
});

const ask = (...args: string[]) => darkserver(['--database', path, ...args]);
const kojiTopurl = 'https://kojipkgs.fedoraproject.org';

describe('lookup', () => {
  test('shows which packages have a build-id, with the address of each', async () => {
    const { code, stdout, stderr } = await ask('lookup', SEEDED.bin);
    const [asked, heads, row, ...more] = stdout.trimEnd().split('\n');
    expect(asked).toBe(SEEDED.bin);
    expect(heads?.split(/ {2,}/)).toEqual(['kind', 'path', 'rpm', 'build', 'url']);
    expect(row?.split(/ {2,}/)).toEqual([
      'executable',
      '/usr/bin/hello',
      'hello-1.0-2.fc40.x86_64',
      'hello-1.0-2.fc40 (fedora 1, complete)',
      `${kojiTopurl}/packages/hello/1.0/2.fc40/x86_64/hello-1.0-2.fc40.x86_64.rpm`,
    ]);
    expect(more).toEqual([]);
    expect(stderr).toBe('');
    expect(code).toBe(EXIT.done);
  });

  test('shows archives by their file names', async () => {
    const image = indexedArchive(77, { files: [storedFile('/usr/bin/hello', SEEDED.absent)] });
    await store.index.replaceBuild('fedora', kojiBuild(9, { name: 'image' }), [], [image]);
    const { code, stdout } = await ask('lookup', SEEDED.absent);
    const [, heads, row] = stdout.trimEnd().split('\n');
    expect(heads?.split(/ {2,}/)).toEqual(['kind', 'path', 'rpm/archive', 'build', 'url']);
    expect(row?.split(/ {2,}/)).toEqual([
      'executable',
      '/usr/bin/hello',
      'hello.x86_64.tar.gz',
      'image-1.0-2.fc40 (fedora 9, complete)',
      `${kojiTopurl}/packages/image/1.0/2.fc40/images/hello.x86_64.tar.gz`,
    ]);
    expect(code).toBe(EXIT.done);
    const { stdout: json } = await ask('lookup', '--json', SEEDED.absent);
    expect(batchAnswer.parse(JSON.parse(json)).results[SEEDED.absent]?.matches).toMatchObject([
      { archive: { koji_archive_id: 77 } },
    ]);
  });

  test('takes upper case and blanks, NVRAs with .rpm and without, several at once', async () => {
    const { code, stdout, stderr } = await ask(
      'lookup',
      ` ${SEEDED.bin.toUpperCase()} `,
      'hello-1.0-3.fc40.x86_64.rpm',
      SEEDED.absent,
    );
    expect(stdout).toContain('/usr/bin/hello');
    expect(stdout).toContain('hello-1.0-3.fc40 (fedora 2, deleted)  nowhere to be had');
    expect(stderr).toBe(`${SEEDED.absent}: nothing known\n`);
    expect(code).toBe(EXIT.done);
  });

  test('--json prints what POST /api/v1/buildids answers', async () => {
    const asked = [SEEDED.shared, SEEDED.absent];
    const { code, stdout } = await ask('lookup', '--json', ...asked);
    const web = 'https://koji.fedoraproject.org/koji';
    const fedora = { ...TEST_KOJI[0], topurl: kojiTopurl, web };
    const lookup = createLookup({ store, koji: [fedora], checks: NO_CHECKS, now: Date.now });
    const answer: unknown = JSON.parse(stdout);
    expect(answer).toEqual(await lookup.byBuildIds(asked.map(requireAskedBuildId)));
    expect(batchAnswer.parse(answer).results[SEEDED.shared]?.matches).toHaveLength(2);
    expect(code).toBe(EXIT.done);
  });

  test('takes what a crash reporter made of a build-id', async () => {
    const { code, stdout } = await ask('lookup', SEEDED.debuginfo.slice(0, 32));
    expect(stdout.split('\n')[0]).toBe(
      `${SEEDED.debuginfo.slice(0, 32)}: ${SEEDED.debuginfo} (first-16-bytes)`,
    );
    expect(code).toBe(EXIT.done);
  });

  test('--siblings shows what goes with it, each once', async () => {
    const { stdout } = await ask('lookup', '--siblings', SEEDED.bin);
    const [, , , blank, heads, ...rows] = stdout.trimEnd().split('\n');
    expect(blank).toBe('');
    expect(heads?.split(/ {2,}/)).toEqual(['with it', 'rpm', 'url']);
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 2))).toEqual([
      ['debuginfo', 'hello-debuginfo-1.0-2.fc40.x86_64'],
    ]);
    const nvra = 'hello-1.0-2.fc40.x86_64';
    const { stdout: json } = await ask('lookup', '--json', '--siblings', nvra);
    const [match] = batchAnswer.parse(JSON.parse(json)).results[nvra]?.matches ?? [];
    expect(match).toMatchObject({ siblings: { debuginfo: [{ rpm: { name: 'hello-debuginfo' } }] } });
  });

  test('--group shows which builds explain the build-ids', async () => {
    const ids = [SEEDED.bin, SEEDED.library, SEEDED.shared, SEEDED.absent];
    const { stdout } = await ask('lookup', '--group', ...ids);
    const [title, heads, ...rows] = stdout.trimEnd().split('\n\n').at(-1)?.split('\n') ?? [];
    expect(title).toBe('1 build explains 3 of 4 build-ids');
    expect(heads?.split(/ {2,}/)).toEqual(['build', 'koji', 'state', 'build-ids']);
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      ['hello-1.0-2.fc40', 'fedora 1', 'complete', '3'],
    ]);
    const { stdout: json } = await ask('lookup', '--group', '--json', ...ids);
    expect(batchAnswer.parse(JSON.parse(json)).group).toMatchObject({ unexplained: [SEEDED.absent] });
  });

  test('--group says why local RPMs explain nothing', async () => {
    const { stdout } = await ask('lookup', '--group', SEEDED.local);
    expect(stdout).toContain('lokal-1-1.aarch64');
    expect(stdout.trimEnd().split('\n').slice(-3)).toEqual([
      '0 builds explain 0 of 1 build-ids',
      '',
      'RPMs of this machine (local) are of no build.',
    ]);
  });

  test('--json answers NVRAs in the same shape, without ".rpm"', async () => {
    const { stdout } = await ask('lookup', '--json', 'hello-1.0-2.fc40.x86_64.rpm', 'nope-1-1.noarch');
    const { results } = batchAnswer.parse(JSON.parse(stdout));
    expect(Object.keys(results)).toEqual(['hello-1.0-2.fc40.x86_64', 'nope-1-1.noarch']);
    expect(results['hello-1.0-2.fc40.x86_64']?.matches.map((match) => match.path)).toEqual([
      '/usr/bin/hello',
      '/usr/lib64/libhello.so.1',
    ]);
    expect(results['nope-1-1.noarch']).toEqual({ matches: [], reason: 'unknown' });
  });

  test('of an RPM without build-ids, or that could not be read, it says so', async () => {
    await store.index.replaceBuild('fedora', kojiBuild(9, { name: 'doc' }), [
      indexedRpm(901, { name: 'doc', arch: 'noarch', files: [] }),
      indexedRpm(902, { name: 'doc-bad', files: { error: 'format', message: 'RPM lead at offset 0: no' } }),
    ]);
    const { code, stderr } = await ask('lookup', 'doc-1.0-2.fc40.noarch', 'doc-bad-1.0-2.fc40.x86_64');
    expect(stderr).toBe(
      'doc-1.0-2.fc40.noarch: it is indexed, and holds no file with a build-id\n' +
        'doc-bad-1.0-2.fc40.x86_64: it could not be read: RPM lead at offset 0: no\n',
    );
    expect(code).toBe(EXIT.noMatch);
  });

  test('ends with 1 if nothing is known of any of them', async () => {
    const { code, stdout } = await ask('lookup', '--json', SEEDED.absent);
    expect(JSON.parse(stdout)).toEqual({ results: { [SEEDED.absent]: { matches: [], reason: 'unknown' } } });
    expect(code).toBe(EXIT.noMatch);
  });

  test('ends with 3 for what is neither a build-id nor an NVRA', async () => {
    const { code, stdout, stderr } = await ask('lookup', SEEDED.bin, 'abc');
    expect(stderr).toContain('"abc" is neither a build-id');
    expect(stdout).toBe('');
    expect(code).toBe(EXIT.badInput);
  });

  test('what a package names its files cannot move the cursor', async () => {
    await store.index.replaceBuild('fedora', kojiBuild(9, { name: 'evil' }), [
      indexedRpm(901, { name: 'evil', files: [storedFile('/usr/\u001b[2J\u202e', SEEDED.absent)] }),
    ]);
    const { stdout } = await ask('lookup', SEEDED.absent);
    expect(stdout).toContain('/usr/\\u001b[2J\\u202e');
  });

  test('colours are for terminals without NO_COLOR', async () => {
    const args = ['--database', path, 'lookup', SEEDED.bin];
    const bold = `\u001b[1m${SEEDED.bin}`;
    expect((await darkserver(args, { terminal: true, environment: { TERM: 'xterm' } })).stdout).toContain(
      bold,
    );
    const plain = { terminal: true, environment: { TERM: 'xterm', NO_COLOR: '1' } };
    expect((await darkserver(args, plain)).stdout).not.toContain('\u001b[1m');
    expect((await darkserver(args)).stdout).not.toContain('\u001b');
  });

  test('a reader that has seen enough is no error', async () => {
    const files = Array.from({ length: 3000 }, (_, at) =>
      storedFile(`/usr/lib/many/${at}`.padEnd(100, 'x'), SEEDED.absent),
    );
    await store.index.replaceBuild('fedora', kojiBuild(9, { name: 'many' }), [
      indexedRpm(901, { name: 'many', files }),
    ]);
    const running = startDarkserver(['--database', path, 'lookup', '--json', SEEDED.absent], {
      closeStdout: true,
    });
    const { code, stderr } = await running.ended;
    expect(stderr).toBe('');
    expect(code).toBe(EXIT.done);
  });
});

describe('status', () => {
  test('--json is what GET /api/v1/status answers', async () => {
    await store.jobs.enqueue('fedora', ids(77), PRIORITY.push);
    await store.recordPush('fedora', Date.UTC(2024, 0, 2));
    const { code, stdout } = await ask('status', '--json');
    const status = statusAnswer.parse(JSON.parse(stdout));
    const counts = await store.index.counts();
    expect(status).toMatchObject({
      builds: counts.builds,
      rpms: counts.rpms,
      files: counts.files,
      build_ids: counts.buildIds,
      queue: { queued: 1, running: 0, failed: 0, parked: 0 },
      koji: { fedora: { last_push: '2024-01-02T00:00:00.000Z', last_reconciled: null } },
    });
    expect(code).toBe(EXIT.done);
  });

  test('is readable without it', async () => {
    const { code, stdout } = await ask('status');
    expect(stdout).toMatch(/^index +6 builds, 9 RPMs, 11 files with 10 build-ids$/m);
    expect(stdout).toMatch(/^database +\d+(\.\d)? KiB$/m);
    expect(stdout).toMatch(/^fedora +none +never +never +never$/m);
    expect(code).toBe(EXIT.done);
  });
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

describe('a database that is not there', () => {
  test.each([['status'], ['jobs'], ['lookup', '0102'], ['retry', '--failed']])(
    'is not made by %s',
    async (...args) => {
      const missing = `${path}.missing`;
      const { code, stderr } = await darkserver(['--database', missing, ...args]);
      expect(stderr).toContain(`there is no database at ${missing} (database.path)`);
      expect(stderr).toContain('darkserver serve');
      expect(existsSync(missing)).toBe(false);
      expect(code).toBe(EXIT.configuration);
    },
  );

  test('nor is a file of another kind touched', async () => {
    const other = new URL('./reading.test.ts', import.meta.url).pathname;
    const before = readFileSync(other);
    const { code, stderr } = await darkserver(['--database', other, 'status']);
    expect(stderr).toContain(other);
    expect(code).toBe(EXIT.configuration);
    expect(readFileSync(other).equals(before)).toBe(true);
  });
});
