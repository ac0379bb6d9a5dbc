import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../shared/errors.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import { databasePath, storeAt } from '../../support/database-file.ts';
import { darkserver } from '../../support/darkserver.ts';
import { type FixtureKoji, startFixtureKoji } from '../../support/fixture-koji.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { YumRepository, fixtureRpms, serveFiles } from '../../support/yum-repository.ts';

/** The commands that ask a Koji and read none of its builds. */

const ask = ({ config }: FixtureKoji, ...args: string[]) => darkserver(['--config', config, ...args]);

describe('enqueue', () => {
  test('takes ids as they are and asks Koji for NVRs', async () => {
    const koji = await startFixtureKoji();
    const first = await ask(koji, 'enqueue', '4711', 'greet-1.0-1.fc40', 'payload-xz-1.0-1.fc40');
    expect(first).toEqual({
      code: EXIT.done,
      stdout:
        'build 4711\ngreet-1.0-1.fc40 is build 3\npayload-xz-1.0-1.fc40 is build 18\n3 queued for lab, 0 already there\n',
      stderr: '',
    });
    const second = await ask(koji, 'enqueue', '3', '5');
    expect(second.stdout).toContain('1 queued for lab, 1 already there\n');
    const jobs = await storeAt(koji.database).jobs.list({ limit: 10 });
    expect(jobs.map((job) => [job.instance, job.kojiBuildId, job.state, job.priority])).toEqual([
      ['lab', 4711, 'queued', PRIORITY.push],
      ['lab', 3, 'queued', PRIORITY.push],
      ['lab', 18, 'queued', PRIORITY.push],
      ['lab', 5, 'queued', PRIORITY.push],
    ]);
  });

  test('ids need no Koji that answers', async () => {
    const koji = await startFixtureKoji();
    koji.hub.troubles.order({}, { kind: 'reset' });
    expect((await ask(koji, 'enqueue', '7')).code).toBe(EXIT.done);
    expect((await ask(koji, 'enqueue', 'greet-1.0-1.fc40')).code).toBe(EXIT.network);
  });

  test('an NVR that Koji does not know ends with 1, and the others are queued', async () => {
    const koji = await startFixtureKoji();
    const { code, stderr } = await ask(koji, 'enqueue', 'greet-9.9-1.fc40', 'greet-1.1-1.fc40');
    expect(stderr).toBe('greet-9.9-1.fc40: Koji lab knows no such build\n');
    expect(code).toBe(EXIT.noMatch);
    expect((await storeAt(koji.database).jobs.list({ limit: 10 })).map((job) => job.kojiBuildId)).toEqual([
      4,
    ]);
  });

  test('what is neither is bad input, and an instance that is not configured bad usage', async () => {
    const koji = await startFixtureKoji();
    expect((await ask(koji, 'enqueue', '3', 'greet')).code).toBe(EXIT.badInput);
    expect((await ask(koji, 'enqueue', '99999999999')).code).toBe(EXIT.badInput);
    const { code, stderr } = await ask(koji, 'enqueue', '--instance', 'fedora', '3');
    expect(stderr).toContain('there is no Koji "fedora" in the configuration: --instance may be lab');
    expect(code).toBe(EXIT.usage);
    expect(existsSync(koji.database)).toBe(false);
  });
});

