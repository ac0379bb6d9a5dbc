import { BUSY_MILLISECONDS, type Database } from './open.ts';

/** How long nothing must have been written. */
const QUIET_MILLISECONDS = 2000;

/**
 * Empties the write-ahead log once writing has paused: a log of many megabytes beside a small database is
 * needed only while much is written, and moving it costs nobody anything now.
 */
export class QuietCheckpoint {
  readonly #db: Database;
  readonly #quiet: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(db: Database, quiet = QUIET_MILLISECONDS) {
    this.#db = db;
    this.#quiet = quiet;
  }

  written(): void {
    if (this.#timer !== null) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#checkpoint();
    }, this.#quiet);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #checkpoint(): void {
    try {
      // Another process that reads or writes just now is no reason to wait: there will be a next pause.
      this.#db.exec('PRAGMA busy_timeout = 0');
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // What is wrong with the disk is said by the next transaction, to somebody who can act on it.
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS}`);
    }
  }
}
