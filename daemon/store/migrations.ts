import type Sqlite from 'better-sqlite3';
import { DarkserverError } from '../../shared/errors.ts';
import { kept } from './kept.ts';

/** Makes a database of schema version `from` one of the next version. */
export interface Migration {
  readonly from: number;
  /**
   * Statements, without BEGIN and COMMIT and without user_version. Foreign keys are not enforced while they
   * run, so that a table may be made anew (sqlite.org/lang_altertable.html, section 7); they are checked after.
   */
  readonly sql: string;
}

/**
 * One for each version of schema.sql that was ever released, but the last: whoever changes schema.sql after a
 * release raises its user_version and adds what changes older databases likewise. Migrations are never removed,
 * so any release can be upgraded from. None is needed yet.
 */
export const MIGRATIONS: readonly Migration[] = [];

/** The migrations that lead from one version to another, in order; null if one is missing. */
export function pathBetween(
  all: readonly Migration[],
  from: number,
  to: number,
): readonly Migration[] | null {
  const steps: Migration[] = [];
  for (let version = from; version < to; version++) {
    const step = all.find((each) => each.from === version);
    if (step === undefined) return null;
    steps.push(step);
  }
  return steps;
}

/**
 * Runs these in one transaction: the database is afterwards of version `to`, or as it was. `isDone` is asked
 * under the write lock, as several processes may start on an old database at once. Throws what SQLite throws,
 * and `store` if a row would refer to nothing.
 */
export function migrate(
  db: Sqlite.Database,
  steps: readonly Migration[],
  { to, path, isDone }: { to: number; path: string; isDone: () => boolean },
): void {
  // Without effect within a transaction.
  db.exec('PRAGMA foreign_keys = OFF');
  db.transaction(() => {
    if (isDone()) return;
    for (const { sql } of steps) db.exec(sql);
    const broken = kept(db.prepare<[], { table: string }>('PRAGMA foreign_key_check')).all();
    if (broken.length > 0) {
      throw new DarkserverError(
        'store',
        `the database ${path} cannot be upgraded to schema version ${to}: ${broken.length} rows, the first in table ${broken[0]?.table ?? ''}, would refer to nothing. It is as it was: go on with the older darkserver, and report this`,
      );
    }
    db.exec(`PRAGMA user_version = ${to}`);
  }).immediate();
}
