import Sqlite from 'better-sqlite3';
import { Directories } from '../../daemon/store/directories.ts';
import { firstFileKey } from '../../daemon/store/file-rows.ts';
import { pathNumber } from '../../daemon/store/path-number.ts';
import type { IndexedRpm, StoredFile } from '../../daemon/store/types.ts';

/** RPMs of one transaction. */
const AT_ONCE = 5000;
/** kind + 2 * evidence: an executable, by its file class. */
const KIND_EVIDENCE = 0;

/** Writes rows of file in the order of their build-ids, and the index of paths when all are there. */
export class BulkRows {
  readonly #db: Sqlite.Database;
  readonly #directories: Directories;
  readonly #insert: Sqlite.Statement<[number, Buffer, number, number, number, string]>;
  readonly #indexSql: string;
  #waiting: IndexedRpm[] = [];

  constructor(path: string) {
    this.#db = new Sqlite(path);
    this.#db.pragma('synchronous = OFF');
    this.#db.pragma('cache_size = -65536');
    this.#directories = new Directories(this.#db);
    this.#insert = this.#db.prepare(
      `INSERT INTO file (file_key, build_id, kind_evidence, directory_key, path_number, name)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#indexSql =
      this.#db
        .prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'file_by_path'")
        .pluck()
        .get() ?? '';
    this.#db.exec('DROP INDEX file_by_path');
  }

  /** Their rpm_key must be their koji_rpm_id. */
  add(rpms: readonly IndexedRpm[]): void {
    this.#waiting.push(...rpms);
    if (this.#waiting.length >= AT_ONCE) this.#write();
  }

  close(): void {
    this.#write();
    this.#db.pragma('threads = 4');
    this.#db.exec(this.#indexSql);
    this.#db.close();
  }

  #write(): void {
    const rpms = this.#waiting;
    this.#waiting = [];
    this.#db.transaction(() => {
      let rows = 0;
      for (const { kojiRpmId, files } of rpms) {
        let fileKey = firstFileKey(kojiRpmId);
        for (const { path, buildId } of files as readonly StoredFile[]) {
          const place = this.#directories.findOrMake(path);
          const columns = [place.directoryKey, pathNumber(place), place.name] as const;
          this.#insert.run(fileKey++, Buffer.from(buildId, 'hex'), KIND_EVIDENCE, ...columns);
          rows++;
        }
      }
      this.#db.prepare('UPDATE total SET files = files + ?, build_ids = build_ids + ?').run(rows, rows);
    })();
  }
}
