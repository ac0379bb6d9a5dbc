import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../shared/errors.ts';
import { databasePath, inspect } from '../../support/database-file.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { simpleElf } from '../../support/elf-builder.ts';
import { startFixtureKoji } from '../../support/fixture-koji.ts';
import { tarFile } from '../../support/tar-builder.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/rpms/', import.meta.url));
const GREET = 'greet-1.0-1.fc40.x86_64.rpm';
const DEBUGINFO = 'greet-debuginfo-1.0-1.fc40.x86_64.rpm';

interface Report {
  readonly outcomes: Record<string, number>;
  readonly evidence: readonly Record<string, string | number | null>[];
  readonly disagreement_count: number;
  readonly disagreements: readonly Record<string, unknown>[];
  readonly not_compared: readonly Record<string, unknown>[];
}

let database: string;
let directory: string;
beforeEach(() => {
  database = databasePath();
  directory = temporaryDirectory();
});

const run = (...args: string[]) => darkserver(['--database', database, ...args]);

/** Without the lines that tell how far it is, where a machine is slow. */
const said = (stderr: string): string[] => stderr.split('\n').filter((line) => !/^$| left$/.test(line));

async function report(...args: string[]): Promise<Report & { code: number | null; stderr: string }> {
  const { code, stdout, stderr } = await run('verify', '--json', ...args);
  return { ...(JSON.parse(stdout) as Report), code, stderr };
}

/** Copies of these fixtures, indexed. */
async function indexed(names: readonly string[], ...flags: string[]): Promise<void> {
  for (const name of names) copyFileSync(join(FIXTURES, name), join(directory, name));
  await run('index', ...flags, directory);
}

/** Spoils the index, as a defect would. */
function tamper(sql: string): void {
  const changes = inspect(database, (db) => db.prepare(sql).run().changes);
  if (changes !== 1) throw new Error(`${changes} rows changed by ${sql}`);
}

