import { copyFileSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { requireBuildId } from '../../../shared/build-id.ts';
import { EXIT } from '../../../shared/errors.ts';
import { openStoreForReading } from '../../../daemon/store/sqlite-store.ts';
import { batchAnswer } from '../../../shared/api.ts';
import { databasePath, inspect } from '../../support/database-file.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/rpms/', import.meta.url));
const RPMS = readdirSync(FIXTURES).filter((name) => name.endsWith('.rpm'));
/** By RPM: "PATH BUILD-ID debuginfo|executable" of every file with a build-id. */
const TRUTH = readTruth();

/** Without the two ids that are too short for a header to name them. */
function readTruth(): Map<string, string[]> {
  const truth = new Map<string, string[]>();
  for (const line of readFileSync(`${FIXTURES}truth.tsv`, 'utf8').split('\n')) {
    const [rpm, path, buildId, debuginfo] = line.split('\t');
    if (rpm === undefined || debuginfo === undefined || rpm.startsWith('#')) continue;
    if ((buildId?.length ?? 0) < 8) continue;
    const kind = debuginfo === '1' ? 'debuginfo' : 'executable';
    truth.set(rpm, [...(truth.get(rpm) ?? []), `${path} ${buildId} ${kind}`]);
  }
  return truth;
}

let database: string;
beforeEach(() => {
  database = databasePath();
});

const run = (...args: string[]) => darkserver(['--database', database, ...args]);

/** What the index says of each RPM, in the form of TRUTH. */
async function indexed(): Promise<Map<string, string[]>> {
  const store = openStoreForReading(database);
  const found = new Map<string, string[]>();
  const inTruth = [...TRUTH.values()].flat().map((line) => requireBuildId(line.split(' ').at(-2) ?? ''));
  const matches = await store.index.findByBuildIds([...new Set(inTruth)]);
  for (const { file, rpm } of [...matches.values()].flat()) {
    const name = basename(rpm?.localPath ?? '');
    found.set(name, [...(found.get(name) ?? []), `${file.path} ${file.buildId} ${file.kind}`]);
  }
  await store.close();
  return found;
}

const sorted = (lines: Map<string, string[]>) =>
  Object.fromEntries([...lines].sort().map(([rpm, files]) => [rpm, [...files].sort()]));

/** Every row that is there, to see whether anything changed. */
const rows = () =>
  inspect(database, (db) => {
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .pluck()
      .all() as string[];
    return tables.map((table) => [table, db.prepare(`SELECT * FROM "${table}"`).all()]);
  });

