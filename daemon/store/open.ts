import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { DarkserverError } from '../../shared/errors.ts';
import { kept } from './kept.ts';
import { toStoreError } from './store-error.ts';

export type Database = Sqlite.Database;

/** As schema.sql sets them; opening a new database proves that they agree. */
const APPLICATION_ID = 0x44535256;
const SCHEMA_VERSION = 1;

/** How long a statement waits for another process's transaction before it is an error. */
export const BUSY_MILLISECONDS = 10_000;

/** Memory for pages: the upper levels of every index, and what one transaction writes. */
const CACHE_KIB = 32 * 1024;

/**
 * Pages (of 4 KiB) in the write-ahead log before they are moved into the database. Build-ids are random, so
 * every row changes another page of their index: the longer the log, the more often a page is written once
 * for several rows. SQLite's default of 1000 makes indexing a third slower.
 */
const CHECKPOINT_PAGES = 8000;

/** schema.sql stands beside daemon/ in the sources, and beside dist/ or in it once built. */
function schemaSql(): string {
  for (const relative of ['../../schema.sql', '../../../schema.sql']) {
    const path = fileURLToPath(new URL(relative, import.meta.url));
    if (existsSync(path)) return readFileSync(path, 'utf8');
  }
  throw new DarkserverError(
    'internal',
    `schema.sql is missing: it belongs beside ${fileURLToPath(new URL('../../', import.meta.url))}`,
  );
}

/** True if the file has no schema at all yet. Throws `configuration` if it is not ours or not this version's. */
function isEmptyOrOurs(db: Database, path: string): boolean {
  const { applicationId, version, tables } = kept(
    db.prepare<[], { applicationId: number; version: number; tables: number }>(
      `SELECT application_id AS applicationId, user_version AS version,
         (SELECT count(*) FROM sqlite_schema) AS tables
       FROM pragma_application_id, pragma_user_version`,
    ),
  ).get() ?? { applicationId: 0, version: 0, tables: 0 };
  if (applicationId === 0 && version === 0 && tables === 0) return true;
  if (applicationId !== APPLICATION_ID) {
    throw new DarkserverError(
      'configuration',
      `${path} is the database of another program: give database.path or --database a file of its own`,
    );
  }
  if (version !== SCHEMA_VERSION) {
    throw new DarkserverError(
      'configuration',
      `the database ${path} has schema version ${version}, and this darkserver knows ${SCHEMA_VERSION}: ` +
        (version > SCHEMA_VERSION ? 'install the newer darkserver that wrote it' : 'it cannot be upgraded'),
    );
  }
  return false;
}

/** Several processes may start on a new file at once: the lock decides who makes the schema. */
function createSchema(db: Database, path: string): void {
  const schema = schemaSql();
  db.transaction(() => {
    if (isEmptyOrOurs(db, path)) db.exec(schema);
  }).immediate();
  isEmptyOrOurs(db, path);
}

function connect(path: string, options: Sqlite.Options): Database {
  if (!existsSync(dirname(path))) {
    throw new DarkserverError(
      'configuration',
      `cannot open the database ${path}: make the directory ${dirname(path)} first, or give database.path or --database another place`,
    );
  }
  try {
    return kept(new Sqlite(path, { ...options, timeout: BUSY_MILLISECONDS }));
  } catch (thrown) {
    const error = toStoreError(path, thrown);
    const message = error instanceof Error ? error.message : String(error);
    throw new DarkserverError('configuration', `cannot open the database ${path}: ${message}`, {
      cause: thrown,
    });
  }
}

function setUp(db: Database, path: string, steps: () => void): Database {
  try {
    steps();
    return db;
  } catch (thrown) {
    db.close();
    throw toStoreError(path, thrown);
  }
}

/**
 * Opens the database for reading and writing, and creates it where there is none. Throws `configuration`
 * for a file that cannot be opened, is another program's or of another version; `store` for a full disk
 * and the like.
 */
export function openDatabase(path: string): Database {
  const db = connect(path, {});
  return setUp(db, path, () => {
    if (isEmptyOrOurs(db, path)) {
      db.exec('PRAGMA page_size = 4096');
      db.exec('PRAGMA journal_mode = WAL');
      createSchema(db, path);
    }
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA foreign_keys = ON');
    // A commit is in the log before it is on the disk; what must be there is synced by durably().
    db.exec('PRAGMA synchronous = NORMAL');
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.exec(`PRAGMA journal_size_limit = ${2 * CHECKPOINT_PAGES * 4096}`);
  });
}

/**
 * Opens an existing database for reading only, also while the daemon writes to it. Throws as openDatabase
 * does, and `configuration` if there is none.
 */
export function openDatabaseForReading(path: string): Database {
  if (!existsSync(path)) {
    throw new DarkserverError(
      'configuration',
      `there is no database at ${path}: start "darkserver serve" first, or give --database`,
    );
  }
  const db = connect(path, { readonly: true, fileMustExist: true });
  return setUp(db, path, () => {
    if (isEmptyOrOurs(db, path)) {
      throw new DarkserverError(
        'configuration',
        `the database ${path} is empty: start "darkserver serve" first`,
      );
    }
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  });
}
