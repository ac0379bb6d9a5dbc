import { DarkserverError, type ErrorCode } from '../../shared/errors.ts';

/** What SQLite's primary result codes mean to whoever runs the daemon. */
const ADVICE: readonly (readonly [prefix: string, code: ErrorCode, advice: string])[] = [
  ['SQLITE_BUSY', 'store', 'another process has been writing to it for too long; it is tried again'],
  ['SQLITE_FULL', 'store', 'its disk is full: make room, nothing else needs to be done'],
  ['SQLITE_IOERR', 'store', 'its disk or file system does not work: see the kernel log'],
  [
    'SQLITE_READONLY',
    'store',
    'it cannot be written: check the owner and mode of the file and its directory',
  ],
  ['SQLITE_CANTOPEN', 'store', 'it cannot be opened: check that the directory exists and may be written'],
  ['SQLITE_PERM', 'store', 'it may not be opened: check the owner and mode of the file and its directory'],
  [
    'SQLITE_CORRUPT',
    'store',
    'it is damaged: stop every darkserver, restore a backup or delete it and backfill',
  ],
  [
    'SQLITE_NOTADB',
    'configuration',
    'it is not an SQLite database: give database.path or --database another',
  ],
];

/**
 * Told by its code: the native module throws the class of whoever loaded it first, so where a process loads
 * it twice (a test runner does) `instanceof` fails.
 */
function isSqliteError(thrown: unknown): thrown is { code: string; message: string } {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown) || !('message' in thrown))
    return false;
  return typeof thrown.code === 'string' && thrown.code.startsWith('SQLITE_');
}

/** SQLite's errors as ours, with the path and what to do; all others as they are. */
export function toStoreError(path: string, thrown: unknown): Error {
  if (!isSqliteError(thrown)) return thrown instanceof Error ? thrown : new Error(String(thrown));
  const what = `the database ${path}: ${thrown.message} (${thrown.code})`;
  const [, code, advice] = ADVICE.find(([prefix]) => thrown.code.startsWith(prefix)) ?? [];
  // A broken constraint or a wrong statement is a defect of ours, not trouble with the file.
  if (code === undefined) return new DarkserverError('internal', what, { cause: thrown });
  return new DarkserverError(code, `${what}; ${advice ?? ''}`, { cause: thrown });
}
