import Sqlite from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import { Enqueuer } from '../../../daemon/store/enqueue.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { durably, immediateTransaction } from '../../../daemon/store/transactions.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { databasePath } from '../../support/database-file.ts';

/** A database that tells every statement as it is run. */
async function openTelling(): Promise<{ db: Sqlite.Database; statements: string[] }> {
  const path = databasePath();
  await openStore(path).close();
  const statements: string[] = [];
  const db = new Sqlite(path, { verbose: (sql) => statements.push(String(sql)) });
  afterTest(() => {
    db.close();
    return Promise.resolve();
  });
  return { db, statements };
}

describe('a durable transaction', () => {
  test('is synced when it commits, and what comes after it is not', async () => {
    const { db, statements } = await openTelling();
    db.prepare("INSERT INTO koji_instance (name) VALUES ('fedora')").run();
    const enqueuer = new Enqueuer(db);
    statements.length = 0;
    enqueuer.enqueue(1, [1 as KojiBuildId], { priority: PRIORITY.push, reread: 0, now: 0 });
    const brief = statements.filter((sql) => /^(PRAGMA|BEGIN|COMMIT|ROLLBACK)/.test(sql));
    expect(brief).toEqual([
      'PRAGMA synchronous = FULL',
      'BEGIN IMMEDIATE',
      'COMMIT',
      'PRAGMA synchronous = NORMAL',
    ]);
    expect(db.pragma('synchronous', { simple: true })).toBe(1);
  });

  test('that fails is rolled back, and leaves no syncing behind', async () => {
    const { db } = await openTelling();
    const transaction = immediateTransaction(db);
    expect(() => {
      durably(db, () => {
        transaction(() => {
          db.prepare("INSERT INTO koji_instance (name) VALUES ('fedora')").run();
          throw new Error('in the middle');
        });
      });
    }).toThrow('in the middle');
    expect(db.pragma('synchronous', { simple: true })).toBe(1);
    expect(db.prepare('SELECT count(*) FROM koji_instance').pluck().get()).toBe(0);
  });
});
