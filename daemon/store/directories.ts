import type { Statement } from 'better-sqlite3';
import type { Database } from './open.ts';

/** Paths remembered in each direction; at some 100 bytes each this is a few megabytes. */
const REMEMBERED = 20_000;

/** Rows of the directory tree: a path's key, a key's path. */
export class Directories {
  readonly #select: Statement<[number, string], number>;
  readonly #insert: Statement<[number, string]>;
  readonly #selectRow: Statement<[number], { parent_key: number; name: string }>;
  readonly #keys = new Map<string, number>();
  readonly #paths = new Map<number, string>();

  constructor(db: Database) {
    this.#select = db
      .prepare<[number, string], number>(
        'SELECT directory_key FROM directory WHERE parent_key = ? AND name = ?',
      )
      .pluck();
    this.#insert = db.prepare('INSERT INTO directory (parent_key, name) VALUES (?, ?)');
    this.#selectRow = db.prepare('SELECT parent_key, name FROM directory WHERE directory_key = ?');
  }

  /**
   * The key of a path without its last component: "/usr/bin" for "/usr/bin/ls", "" for "/ls". Makes the rows
   * that are missing, so it belongs in a transaction of the caller's; if that fails, call forget().
   */
  findOrMake(path: string): number {
    const known = this.#keys.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const parent = slash === -1 ? 0 : this.findOrMake(path.slice(0, slash));
    const name = path.slice(slash + 1);
    const key = this.#select.get(parent, name) ?? Number(this.#insert.run(parent, name).lastInsertRowid);
    if (this.#keys.size >= REMEMBERED) this.#keys.clear();
    this.#keys.set(path, key);
    return key;
  }

  /** The path of a key other than 0. */
  pathOf(key: number): string {
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const row = this.#selectRow.get(key);
    if (row === undefined) throw new Error(`there is no directory ${key}`);
    const path = row.parent_key === 0 ? row.name : `${this.pathOf(row.parent_key)}/${row.name}`;
    if (this.#paths.size >= REMEMBERED) this.#paths.clear();
    this.#paths.set(key, path);
    return path;
  }

  /** A rolled back transaction takes its rows with it, and their keys are given to others. */
  forget(): void {
    this.#keys.clear();
    this.#paths.clear();
  }
}
