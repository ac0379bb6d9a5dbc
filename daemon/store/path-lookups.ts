import type { Statement } from 'better-sqlite3';
import type { BuildId } from '../../shared/build-id.ts';
import type { ArchiveReader } from './archive-reader.ts';
import type { Directories, Place } from './directories.ts';
import { type FileRow, fileOfRow, holderKeyOf } from './file-rows.ts';
import type { Page } from './lookup-types.ts';
import type { Database } from './open.ts';
import { requireLimit } from './pages.ts';
import { pathNumber } from './path-number.ts';
import { type RpmReader, Seen } from './rpm-reader.ts';
import { snapshots } from './transactions.ts';
import type { StoredMatch } from './types.ts';

type PathRow = [build_id: Buffer, ...FileRow];

/**
 * Entries of the index that one page looks at. Some paths share a number by chance; a package could be made
 * whose paths all do.
 */
const LOOKED_AT = 5000;

/** Files by their paths. */
export class PathLookups {
  readonly #rpms: RpmReader;
  readonly #archives: ArchiveReader;
  readonly #directories: Directories;
  readonly #snapshot: <T>(read: () => T) => T;
  readonly #newest: Statement<[], PathRow>;
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
    this.#keyBehind = db
      .prepare<[number, number], number>(
        `SELECT file_key FROM file INDEXED BY file_by_path WHERE path_number = ? AND file_key < ?
         ORDER BY file_key DESC LIMIT 1 OFFSET ${LOOKED_AT}`,
      )
      .pluck();
    this.#rowsAt = db
      .prepare<[number, number, number, number, string, number], PathRow>(
        `SELECT build_id, file_key, kind_evidence, directory_key, name FROM file INDEXED BY file_by_path
         WHERE path_number = ? AND file_key < ? AND file_key > ? AND directory_key = ? AND name = ?
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
    const number = pathNumber(place);
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
