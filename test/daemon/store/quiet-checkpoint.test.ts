import { statSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { openDatabase } from '../../../daemon/store/open.ts';
import { QuietCheckpoint } from '../../../daemon/store/quiet-checkpoint.ts';
import { afterTest } from '../../support/after-test.ts';
import { databasePath, inspect } from '../../support/database-file.ts';

async function emptied(path: string): Promise<void> {
  while (statSync(`${path}-wal`).size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('once writing has paused, the log is emptied into the database', async () => {
  const path = databasePath();
  const db = openDatabase(path);
  const checkpoint = new QuietCheckpoint(db, 20);
  afterTest(() => {
    checkpoint.stop();
    db.close();
    return Promise.resolve();
  });
  const insert = db.prepare('INSERT INTO koji_instance (name) VALUES (hex(randomblob(1000)))');
  for (let round = 0; round < 2; round++) {
    insert.run();
    checkpoint.written();
    insert.run();
    checkpoint.written();
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    await emptied(path);
  }
  expect(inspect(path, (other) => other.prepare('SELECT count(*) FROM koji_instance').pluck().get())).toBe(4);
});

test('a reader that is in its way is not waited for', async () => {
  const path = databasePath();
  const db = openDatabase(path);
  const checkpoint = new QuietCheckpoint(db, 5);
  const reader = openDatabase(path);
  afterTest(() => {
    checkpoint.stop();
    reader.close();
    db.close();
    return Promise.resolve();
  });
  reader.exec('BEGIN; SELECT * FROM koji_instance');
  reader.prepare('SELECT count(*) FROM koji_instance').get();
  db.exec("INSERT INTO koji_instance (name) VALUES ('fedora')");
  checkpoint.written();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  expect(db.pragma('busy_timeout', { simple: true })).toBe(10_000);
  reader.exec('COMMIT');
  checkpoint.written();
  await emptied(path);
});
