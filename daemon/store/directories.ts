import type { Statement } from 'better-sqlite3';
import type { Database } from './open.ts';

/** Paths remembered in each direction; at some 100 bytes each this is a few megabytes. */
const REMEMBERED = 20_000;

/** A file, or a directory in its parent: the key of 0 is for what has no "/" before its name. */
export interface Place {
  readonly directoryKey: number;
  readonly name: string;
}

type Make = (parentKey: number, name: string) => number | null;

/** Rows of the directory tree: a path's key, a key's path. */
export class Directories {
  readonly #select: Statement<[number, string], number>;
  readonly #insert: Statement<[number, string]>;
  readonly #selectRow: Statement<[number], { parent_key: number; name: string }>;
  readonly #keys = new Map<string, number>();
  readonly #paths = new Map<number, string>();
  /** Files come sorted by directory, and to compare two paths costs less than to look one up. */
  #last: { readonly path: string; readonly key: number } | null = null;

  constructor(db: Database) {
    this.#select = db
      .prepare<[number, string], number>(
        'SELECT directory_key FROM directory WHERE parent_key = ? AND name = ?',
      )
      .pluck();
    this.#insert = db.prepare('INSERT INTO directory (parent_key, name) VALUES (?, ?)');
    this.#selectRow = db.prepare('SELECT parent_key, name FROM directory WHERE directory_key = ?');
  }

  /** Where a file is, null if nothing was ever stored in that directory. */
  find(path: string): Place | null {
    return this.#place(path, () => null);
  }

  /**
   * Where a file is. Makes the directories that are missing, so it belongs in a transaction of the caller's;
   * if that fails, call forget().
   */
  findOrMake(path: string): Place {
    const place = this.#place(path, (parent, name) => Number(this.#insert.run(parent, name).lastInsertRowid));
    if (place === null) throw new Error(`no directory was made for ${path}`);
    return place;
  }

  /** The path of a file. */
  pathOf({ directoryKey, name }: Place): string {
    return directoryKey === 0 ? name : `${this.#directoryOf(directoryKey)}/${name}`;
  }

  /** A rolled back transaction takes its rows with it, and their keys are given to others. */
  forget(): void {
    this.#keys.clear();
    this.#last = null;
  }

  #place(path: string, make: Make): Place | null {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (slash === -1) return { directoryKey: 0, name };
    const last = this.#last;
    if (last?.path.length === slash && path.startsWith(last.path)) return { directoryKey: last.key, name };
    const directory = path.slice(0, slash);
    const directoryKey = this.#keyOf(directory, make);
    if (directoryKey === null) return null;
    this.#last = { path: directory, key: directoryKey };
    return { directoryKey, name };
  }

  /** Up to the nearest directory that is known, and down from there: a path may have thousands of components. */
  #keyOf(path: string, make: Make): number | null {
    const unknown: string[] = [];
    let key = this.#keys.get(path);
    for (let directory = path; key === undefined;) {
      unknown.push(directory);
      const slash = directory.lastIndexOf('/');
      directory = directory.slice(0, Math.max(slash, 0));
      key = slash === -1 ? 0 : this.#keys.get(directory);
    }
    for (const directory of unknown.reverse()) {
      const name = directory.slice(directory.lastIndexOf('/') + 1);
      const made: number | null = this.#select.get(key, name) ?? make(key, name);
      if (made === null) return null;
      key = made;
      if (this.#keys.size >= REMEMBERED) this.#keys.clear();
      this.#keys.set(directory, key);
    }
    return key;
  }

  #directoryOf(key: number): string {
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const row = this.#selectRow.get(key);
    if (row === undefined) throw new Error(`there is no directory ${key}`);
    const path = this.pathOf({ directoryKey: row.parent_key, name: row.name });
    if (this.#paths.size >= REMEMBERED) this.#paths.clear();
    this.#paths.set(key, path);
    return path;
  }
}