describe('an index of local RPMs', () => {
  test('agrees with every payload that it was made from', async () => {
    // Without the package whose odd build-ids no header tells of.
    const names = readdirSync(FIXTURES).filter((name) => /^(?!build-ids).*\.rpm$/.test(name));
    await indexed(names);
    const { code, stdout, stderr } = await run('verify');
    expect(said(stderr)).toEqual([]);
    expect(stdout).toMatch(
      new RegExp(
        `^${names.length} RPMs and archives verified: ${names.length} agree, 0 disagree; \\S+ KiB read\\n\\n`,
      ),
    );
    // Rows by evidence; of all fixtures together, each of these kinds has some.
    expect(stdout).toMatch(/^payload +executable +(\d+) +\1 +0 +0 +0 +0$/m);
    expect(stdout).toMatch(/^file-class +executable +(\d+) +\1 +0 +0 +0 +0$/m);
    expect(stdout).toMatch(/^file-class +debuginfo +(\d+) +\1 +0 +0 +0 +0$/m);
    expect(code).toBe(EXIT.done);
  });

  test('is shown each row that is wrong, by what had proved it', async () => {
    await indexed([GREET, DEBUGINFO, 'payload-xz-1.0-1.fc40.x86_64.rpm', 'kmods-6.1.0-1.fc40.x86_64.rpm']);
    tamper("UPDATE file SET build_id = x'00112233' WHERE name = 'greet'");
    tamper("UPDATE file SET kind_evidence = kind_evidence - 1 WHERE name LIKE 'greet-%.debug'");
    const [{ file_key: key, name }] = inspect(database, (db) =>
      db.prepare("SELECT file_key, name FROM file WHERE name LIKE '%.ko' ORDER BY name LIMIT 1").all(),
    ) as [{ file_key: number; name: string }];
    tamper(`DELETE FROM file WHERE file_key = ${key}`);
    tamper(
      `INSERT INTO file SELECT ${key}, x'aabb', 4, directory_key, 0, 'imagined' FROM file WHERE name = 'greet'`,
    );

    const { code, stderr, outcomes, disagreements, disagreement_count: count } = await report();
    expect(said(stderr)).toEqual([]);
    expect(outcomes).toMatchObject({ agree: 1, disagree: 3 });
    expect(count).toBe(4);
    const found = disagreements.map((each) => [
      each['problem'],
      each['path'],
      each['index'],
      each['payload'],
    ]);
    const greet = expect.stringMatching(/^[0-9a-f]{40}$/);
    expect(found).toContainEqual([
      'wrong_build_id',
      '/usr/bin/greet',
      { build_id: '00112233', kind: 'executable', evidence: 'file-class' },
      { build_id: greet, kind: 'executable' },
    ]);
    expect(found).toContainEqual([
      'wrong_kind',
      expect.stringMatching(/\.debug$/),
      { build_id: greet, kind: 'executable', evidence: 'file-class' },
      { build_id: greet, kind: 'debuginfo' },
    ]);
    expect(found).toContainEqual([
      'not_in_payload',
      '/usr/bin/imagined',
      { build_id: 'aabb', kind: 'executable', evidence: 'link' },
      null,
    ]);
    expect(found).toContainEqual([
      'missing',
      expect.stringMatching(new RegExp(`/${name}$`)),
      null,
      { build_id: greet, kind: 'executable' },
    ]);
    expect(code).toBe(EXIT.noMatch);

    const text = await run('verify');
    expect(text.stdout).toMatch(/^no row +executable +0 +0 +1 +0 +0 +0$/m);
    expect(text.stdout).toMatch(/^link +executable +1 +0 +0 +0 +0 +1$/m);
    expect(text.stdout).toMatch(
      /^wrong build-id +\/\S+\/greet-1.0-1.fc40.x86_64.rpm +\/usr\/bin\/greet +00112233 executable \(file-class\) +[0-9a-f]{40} executable$/m,
    );
    expect(text.code).toBe(EXIT.noMatch);
  });

  test('made from headers alone lacks what they do not tell', async () => {
    await indexed(['kmods-6.1.0-1.fc40.x86_64.rpm'], '--scan', 'header');
    const { code, evidence, disagreements } = await report();
    expect(new Set(disagreements.map(({ problem }) => problem))).toEqual(new Set(['missing']));
    expect(evidence.at(-1)).toMatchObject({ evidence: null, rows: 0, missing: disagreements.length });
    expect(code).toBe(EXIT.noMatch);
  });

  test('files that are gone count apart; replaced and broken ones are told', async () => {
    await indexed([
      GREET,
      DEBUGINFO,
      'payload-gzip-1.0-1.fc40.x86_64.rpm',
      'payload-xz-1.0-1.fc40.x86_64.rpm',
    ]);
    rmSync(join(directory, GREET));
    const gone = await report();
    expect(gone.outcomes).toMatchObject({ agree: 3, gone: 1 });
    expect(gone.code).toBe(EXIT.done);

    copyFileSync(join(FIXTURES, 'greet-debuginfo-1.1-1.fc40.x86_64.rpm'), join(directory, DEBUGINFO));
    const broken = join(directory, 'payload-gzip-1.0-1.fc40.x86_64.rpm');
    copyFileSync(join(FIXTURES, 'broken', 'cut-in-header.rpm'), broken);
    const { code, outcomes, not_compared: notCompared, stderr } = await report();
    expect(outcomes).toMatchObject({ agree: 1, disagree: 0, changed: 1, unreadable: 1, gone: 1 });
    expect(notCompared).toContainEqual(
      expect.objectContaining({ outcome: 'changed', source: join(directory, DEBUGINFO), code: null }),
    );
    expect(notCompared).toContainEqual(
      expect.objectContaining({ outcome: 'unreadable', source: broken, code: 'format' }),
    );
    expect(stderr).toContain(`${broken}: `);
    expect(code).toBe(EXIT.noMatch);
  });

  test('a sample reads as many RPMs as it says, each once', async () => {
    await indexed(readdirSync(FIXTURES).filter((name) => name.startsWith('payload-')));
    const { outcomes, code } = await report('--sample', '3');
    expect(outcomes['agree']).toBe(3);
    expect(code).toBe(EXIT.done);
    expect((await report('--sample', '100')).outcomes['agree']).toBe(6);
  });

  test('a database that is not there is not made', async () => {
    const { code, stderr } = await run('verify');
    expect(stderr).toContain(`there is no database at ${database}`);
    expect(code).toBe(EXIT.configuration);
  });

  test('the first signal ends it after what is in hand, with what was found', async () => {
    for (let copy = 0; copy < 500; copy++) {
      copyFileSync(join(FIXTURES, 'payload-xz-1.0-1.fc40.x86_64.rpm'), join(directory, `${copy}.rpm`));
    }
    await run('index', directory);
    const running = startDarkserver(['--database', database, 'verify']);
    await running.printed('stderr', /^\d+ of 500 files, /m);
    running.signal('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).toContain('stopped before the end');
    expect(Number(/^(\d+) RPMs and archives verified/.exec(stdout)?.[1])).toBeLessThan(500);
    expect(code).toBe(EXIT.noMatch);
  });
});

describe("an index of Koji's RPMs", () => {
  test('is compared over HTTP, without a hub; what Koji deleted counts apart', async () => {
    const koji = await startFixtureKoji();
    const ask = (...args: string[]) => darkserver(['--config', koji.config, ...args]);
    for (const name of ['greet', 'hardlinks']) {
      await ask('--log-level', 'error', 'backfill', '--package', name);
    }
    koji.hub.requests.splice(0);
    const first = await ask('verify');
    expect(first.stdout).toMatch(/^(\d+) RPMs and archives verified: \1 agree, 0 disagree; 2 passed over; /);
    expect(first.code).toBe(EXIT.done);
    expect(koji.hub.requests.filter(({ method }) => method !== '')).toEqual([]);

    const published = koji.hub.files.paths();
    const path = published.find((each) => each.endsWith(GREET)) ?? '';
    koji.hub.files.remove(path);
    inspect(koji.database, (db) => {
      db.prepare("UPDATE file SET build_id = x'00112233' WHERE name LIKE 'greet-%.debug'").run();
      db.prepare("UPDATE build SET state = 2 WHERE name = 'hardlinks'").run();
    });
    const { code, stdout } = await ask('verify', '--json');
    const { outcomes, disagreements, not_compared: notCompared } = JSON.parse(stdout) as Report;
    expect(outcomes).toMatchObject({ gone: 2, passed_over: 2, disagree: 2 });
    expect(notCompared).toEqual([
      expect.objectContaining({
        outcome: 'gone',
        rpm: 'greet-1.0-1.fc40.x86_64',
        source: `${koji.hub.topurl}/${path}`,
        code: 'missing_file',
      }),
    ]);
    // Which of the two builds was read first depends on the workers.
    const wrong = disagreements.find(({ rpm }) => rpm === 'greet-debuginfo-1.0-1.fc40.x86_64');
    expect(wrong).toMatchObject({
      problem: 'wrong_build_id',
      instance: 'lab',
      koji_build_id: 3,
      koji_rpm_id: expect.any(Number),
      source: expect.stringContaining(koji.hub.topurl),
    });
    expect(code).toBe(EXIT.noMatch);
  });

  test('archives are compared as RPMs are', async () => {
    const koji = await startFixtureKoji();
    const ask = (...args: string[]) => darkserver(['--config', koji.config, ...args]);
    const tar = join(directory, 'rootfs.tar');
    writeFileSync(tar, tarFile({ name: 'sbin/init', data: simpleElf('aabbccdd') }));
    const archive = koji.hub.changes.addArchive(3, { path: tar, btype: 'image', directory: 'images' });
    await ask('--log-level', 'error', 'backfill', '--from', '3', '--to', '3');
    const first = await ask('verify');
    expect(first.stdout).toMatch(/^(\d+) RPMs and archives verified: \1 agree, 0 disagree; 1 passed over; /);
    expect(first.code).toBe(EXIT.done);

    inspect(koji.database, (db) =>
      db.prepare("UPDATE file SET build_id = x'00112233' WHERE name = 'init'").run(),
    );
    const { stdout } = await ask('verify', '--json');
    const { disagreements } = JSON.parse(stdout) as Report;
    expect(disagreements).toEqual([
      {
        problem: 'wrong_build_id',
        rpm: null,
        archive: 'rootfs.tar',
        instance: 'lab',
        koji_build_id: 3,
        koji_rpm_id: null,
        koji_archive_id: archive,
        source: `${koji.hub.topurl}/packages/greet/1.0/1.fc40/images/rootfs.tar`,
        path: '/sbin/init',
        index: { build_id: '00112233', kind: 'executable', evidence: 'payload' },
        payload: { build_id: 'aabbccdd', kind: 'executable' },
      },
    ]);
    writeFileSync(tar, tarFile());
    const { outcomes } = JSON.parse((await ask('verify', '--json')).stdout) as Report;
    expect(outcomes).toMatchObject({ changed: 1, disagree: 0 });
  });

  test('a server that is down ends with 2, without asking for every RPM', async () => {
    const koji = await startFixtureKoji();
    const ask = (...args: string[]) => darkserver(['--config', koji.config, ...args]);
    await ask('--log-level', 'error', 'backfill', '--all');
    // Not closed: its port would soon be another server's.
    koji.hub.troubles.order({}, { kind: 'reset' });
    const { code, stdout, stderr } = await ask('verify');
    expect(stdout).toMatch(/^0 RPMs and archives verified: 0 agree, 0 disagree; \d+ not reached; /);
    expect(Number(/(\d+) not reached/.exec(stdout)?.[1])).toBeLessThan(20);
    expect(stderr).toContain('given up: one file after the other could not be reached');
    expect(code).toBe(EXIT.network);
  });
});
