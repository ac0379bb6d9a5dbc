import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { EXIT } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { afterTest } from '../support/after-test.ts';
import { storeAt } from '../support/database-file.ts';
import { startFixtureKoji } from '../support/fixture-koji.ts';
import { push, startServing, statusOf, untilIdle } from '../support/serving.ts';

const GREET = '/api/v1/buildids/497b28df515a732343c2da517b391fb44a5002be';

test('while the thread that indexes waits for the database, everything is answered but announcements', async () => {
  const { config, database } = await startFixtureKoji();
  const { url } = await startServing(['--config', config]);
  expect(await push(url, 'lab', [3])).toBe(202);
  await untilIdle(url);

  const blocker = new Sqlite(database);
  afterTest(() => blocker.close());
  blocker.exec('BEGIN IMMEDIATE');
  let answered = 0;
  const pushed = push(url, 'lab', [4]).then((status) => {
    answered = status;
  });
  for (let count = 0; count < 20; count++) {
    expect((await fetch(`${url}${GREET}`)).status).toBe(200);
    expect((await statusOf(url)).builds).toBe(1);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  }
  expect(answered).toBe(0);
  blocker.exec('COMMIT');
  await pushed;
  expect(answered).toBe(202);
  expect((await untilIdle(url)).builds).toBe(2);
});

test('when the thread that indexes fails, the daemon says so and ends; what it had answered is in the queue', async () => {
  const { config, database } = await startFixtureKoji();
  const failing = new URL('../daemon/programs/fail-when-called.mjs', import.meta.url);
  const { jobs } = storeAt(database);
  const serving = await startServing(['--config', config], {
    NODE_OPTIONS: `--import ${fileURLToPath(failing)}`,
    DARKSERVER_INDEXER_WORKERS: '0',
  });
  expect(await push(serving.url, 'lab', [3])).toBe(202);
  expect(await push(serving.url, 'lab', [4])).toBe(500);
  const { code, stderr } = await serving.ended;
  expect(stderr).toContain('the indexing thread has failed: ordered by the test');
  expect(code).toBe(EXIT.noMatch);
  expect(await jobs.find('lab', 3 as KojiBuildId)).toMatchObject({ state: 'queued' });
});

test('while the thread that indexes hangs, the daemon answers and is not ready', async () => {
  const { config } = await startFixtureKoji();
  const hanging = new URL('../daemon/programs/hang-when-called.mjs', import.meta.url);
  const serving = await startServing(['--config', config], {
    NODE_OPTIONS: `--import ${fileURLToPath(hanging)}`,
  });
  expect((await fetch(`${serving.url}/readyz`)).status).toBe(200);
  void push(serving.url, 'lab', [3]).catch(() => null);
  await sleep(1500);
  await serving.printed('stderr', /^it hangs$/m);
  serving.signal('SIGUSR2');
  while ((await fetch(`${serving.url}/readyz`)).status !== 503) await sleep(50);
  expect((await statusOf(serving.url)).builds).toBe(0);
  serving.signal('SIGTERM');
  await serving.printed('stderr', /the same signal again stops now/);
  serving.signal('SIGTERM');
  expect((await serving.ended).code).toBe(143);
});
