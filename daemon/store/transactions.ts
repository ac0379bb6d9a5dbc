import type { Database } from './open.ts';

/**
 * Makes a function that runs its argument in a transaction which takes the write lock at once: one that
 * reads first and asks for the lock later fails if another process has written in between.
 */
export function immediateTransaction(db: Database): (work: () => void) => void {
  const transaction = db.transaction((work: () => void) => {
    work();
  });
  return (work) => {
    transaction.immediate(work);
  };
}

/** Makes a function that runs its argument, all of whose reads see the database as it is at one moment. */
export function snapshots(db: Database): <T>(read: () => T) => T {
  const transaction = db.transaction((read: () => unknown) => read());
  return <T>(read: () => T) => transaction(read) as T;
}

/**
 * Runs a transaction whose commit is on the disk when this returns. All others only reach the log in order
 * (synchronous = NORMAL): after a power failure the database is as it was after some earlier commit, and the
 * queue, being part of it, still has the jobs of whatever is missing. So syncing is for promises alone.
 */
export function durably<T>(db: Database, transaction: () => T): T {
  // Not db.pragma, which makes a statement each time (see kept.ts).
  db.exec('PRAGMA synchronous = FULL');
  try {
    return transaction();
  } finally {
    db.exec('PRAGMA synchronous = NORMAL');
  }
}
