import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openStore, type StoreOptions } from '../../daemon/store/sqlite-store.ts';
import type { Store } from '../../daemon/store/types.ts';
import { afterTest } from './after-test.ts';

/** A path for a database in a directory of its own, which is removed after the test. */
export function databasePath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-test-'));
  afterTest(() => {
    rmSync(directory, { recursive: true });
    return Promise.resolve();
  });
  return join(directory, 'darkserver.db');
}

/** A store on that path, closed after the test. */
export function storeAt(path: string, options?: StoreOptions): Store {
  const store = openStore(path, options);
  afterTest(() => store.close());
  return store;
}

/** Looks into a database beside the store, as sqlite3 would. */
export function inspect<T>(path: string, look: (db: Sqlite.Database) => T): T {
  const db = new Sqlite(path);
  try {
    return look(db);
  } finally {
    db.close();
  }
}
