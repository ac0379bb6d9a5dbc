import type { Statement } from 'better-sqlite3';
import type { Database } from './open.ts';

export interface TotalsRow {
  builds: number;
  rpms: number;
  files: number;
  build_ids: number;
}

/** How much there is: changes are gathered during a transaction and written at its end. */
export class Totals {
  readonly #select: Statement<[], TotalsRow>;
  readonly #update: Statement<[number, number, number, number]>;

  constructor(db: Database) {
    this.#select = db.prepare('SELECT builds, rpms, files, build_ids FROM total');
    this.#update = db.prepare(
      'UPDATE total SET builds = builds + ?, rpms = rpms + ?, files = files + ?, build_ids = build_ids + ?',
    );
  }

  read(): TotalsRow {
    const row = this.#select.get();
    if (row === undefined) throw new Error('the row of table total is gone');
    return row;
  }

  add(change: TotalsRow): void {
    this.#update.run(change.builds, change.rpms, change.files, change.build_ids);
  }
}