describe('check-config', () => {
  test('shows every setting, where it came from, and that Koji answers', async () => {
    const koji = await startFixtureKoji('[indexer]\nworkers = 5\n');
    const { code, stdout, stderr } = await darkserver(['--config', koji.config, 'check-config'], {
      environment: { DARKSERVER_LOG_LEVEL: 'debug' },
    });
    expect(stderr).toBe('');
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(stdout).toContain(`configuration file: ${koji.config}\n`);
    expect(rows).toContainEqual(['indexer.workers', '5', `${koji.config} line 6`]);
    expect(rows).toContainEqual(['indexer.scan', '"auto"', 'default']);
    expect(rows).toContainEqual(['log.level', '"debug"', 'environment DARKSERVER_LOG_LEVEL']);
    expect(rows).toContainEqual(['push.token_file', 'not set', 'default']);
    expect(rows).toContainEqual(['koji.reconcile_interval', '"5m"', 'default']);
    expect(stdout).toMatch(/^ok +lab: hub http.*: Koji \d+\.\d+/m);
    expect(stdout).toMatch(/^ok +lab: files http.*: answers/m);
    expect(code).toBe(EXIT.done);
    expect(existsSync(koji.database)).toBe(false);
  });

  test('a Koji that does not answer is 2', async () => {
    const koji = await startFixtureKoji();
    await koji.hub.close();
    const { code, stdout } = await ask(koji, 'check-config');
    expect(stdout).toMatch(/^wrong +lab: hub .*ECONNREFUSED/m);
    expect(stdout).toMatch(/^wrong +lab: files .*ECONNREFUSED/m);
    expect(code).toBe(EXIT.network);
  });

  test('a repository is asked for its repomd.xml, and one that does not answer is 2', async () => {
    const yum = new YumRepository(fixtureRpms('greet-'));
    const { url } = await serveFiles(yum.directory);
    yum.write('mirrors', `${url}/old\n${url}\n`);
    const koji = await startFixtureKoji(
      '',
      `[[koji.repository]]\nname = "updates"\nmirrorlist = "${url}/mirrors"\n` +
        `[[koji.repository]]\nname = "gone"\nbaseurl = "${url}/gone"\n`,
    );
    const { code, stdout } = await ask(koji, 'check-config');
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    const key = 'koji.repository.refresh_interval of "updates"';
    expect(rows).toContainEqual([key, '"1h"', 'default']);
    expect(stdout).toContain(
      `repository updates (mirrorlist ${url}/mirrors): of 2 mirrors ${url}/ answers, its list of packages has`,
    );
    expect(stdout).toMatch(/^wrong +lab: repository gone .*repomd\.xml: HTTP 404/m);
    expect(code).toBe(EXIT.network);
  });

  test('a hub that answers something else is 2', async () => {
    const koji = await startFixtureKoji();
    koji.hub.troubles.order({ method: 'getKojiVersion' }, { kind: 'html' });
    const { code, stdout } = await ask(koji, 'check-config');
    expect(stdout).toMatch(/^wrong +lab: hub .*getKojiVersion/m);
    expect(code).toBe(EXIT.network);
  });

  test('a topdir must hold packages/', async () => {
    const koji = await startFixtureKoji();
    const topdir = temporaryDirectory();
    const environment = { DARKSERVER_KOJI_TOPDIR: topdir };
    const without = await darkserver(['--config', koji.config, 'check-config'], { environment });
    expect(without.stdout).toContain(`koji.topdir: ENOENT`);
    expect(without.code).toBe(EXIT.configuration);
    mkdirSync(join(topdir, 'packages'));
    const withIt = await darkserver(['--config', koji.config, 'check-config'], { environment });
    expect(withIt.stdout).toContain(`files ${topdir}: packages/ is there`);
    expect(withIt.code).toBe(EXIT.done);
  });

  test('a token file that everybody may read is told, and its token is not', async () => {
    const koji = await startFixtureKoji('[push]\ntoken_file = "token"\n');
    writeFileSync(join(koji.config, '..', 'token'), 's3cret\n', { mode: 0o644 });
    const { code, stdout, stderr } = await ask(koji, 'check-config');
    expect(stderr).toContain('is open to every user of this machine');
    expect(stdout + stderr).not.toContain('s3cret');
    expect(code).toBe(EXIT.done);
  });

  test('a token file that is not there is 5, and no matter to a lookup', async () => {
    const koji = await startFixtureKoji('[push]\ntoken_file = "no-such-token"\n');
    const { code, stderr } = await ask(koji, 'check-config');
    expect(stderr).toMatch(/^darkserver: push\.token_file \(.* line 6\): .*no-such-token cannot be read/);
    expect(code).toBe(EXIT.configuration);
    const path = databasePath();
    await storeAt(path).close();
    expect((await ask(koji, '--database', path, 'lookup', '0102')).code).toBe(EXIT.noMatch);
  });
});
