import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { batchAnswer } from '../../../shared/api.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import { EXIT } from '../../../shared/errors.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { SEEDED, indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { type SeededDatabase, setUpDatabase } from '../../support/seeded-database.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';

let path: string;
let store: Store;
let ask: SeededDatabase['ask'];
beforeEach(async () => {
  ({ path, store, ask } = await setUpDatabase());
});

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
