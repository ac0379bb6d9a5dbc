import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DarkserverError } from '../../shared/errors.ts';
import { kept } from './kept.ts';
import { type Database, openDatabaseForReading } from './open.ts';
import { connectSqlite } from './sqlite.ts';
import { toStoreError } from './store-error.ts';

/** Pages (of 2 KiB) between two looks at who else wants something: a signal, the progress bar. */
const PAGES_AT_ONCE = 512;

export interface BackupOptions {
  /** Replaces `target` where it exists. */
  readonly overwrite: boolean;
  /** Called often, with bytes. */
  readonly copied: (bytes: number, ofBytes: number) => void;
  /** Called once, when all is copied: the check takes about as long again, and stops the thread for it. */
  readonly checking: () => void;
}

/**
 * Copies the database as it is at one moment, while others read and write it, and returns the bytes of the
 * copy. The copy is one file, made under another name beside `target` and renamed when SQLite's
 * integrity_check has found no fault in it and it is on the disk.
 *
 * Nobody waits for this: it holds one read transaction of the write-ahead log. That is what makes it end, too:
 * without, SQLite begins a copy anew whenever another connection has written. Meanwhile the log cannot be
 * emptied and grows by what is written; that is given back afterwards.
 *
 * Throws `usage` for a target that cannot be one, `store` for a full disk, a damaged database and the like,
 * and as openDatabaseForReading does. Nothing is left of a copy that failed.
 */
export async function backUpDatabase(path: string, target: string, options: BackupOptions): Promise<number> {
  const file = resolve(target);
  requireTarget(resolve(path), file, options.overwrite);
  removePartsOfTheDead(file);
  const part = `${file}.${process.pid}.part`;
  try {
    await copy(path, part, options);
    options.checking();
    check(part);
    sync(part);
    renameSync(part, file);
    sync(dirname(file));
    return statSync(file).size;
  } catch (thrown) {
    throw toStoreError(file, thrown);
  } finally {
    removePart(part);
  }
}

/** What a copy that was broken off by a signal leaves; also from a signal handler. */
export function removePartOf(target: string): void {
  removePart(`${resolve(target)}.${process.pid}.part`);
}

function requireTarget(path: string, file: string, overwrite: boolean): void {
  if ([path, `${path}-wal`, `${path}-shm`].includes(file))
    throw new DarkserverError('usage', `${file} is the database itself: give its copy another name`);
  if (!existsSync(dirname(file)))
    throw new DarkserverError('usage', `cannot write ${file}: make the directory ${dirname(file)} first`);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile())
    throw new DarkserverError('usage', `${file} is not a file: give the name that the copy shall have`);
  if (found !== undefined && !overwrite)
    throw new DarkserverError('usage', `${file} exists already: --force replaces it`);
}

async function copy(path: string, part: string, { copied }: BackupOptions): Promise<void> {
  const db = openDatabaseForReading(path);
  try {
    db.exec('BEGIN');
    const bytes = snapshotBytes(db);
    requireRoom(part, bytes);
    await db.backup(part, {
      progress: ({ totalPages, remainingPages }) => {
        copied((bytes * (totalPages - remainingPages)) / totalPages, bytes);
        return PAGES_AT_ONCE;
      },
    });
  } finally {
    db.close();
  }
}

/** The first read makes the snapshot. */
function snapshotBytes(db: Database): number {
  const bytes = kept(
    db.prepare<[], number>('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size').pluck(),
  );
  return bytes.get() ?? 0;
}

/** Better said before than after an hour of copying. */
function requireRoom(part: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(part));
  if (bavail * bsize >= bytes) return;
  throw new DarkserverError(
    'store',
    `no room for the copy in ${dirname(part)}: it takes ${bytes} bytes, and ${bavail * bsize} are free`,
  );
}

function check(part: string): void {
  const db = connectSqlite(part);
  try {
    // One file without a log beside it, which can be moved, and read where nothing can be written.
    db.exec('PRAGMA journal_mode = DELETE');
    const faults = kept(db.prepare<[], string>('PRAGMA integrity_check(10)').pluck()).all();
    if (faults.length === 1 && faults[0] === 'ok') return;
    throw new DarkserverError(
      'store',
      `the copy is damaged, and so is the database, it seems: ${faults.join('; ')}; keep the last backup`,
    );
  } finally {
    db.close();
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removePart(part: string): void {
  for (const name of [part, `${part}-journal`]) rmSync(name, { force: true });
}

/** Of processes that were killed; each is as large as the database. */
function removePartsOfTheDead(file: string): void {
  const prefix = `${basename(file)}.`;
  for (const name of readdirSync(dirname(file))) {
    const pid = name.startsWith(prefix) && /^(\d+)\.part$/.exec(name.slice(prefix.length))?.[1];
    if (pid && !lives(Number(pid))) removePart(join(dirname(file), name));
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