describe('darkserver index', () => {
  test('indexes a tree as it is, and a second time changes nothing', async () => {
    const directory = temporaryDirectory();
    for (const name of RPMS) copyFileSync(join(FIXTURES, name), join(directory, name));
    const first = await run('index', directory);
    expect(first.stderr).toBe('');
    const files = [...TRUTH.values()].flat().length;
    expect(first.stdout).toMatch(
      new RegExp(
        `^${RPMS.length} RPMs: ${RPMS.length} indexed, 0 unchanged, 0 failed; ${files} files with a build-id; `,
      ),
    );
    expect(first.code).toBe(EXIT.done);
    expect(sorted(await indexed())).toEqual(sorted(TRUTH));

    const before = rows();
    const second = await run('index', directory);
    expect(second.stdout).toMatch(/^\d+ RPMs: 0 indexed, \d+ unchanged, 0 failed; /);
    expect(second.code).toBe(EXIT.done);
    expect(rows()).toEqual(before);

    const third = await run('index', '--scan', 'payload', directory);
    expect(third.stdout).toMatch(/^\d+ RPMs: \d+ indexed, 0 unchanged, 0 failed; /);
    expect(sorted(await indexed())).toEqual(sorted(TRUTH));
  });

  test('a lookup leads to the file, without a build', async () => {
    const name = 'greet-1.0-1.fc40.x86_64.rpm';
    await run('index', join(FIXTURES, name));
    const [line = ''] = TRUTH.get(name) ?? [];
    const buildId = line.split(' ').at(-2) ?? '';
    const { stdout } = await run('lookup', '--json', buildId);
    const { results } = batchAnswer.parse(JSON.parse(stdout));
    expect(results[buildId]?.matches).toEqual([
      expect.objectContaining({
        build: null,
        urls: [expect.objectContaining({ kind: 'file', url: pathToFileURL(join(FIXTURES, name)).href })],
      }),
    ]);
  });

  test('a file is known by its real path, however it was named', async () => {
    const directory = temporaryDirectory();
    const name = 'greet-1.0-1.fc40.x86_64.rpm';
    mkdirSync(join(directory, 'real'));
    copyFileSync(join(FIXTURES, name), join(directory, 'real', name));
    symlinkSync('real', join(directory, 'link'));
    await run('index', join(directory, 'real', name));
    const again = await run('index', join(directory, 'link', name), join(directory, 'link'));
    expect(again.stdout).toMatch(/^2 RPMs: 0 indexed, 2 unchanged, 0 failed; /);
  });

  test('a file to which a tree leads in several ways is read once', async () => {
    const directory = temporaryDirectory();
    copyFileSync(join(FIXTURES, 'greet-1.0-1.fc40.x86_64.rpm'), join(directory, 'z.rpm'));
    for (const link of ['a.rpm', 'b.rpm']) symlinkSync('z.rpm', join(directory, link));
    const { stdout } = await run('index', directory);
    expect(stdout).toMatch(/^3 RPMs: 1 indexed, 2 unchanged, 0 failed; 1 files with a build-id; /);
    expect([...(await indexed()).keys()]).toEqual(['z.rpm']);
  });

  test('a file that was replaced is read anew', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'some.rpm');
    copyFileSync(join(FIXTURES, 'greet-1.0-1.fc40.x86_64.rpm'), path);
    await run('index', path);
    copyFileSync(join(FIXTURES, 'greet-1.1-1.fc40.x86_64.rpm'), path);
    expect((await run('index', path)).stdout).toMatch(/^1 RPMs: 1 indexed, 0 unchanged/);
    const found = (await indexed()).get('some.rpm') ?? [];
    expect([...found].sort()).toEqual([...(TRUTH.get('greet-1.1-1.fc40.x86_64.rpm') ?? [])].sort());
  });

  test('what is broken is a line that names file and reason; the others are indexed all the same', async () => {
    const broken = ['empty.rpm', 'wrong-lead-magic.rpm', 'cut-in-header.rpm'];
    const paths = broken.map((name) => join(FIXTURES, 'broken', name));
    const { code, stdout, stderr } = await run(
      'index',
      ...paths,
      join(FIXTURES, 'greet-1.0-1.fc40.x86_64.rpm'),
    );
    const lines = stderr.trimEnd().split('\n').sort();
    expect(lines).toHaveLength(3);
    for (const [at, path] of [...paths].sort().entries()) {
      expect(lines[at]).toMatch(new RegExp(`^${path}: \\S.*`));
      expect(lines[at]?.split(path)).toHaveLength(2);
    }
    expect(stdout).toMatch(/^4 RPMs: 1 indexed, 0 unchanged, 3 failed; /);
    expect(code).toBe(EXIT.noMatch);
    expect([...(await indexed()).keys()]).toEqual(['greet-1.0-1.fc40.x86_64.rpm']);
  });

  test('a path that is not there is bad input, and nothing is made', async () => {
    const { code, stderr } = await run('index', FIXTURES, '/no/such/place');
    expect(stderr).toContain('/no/such/place cannot be read');
    expect(code).toBe(EXIT.badInput);
    expect(() => openStoreForReading(database)).toThrow('there is no database');
  });

  test('a terminal sees a bar', async () => {
    const options = { terminal: true, environment: { TERM: 'xterm' } };
    const { code, stdout } = await darkserver(
      ['--database', database, 'index', join(FIXTURES, 'broken')],
      options,
    );
    expect(stdout).toMatch(/[█░]{30} \d+ % \| \d+ of \d+ RPMs \| \S+\/s \| /);
    // Also those that were told just before the end.
    const failed = Number(/(\d+) failed/.exec(stdout)?.[1]);
    expect(failed).toBeGreaterThan(10);
    const told = [...stdout.matchAll(/broken\/([\w-]+\.rpm): /g)].map(([, name]) => name);
    expect(new Set(told).size).toBe(failed);
    // The cursor, hidden while the bar was drawn, is there again.
    expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'));
    expect(code).toBe(EXIT.noMatch);
  });

  test('the first signal ends it after what is in hand, and the same command goes on', async () => {
    const directory = temporaryDirectory();
    for (let copy = 0; copy < 30; copy++) {
      mkdirSync(join(directory, `${copy}`));
      for (const name of RPMS) copyFileSync(join(FIXTURES, name), join(directory, `${copy}`, name));
    }
    const running = startDarkserver(['--database', database, 'index', '--scan', 'payload', directory]);
    await running.printed('stderr', /^\d+ of \d+ RPMs, /m);
    running.signal('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).toContain('stopping when the RPMs in hand are read');
    expect(stderr).toContain('the same command goes on where it stopped');
    expect(code).toBe(EXIT.noMatch);
    const done = Number(/(\d+) indexed/.exec(stdout)?.[1]);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(30 * RPMS.length);
    const again = await run('index', directory);
    expect(again.stdout).toMatch(new RegExp(` ${done} unchanged, 0 failed; `));
    expect(again.code).toBe(EXIT.done);
  }, 120_000);

  test('a kill loses at most what was read last, and the same command makes it good', async () => {
    const directory = temporaryDirectory();
    const copies = 30;
    for (let copy = 0; copy < copies; copy++) {
      mkdirSync(join(directory, `${copy}`));
      for (const name of RPMS) copyFileSync(join(FIXTURES, name), join(directory, `${copy}`, name));
    }
    const running = startDarkserver(['--database', database, 'index', '--scan', 'payload', directory]);
    await running.printed('stderr', /^\d+ of \d+ RPMs, /m);
    running.signal('SIGKILL');
    await running.ended;
    const { stdout, code } = await run('index', directory);
    const [, indexed, unchanged] = /(\d+) indexed, (\d+) unchanged, 0 failed/.exec(stdout) ?? [];
    expect(Number(indexed) + Number(unchanged)).toBe(copies * RPMS.length);
    expect(code).toBe(EXIT.done);
    const counts = inspect(database, (db) => db.prepare('SELECT rpms, files FROM total').get());
    expect(counts).toEqual({
      rpms: copies * RPMS.length,
      files: inspect(database, (db) => db.prepare('SELECT count(*) FROM file').pluck().get()),
    });
  }, 120_000);
});
