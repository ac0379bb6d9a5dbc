import type { Statement } from 'better-sqlite3';
import { firstFileKey } from './file-rows.ts';
import type { Database } from './open.ts';

/** How many files of an RPM or archive are in the index. */
export class FileCounts {
  readonly #last: Statement<[number, number], number | null>;

  constructor(db: Database) {
    this.#last = db
      .prepare<[number, number], number | null>(
        'SELECT max(file_key) FROM file WHERE file_key >= ? AND file_key < ?',
      )
      .pluck();
  }

  /** Files are numbered without gaps, so the last one tells: counting those of a kernel would take long. */
  of(holderKey: number): number {
    const first = firstFileKey(holderKey);
    const last = this.#last.get(first, firstFileKey(holderKey + 1)) ?? null;
    return last === null ? 0 : last - first + 1;
  }
}
