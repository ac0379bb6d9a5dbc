import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../shared/errors.ts';
import { databasePath, storeAt } from '../../support/database-file.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { startFixtureKoji } from '../../support/fixture-koji.ts';

const LISTENING = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n/;

async function push(
  url: string,
  kojiBuildIds: number[],
  headers: Record<string, string> = {},
): Promise<number> {
  const body = JSON.stringify({ instance: 'lab', koji_build_ids: kojiBuildIds });
  const json = { 'content-type': 'application/json', ...headers };
  return (await fetch(`${url}/push`, { method: 'POST', headers: json, body })).status;
}

async function buildsIndexed(url: string): Promise<number> {
  return ((await (await fetch(`${url}/api/v1/status`)).json()) as { builds: number }).builds;
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('serve', () => {
  test('prints its address, indexes what is announced, and ends well at SIGTERM', async () => {
    const { config } = await startFixtureKoji();
    const running = startDarkserver(['--config', config, 'serve']);
    const [, url = ''] = await running.printed('stdout', LISTENING);
    expect(await push(url, [3, 4])).toBe(202);
    await until(async () => (await buildsIndexed(url)) === 2);
    running.signal('SIGTERM');
    const { code, stdout, stderr } = await running.ended;
    expect(stdout).toBe(`listening on ${url}\n`);
    expect(stderr).toContain('stopping when what is in hand is finished');
    expect(code).toBe(EXIT.done);
  });

  test('flags win over the file; --workers 0 only serves, and a worker beside it does the work', async () => {
    const { config, database } = await startFixtureKoji('[indexer]\nworkers = 3\n');
    const other = databasePath();
    const running = startDarkserver(['--config', config, '--database', other, 'serve', '--workers', '0']);
    const [, url = ''] = await running.printed('stdout', LISTENING);
    expect(await push(url, [3])).toBe(202);
    const { jobs } = storeAt(other);
    expect(await jobs.countByState()).toMatchObject({ queued: 1, running: 0 });
    const worker = startDarkserver(['--config', config, '--database', other, 'worker']);
    await until(async () => (await buildsIndexed(url)) === 1);
    worker.signal('SIGTERM');
    expect((await worker.ended).code).toBe(EXIT.done);
    running.signal('SIGINT');
    expect((await running.ended).code).toBe(EXIT.done);
    expect((await darkserver(['--database', database, 'status'])).code).toBe(EXIT.configuration);
  });

  test('needs no configuration file', async () => {
    const { hub } = await startFixtureKoji();
    const path = databasePath();
    const flags = ['--listen', '127.0.0.1:0', '--koji-hub', hub.hubUrl, '--koji-topurl', hub.topurl];
    const running = startDarkserver(['--database', path, 'serve', ...flags], {
      environment: { DARKSERVER_KOJI_NAME: 'lab' },
    });
    const [, url = ''] = await running.printed('stdout', LISTENING);
    expect(await push(url, [5])).toBe(202);
    await until(async () => (await buildsIndexed(url)) === 1);
  });

  test('takes announcements with the token of its file only', async () => {
    const { config } = await startFixtureKoji('[push]\ntoken_file = "token"\n');
    writeFileSync(join(config, '..', 'token'), 's3cret\n', { mode: 0o600 });
    const running = startDarkserver(['--config', config, 'serve', '--workers', '0']);
    const [, url = ''] = await running.printed('stdout', LISTENING);
    expect(await push(url, [3])).toBe(401);
    expect(await push(url, [3], { authorization: 'Bearer s3cret' })).toBe(202);
  });

  test('a build in hand is finished after the first signal, and given back after the second', async () => {
    const { config, database, hub } = await startFixtureKoji();
    hub.troubles.order({ method: 'multiCall' }, { kind: 'hang' });
    const running = startDarkserver(['--config', config, 'serve']);
    const [, url = ''] = await running.printed('stdout', LISTENING);
    await push(url, [3]);
    await until(() => Promise.resolve(hub.requests.some(({ method }) => method === 'multiCall')));
    running.signal('SIGTERM');
    await running.printed('stderr', /the same signal again stops now/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(143);
    expect(await storeAt(database).jobs.countByState()).toMatchObject({ queued: 1, running: 0 });
  });

  test('an address that cannot be used is 5, and names its key', async () => {
    const { config } = await startFixtureKoji();
    const first = startDarkserver(['--config', config, 'serve']);
    const [, url = ''] = await first.printed('stdout', LISTENING);
    const { code, stderr } = await darkserver(['--config', config, 'serve', '--listen', new URL(url).host]);
    expect(stderr).toContain('(http.listen)');
    expect(code).toBe(EXIT.configuration);
  });
});

describe('worker', () => {
  test('the second signal gives builds in hand back to the queue', async () => {
    const { config, database, hub } = await startFixtureKoji();
    hub.troubles.order({ method: 'multiCall' }, { kind: 'hang' });
    await darkserver(['--config', config, 'enqueue', '3', '4']);
    const running = startDarkserver(['--config', config, 'worker', '2']);
    await until(() => Promise.resolve(hub.requests.length >= 2));
    running.signal('SIGTERM');
    await running.printed('stderr', /the same signal again gives them back/);
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(143);
    expect(await storeAt(database).jobs.countByState()).toMatchObject({ queued: 2, running: 0 });
  });
});
