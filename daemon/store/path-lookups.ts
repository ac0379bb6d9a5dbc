import type { Statement } from 'better-sqlite3';
import type { BuildId } from '../../shared/build-id.ts';
import type { ArchiveReader } from './archive-reader.ts';
import type { Directories, Place } from './directories.ts';
import { type FileRow, fileOfRow, holderKeyOf } from './file-rows.ts';
import type { Page } from './lookup-types.ts';
import type { Database } from './open.ts';
import { requireLimit } from './pages.ts';
import { type RpmReader, Seen } from './rpm-reader.ts';
import { snapshots } from './transactions.ts';
import type { StoredMatch } from './types.ts';

type PathRow = [build_id: Buffer, ...FileRow];

/**
 * Entries of the index that one page looks at. Some paths share a number by chance; a package could be made
 * whose paths all do.
 */
const LOOKED_AT = 5000;

/** What file_by_path is an index of, as schema.sql has it: another expression would not find the index. */
const PATH_NUMBER = `(directory_key % 1024) * 16384 - 8388608
  + ifnull((length(name) * 7919 + unicode(name) * 131 + unicode(substr(name, -4)) * 3571
            + unicode(substr(name, -8)) * 9973 + unicode(substr(name, -14)) * 12497) % 16381, 0)`;

/** Files by their paths. */
export class PathLookups {
  readonly #rpms: RpmReader;
  readonly #archives: ArchiveReader;
  readonly #directories: Directories;
  readonly #snapshot: <T>(read: () => T) => T;
  readonly #newest: Statement<[], PathRow>;
  readonly #number: Statement<[number, string], number>;
  readonly #keyBehind: Statement<[number, number], number>;
  readonly #rowsAt: Statement<[number, number, number, number, string, number], PathRow>;

  constructor(db: Database, parts: { rpms: RpmReader; archives: ArchiveReader; directories: Directories }) {
    this.#rpms = parts.rpms;
    this.#archives = parts.archives;
    this.#directories = parts.directories;
    this.#snapshot = snapshots(db);
    this.#newest = db
      .prepare<[], PathRow>(
        `SELECT build_id, file_key, kind_evidence, directory_key, name FROM file
         WHERE file_key > 0 ORDER BY file_key DESC LIMIT 1`,
      )
      .raw();
    this.#number = db
      .prepare<[number, string], number>(
        `WITH place (directory_key, name) AS (VALUES (?, ?)) SELECT ${PATH_NUMBER} FROM place`,
      )
      .pluck();
    this.#keyBehind = db
      .prepare<[number, number], number>(
        `SELECT file_key FROM file INDEXED BY file_by_path WHERE ${PATH_NUMBER} = ? AND file_key < ?
         ORDER BY file_key DESC LIMIT 1 OFFSET ${LOOKED_AT}`,
      )
      .pluck();
    this.#rowsAt = db
      .prepare<[number, number, number, number, string, number], PathRow>(
        `SELECT build_id, file_key, kind_evidence, directory_key, name FROM file INDEXED BY file_by_path
         WHERE ${PATH_NUMBER} = ? AND file_key < ? AND file_key > ? AND directory_key = ? AND name = ?
         ORDER BY file_key DESC LIMIT ?`,
      )
      .raw();
  }

  newest(): StoredMatch | null {
    return this.#snapshot(() => {
      const row = this.#newest.get();
      return row === undefined ? null : this.#match(row, new Seen());
    });
  }

  byPath(path: string, { after, limit }: Page<number>): { matches: StoredMatch[]; next: number | null } {
    requireLimit(limit);
    return this.#snapshot(() => {
      const below = after ?? Number.MAX_SAFE_INTEGER;
      // What image layers hold is written without the first "/", and by people with it.
      const pages = [path, path.startsWith('/') ? path.slice(1) : `/${path}`].map((spelling) =>
        this.#page(this.#directories.find(spelling), below, limit + 1),
      );
      const above = Math.max(...pages.map((page) => page.above));
      const rows = pages
        .flatMap((page) => page.rows)
        .filter(([, fileKey]) => fileKey > above)
        .sort(([, a], [, b]) => b - a);
      const seen = new Seen();
      const matches = rows.slice(0, limit).map((row) => this.#match(row, seen));
      if (rows.length > limit) return { matches, next: rows[limit - 1]?.[1] ?? null };
      return { matches, next: above === -Infinity ? null : above + 1 };
    });
  }

  /** The next rows at a place, and above which key these are all that there are. */
  #page(place: Place | null, below: number, limit: number): { rows: PathRow[]; above: number } {
    if (place === null) return { rows: [], above: -Infinity };
    const { directoryKey, name } = place;
    const number = this.#number.get(directoryKey, name) ?? 0;
    const above = this.#keyBehind.get(number, below) ?? -Infinity;
    return { rows: this.#rowsAt.all(number, below, above, directoryKey, name, limit), above };
  }

  #match([bytes, ...row]: PathRow, seen: Seen): StoredMatch {
    const file = fileOfRow(row, bytes.toString('hex') as BuildId, this.#directories);
    const key = holderKeyOf(row[0]);
    return key < 0
      ? { file, archive: this.#archives.archive(key, seen) }
      : { file, rpm: this.#rpms.rpm(key, seen) };
  }
}
