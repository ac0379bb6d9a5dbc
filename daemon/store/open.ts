import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Sqlite from 'better-sqlite3';
import { DarkserverError } from '../../shared/errors.ts';
import { type Log, silentLog } from '../log.ts';
import { kept } from './kept.ts';
import { MIGRATIONS, type Migration, migrate, pathBetween } from './migrations.ts';
import { connectSqlite } from './sqlite.ts';
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
 * Bytes. Some forty tables and indexes have a page each at least, and build-ids and paths are random: each row
 * changes a page of their indexes, which goes to the log and to the database. Larger pages double both.
 */
const PAGE_BYTES = 2048;

/**
 * Pages in the write-ahead log before they are moved into the database. Build-ids are random, so
 * every row changes another page of their index: the longer the log, the more often a page is written once
 * for several rows. SQLite's default of 1000 makes indexing a third slower.
 */
const CHECKPOINT_PAGES = 16_000;

/** schema.sql stands two directories above this file in daemon/store, and above what it is built into in dist/daemon. */
function schemaSql(): string {
  const path = fileURLToPath(new URL('../../schema.sql', import.meta.url));
  if (existsSync(path)) return readFileSync(path, 'utf8');
  throw new DarkserverError(
    'internal',
    `${path} is missing, which belongs to this program: install it again`,
  );
}

/**
 * "empty": the file has no schema at all yet. "older": it is ours, and migrations lead to this version. Throws
 * `configuration` if it is not ours, or of a version that this program can do nothing with.
 */
function stateOf(
  db: Database,
  path: string,
  migrations: readonly Migration[],
): { state: 'empty' | 'current' | 'older'; version: number } {
  const { applicationId, version, tables } = kept(
    db.prepare<[], { applicationId: number; version: number; tables: number }>(
      `SELECT application_id AS applicationId, user_version AS version,
         (SELECT count(*) FROM sqlite_schema) AS tables
       FROM pragma_application_id, pragma_user_version`,
    ),
  ).get() ?? { applicationId: 0, version: 0, tables: 0 };
  if (applicationId === 0 && version === 0 && tables === 0) return { state: 'empty', version };
  if (applicationId !== APPLICATION_ID) {
    throw new DarkserverError(
      'configuration',
      `${path} is the database of another program: give database.path or --database a file of its own`,
    );
  }
  if (version === SCHEMA_VERSION) return { state: 'current', version };
  if (version < SCHEMA_VERSION && pathBetween(migrations, version, SCHEMA_VERSION) !== null)
    return { state: 'older', version };
  throw new DarkserverError(
    'configuration',
    `the database ${path} has schema version ${version}, and this darkserver knows ${SCHEMA_VERSION}: ` +
      (version > SCHEMA_VERSION ? 'install the newer darkserver that wrote it' : 'it cannot be upgraded'),
  );
}

/** Several processes may start on a new file at once: the lock decides who makes the schema. */
function createSchema(db: Database, path: string): void {
  const schema = schemaSql();
  db.transaction(() => {
    if (stateOf(db, path, []).state === 'empty') db.exec(schema);
  }).immediate();
  stateOf(db, path, []);
}

function upgrade(db: Database, path: string, from: number, { migrations, log }: Required<OpenOptions>): void {
  const steps = pathBetween(migrations, from, SCHEMA_VERSION) ?? [];
  const fields = { database: path, from, to: SCHEMA_VERSION };
  log.info('the database is of an older version and is upgraded; this may take a while', fields);
  migrate(db, steps, {
    to: SCHEMA_VERSION,
    path,
    isDone: () => stateOf(db, path, migrations).state === 'current',
  });
  log.info('the database is upgraded', fields);
}

function connect(path: string, options: Sqlite.Options): Database {
  if (!existsSync(dirname(path))) {
    throw new DarkserverError(
      'configuration',
      `cannot open the database ${path}: make the directory ${dirname(path)} first, or give database.path or --database another place`,
    );
  }
  try {
    return connectSqlite(path, { ...options, timeout: BUSY_MILLISECONDS });
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

export interface OpenOptions {
  /** Where an upgrade is told of. */
  readonly log?: Log;
  /** For tests. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the database for reading and writing, creates it where there is none, and upgrades it where an older
 * release has made it. Throws `configuration` for a file that cannot be opened, is another program's or of a
 * newer version; `store` for a full disk and the like, and for an upgrade that fails and leaves all as it was.
 */
export function openDatabase(
  path: string,
  { log = silentLog, migrations = MIGRATIONS }: OpenOptions = {},
): Database {
  const db = connect(path, {});
  return setUp(db, path, () => {
    const { state, version } = stateOf(db, path, migrations);
    if (state === 'older') upgrade(db, path, version, { log, migrations });
    if (state === 'empty') {
      db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
      db.exec('PRAGMA journal_mode = WAL');
      createSchema(db, path);
    }
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA foreign_keys = ON');
    // A commit is in the log before it is on the disk; what must be there is synced by durably().
    db.exec('PRAGMA synchronous = NORMAL');
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.exec(`PRAGMA journal_size_limit = ${2 * CHECKPOINT_PAGES * PAGE_BYTES}`);
  });
}

/**
 * Opens an existing database for reading only, also while the daemon writes to it. Throws as openDatabase
 * does, and `configuration` if there is none, or one that has to be upgraded first.
 */
export function openDatabaseForReading(
  path: string,
  { migrations = MIGRATIONS }: Pick<OpenOptions, 'migrations'> = {},
): Database {
  if (!existsSync(path)) {
    throw new DarkserverError(
      'configuration',
      `there is no database at ${path}: start "darkserver serve" first, or give --database`,
    );
  }
  const db = connect(path, { readonly: true, fileMustExist: true });
  return setUp(db, path, () => {
    const { state, version } = stateOf(db, path, migrations);
    if (state !== 'current') {
      throw new DarkserverError(
        'configuration',
        state === 'empty'
          ? `the database ${path} is empty: start "darkserver serve" first`
          : `the database ${path} has schema version ${version}, and this darkserver knows ${SCHEMA_VERSION}: "darkserver serve" upgrades it when it starts`,
      );
    }
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  });
}
