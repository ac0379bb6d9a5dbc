import { createRequire } from 'node:module';
import Sqlite from 'better-sqlite3';
import { kept } from './kept.ts';

/** better-sqlite3's machine code, which it does not find from the file that the rest of it is built into. */
const MACHINE_CODE = 'better-sqlite3/build/Release/better_sqlite3.node';

/** Opens the database at `path`; throws what better-sqlite3 does. */
export function connectSqlite(path: string, options: Sqlite.Options = {}): Sqlite.Database {
  const nativeBinding = createRequire(import.meta.url).resolve(MACHINE_CODE);
  return kept(new Sqlite(path, { ...options, nativeBinding }));
}
