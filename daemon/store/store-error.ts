import { SqliteError } from 'better-sqlite3';
import { DarkserverError } from '../../shared/errors.ts';

/** What SQLite's primary result codes mean to whoever runs the daemon. */
const ADVICE: readonly (readonly [prefix: string, advice: string])[] = [
  ['SQLITE_BUSY', 'another process has been writing to it for too long; it is tried again'],
  ['SQLITE_FULL', 'its disk is full: make room, nothing else needs to be done'],
  ['SQLITE_IOERR', 'its disk or file system does not work: see the kernel log'],
  ['SQLITE_READONLY', 'it cannot be written: check the owner and mode of the file and its directory'],
  ['SQLITE_CANTOPEN', 'it cannot be opened: check that the directory exists and may be written'],
  ['SQLITE_PERM', 'it may not be opened: check the owner and mode of the file and its directory'],
  ['SQLITE_CORRUPT', 'it is damaged: stop every darkserver, restore a backup or delete it and backfill'],
  ['SQLITE_NOTADB', 'it is not an SQLite database: give another path'],
];

/** SQLite's errors as `store`, with the path and what to do; all others as they are. */
export function toStoreError(path: string, thrown: unknown): Error {
  if (!(thrown instanceof SqliteError)) return thrown instanceof Error ? thrown : new Error(String(thrown));
  const advice = ADVICE.find(([prefix]) => thrown.code.startsWith(prefix))?.[1];
  // A broken constraint or a wrong statement is a defect of ours, not trouble with the file.
  if (advice === undefined) {
    return new DarkserverError('internal', `the database ${path}: ${thrown.message} (${thrown.code})`, {
      cause: thrown,
    });
  }
  return new DarkserverError('store', `the database ${path}: ${thrown.message} (${thrown.code}); ${advice}`, {
    cause: thrown,
  });
}
