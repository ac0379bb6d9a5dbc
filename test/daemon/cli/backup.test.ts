import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import type { StatusAnswer } from '../../../shared/api.ts';
import { EXIT } from '../../../shared/errors.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { seedStore } from '../../support/seed-store.ts';
import { startTypescript } from '../../support/typescript-process.ts';

const INDEX_IN_ORDER = new URL('../programs/index-in-order.ts', import.meta.url);

let database: string;
let copy: string;
beforeEach(() => {
  database = databasePath();
  const directory = join(dirname(database), 'backup');
  mkdirSync(directory);
  copy = join(directory, 'copy.db');
});

const run = (...args: string[]) => darkserver(['--database', database, ...args]);

test('a backup taken while another process writes is restored, and a daemon goes on from it', async () => {
  const writer = startTypescript(INDEX_IN_ORDER, database, '1');
  const before = (await writer.linesUntil(50)).length;
  const { code, stdout, stderr } = await run('backup', copy);
  expect({ code, stderr }).toEqual({ code: EXIT.done, stderr: 'copied; checking the copy\n' });
  expect(stdout).toMatch(/copy\.db: \S+ [KM]iB, checked\n$/);
  // The writer was never kept waiting for good.
  await writer.linesUntil(writer.lines.length + 50);
  await writer.kill();

  // What the help says: remove what is beside the database, put the copy in its place.
  for (const name of [`${database}-wal`, `${database}-shm`]) rmSync(name, { force: true });
  copyFileSync(copy, database);
  const restored = inspect(database, (db) =>
    db.prepare('SELECT max(koji_build_id) FROM build').pluck().get(),
  );
  expect(restored).toBeGreaterThanOrEqual(before);
  expect(restored).toBeLessThan(writer.lines.length);

  const daemon = startDarkserver([
    ...['--database', database, 'serve', '--workers', '0', '--listen', '127.0.0.1:0'],
    ...['--koji-hub', 'http://127.0.0.1:1/hub', '--koji-topurl', 'http://127.0.0.1:1'],
  ]);
  const [, url = ''] = await daemon.printed('stdout', /listening on (\S+)/);
  const status = (await (await fetch(`${url}/api/v1/status`)).json()) as StatusAnswer;
  expect(status).toMatchObject({ builds: restored, rpms: 3 * status.builds, files: 60 * status.builds });
  daemon.signal('SIGTERM');
  expect((await daemon.ended).code).toBe(EXIT.done);
  expect(inspect(database, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
});

test('what is there is replaced only where that is asked for', async () => {
  await seedStore(storeAt(database));
  expect(await run('backup', copy)).toMatchObject({ code: EXIT.done });
  const refused = await run('backup', copy);
  expect(refused).toMatchObject({ code: EXIT.usage, stdout: '' });
  expect(refused.stderr).toContain('exists already: --force replaces it');
  expect(await run('backup', '--force', copy)).toMatchObject({ code: EXIT.done });
  expect(readdirSync(dirname(copy))).toEqual(['copy.db']);
});

test('without a database there is nothing to copy', async () => {
  expect(await run('backup', copy)).toMatchObject({ code: EXIT.configuration, stdout: '' });
  expect(readdirSync(dirname(copy))).toEqual([]);
});
