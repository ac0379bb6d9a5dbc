import type { Statement } from 'better-sqlite3';
import type { BuildId } from '../../shared/build-id.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { Nvra } from '../../shared/nvr.ts';
import type { ArchiveReader } from './archive-reader.ts';
import type { Directories } from './directories.ts';
import {
  type FileRow,
  fileOfRow,
  firstFileKey,
  HOLDER_KEY,
  holderKeyOf,
  INDEXED_BYTES,
} from './file-rows.ts';
import type { Database } from './open.ts';
import { requireLimit } from './pages.ts';
import { compareMatches, compareRpms, compareText } from './rank.ts';
import { RPM_COLUMNS, type RpmColumns, type RpmReader, Seen } from './rpm-reader.ts';
import { snapshots } from './transactions.ts';
import type { Holder, StoredFile, StoredMatch, StoredRpm, StoredRpmMatch } from './types.ts';

/** Hex digits that a prefix needs at least: fewer would name thousands. */
const MIN_PREFIX_DIGITS = 8;

/** `asked`: place among the build-ids asked for. */
type AskedRow = [asked: number, ...file: FileRow, ...rpm: RpmColumns];

/** The questions that people ask the index. Each is answered from one moment's state. */
export class Lookups {
  readonly #rpms: RpmReader;
  readonly #archives: ArchiveReader;
  readonly #directories: Directories;
  readonly #snapshot: <T>(read: () => T) => T;
  readonly #filesOfBuildIds: Statement<[string], [json: string, completed_at: number | null]>;
  readonly #filesOfHolder: Statement<[number, number], [build_id: Buffer, ...FileRow]>;
  readonly #buildIdsOfRange: Statement<[Buffer, Buffer, Buffer, Buffer, number], Buffer>;
  readonly #rpmKeysOfNvra: Statement<[string, string, string, string], number>;
  readonly #rpmKeyFrom: Statement<[number], number>;
  readonly #archiveKeyFrom: Statement<[number], number>;
  readonly #lastKeys: Statement<[], { rpm: number; archive: number }>;

  constructor(db: Database, rpms: RpmReader, archives: ArchiveReader, directories: Directories) {
    this.#rpms = rpms;
    this.#archives = archives;
    this.#directories = directories;
    this.#snapshot = snapshots(db);
    // All of a core's in one statement, and a row in one string: half of what a row costs is to hand over its
    // columns one by one. A REAL loses digits in JSON.
    this.#filesOfBuildIds = db
      .prepare<[string], [string, number | null]>(
        `SELECT json_array(asked.key, file_key, kind_evidence, directory_key, file.name, ${RPM_COLUMNS}), completed_at
         FROM json_each(?) AS asked CROSS JOIN file INDEXED BY file_by_build_id
           ON substr(build_id, 1, 4) = unhex(substr(asked.value, 1, 8)) AND build_id = unhex(asked.value)
         LEFT JOIN rpm ON rpm_key = ${HOLDER_KEY}
         LEFT JOIN build ON build.build_key = rpm.build_key`,
      )
      .raw();
    this.#filesOfHolder = db
      .prepare<[number, number], [Buffer, ...FileRow]>(
        `SELECT build_id, file_key, kind_evidence, directory_key, name
         FROM file WHERE file_key >= ? AND file_key < ?`,
      )
      .raw();
    // In the index's order, so that the first ones are found without reading all that match.
    this.#buildIdsOfRange = db
      .prepare<[Buffer, Buffer, Buffer, Buffer, number], Buffer>(
        `SELECT DISTINCT build_id FROM file INDEXED BY file_by_build_id
         WHERE substr(build_id, 1, 4) BETWEEN ? AND ? AND build_id BETWEEN ? AND ?
         ORDER BY substr(build_id, 1, 4), build_id LIMIT ?`,
      )
      .pluck();
    this.#rpmKeysOfNvra = db
      .prepare<[string, string, string, string], number>(
        `SELECT rpm_key FROM rpm INDEXED BY rpm_by_name
         WHERE name = ? AND version = ? AND release = ? AND arch = ?`,
      )
      .pluck();
    this.#rpmKeyFrom = db
      .prepare<[number], number>('SELECT rpm_key FROM rpm WHERE rpm_key >= ? ORDER BY rpm_key LIMIT 1')
      .pluck();
    this.#archiveKeyFrom = db
      .prepare<[number], number>(
        'SELECT archive_key FROM archive WHERE archive_key <= ? ORDER BY archive_key DESC LIMIT 1',
      )
      .pluck();
    this.#lastKeys = db.prepare(
      `SELECT ifnull((SELECT max(rpm_key) FROM rpm), 0) AS rpm,
         ifnull((SELECT min(archive_key) FROM archive), 0) AS archive`,
    );
  }

  byBuildIds(buildIds: readonly BuildId[]): Map<BuildId, StoredMatch[]> {
    return this.#snapshot(() => {
      const distinct = [...new Set(buildIds)];
      const seen = new Seen();
      const found = new Map<BuildId, StoredMatch[]>();
      for (const [json, completedAt] of this.#filesOfBuildIds.all(JSON.stringify(distinct))) {
        const [asked, fileKey, kindEvidence, directoryKey, name, ...rpm] = JSON.parse(json) as AskedRow;
        const buildId = distinct[asked];
        if (buildId === undefined) throw new Error(`row ${asked} of ${distinct.length}`);
        const file = fileOfRow([fileKey, kindEvidence, directoryKey, name], buildId, this.#directories);
        const key = holderKeyOf(fileKey);
        const match =
          key < 0
            ? { file, archive: this.#archives.archive(key, seen) }
            : { file, rpm: this.#rpms.fromRow(key, [...rpm, completedAt], seen) };
        const others = found.get(buildId);
        if (others === undefined) found.set(buildId, [match]);
        else others.push(match);
      }
      for (const matches of found.values()) if (matches.length > 1) matches.sort(compareMatches);
      return found;
    });
  }

  buildIdsByPrefix(prefix: string, limit: number, after?: BuildId): BuildId[] {
    requireLimit(limit);
    if (prefix.length < MIN_PREFIX_DIGITS || !/^[0-9a-f]+$/.test(prefix)) {
      throw new DarkserverError(
        'bad_input',
        `"${prefix.slice(0, 140)}" is no prefix: give ${MIN_PREFIX_DIGITS} or more hex digits`,
      );
    }
    // Half a byte stands for the sixteen that begin with it.
    const first = Buffer.from(prefix.length % 2 === 0 ? prefix : `${prefix}0`, 'hex');
    const last = Buffer.alloc(first.length + 64, 0xff);
    last.set(prefix.length % 2 === 0 ? first : Buffer.from(`${prefix}f`, 'hex'));
    // What follows a build-id next begins with it, and has a zero more.
    const next = Buffer.from(after === undefined ? '' : `${after}00`, 'hex');
    const from = Buffer.compare(next, first) > 0 ? next : first;
    const range = [from.subarray(0, INDEXED_BYTES), last.subarray(0, INDEXED_BYTES), from, last] as const;
    return this.#buildIdsOfRange.all(...range, limit).map((bytes) => bytes.toString('hex') as BuildId);
  }

  rpmsByNvra(nvra: Nvra): StoredRpm[] {
    return this.#snapshot(() => {
      const seen = new Seen();
      return this.#keysOfNvra(nvra)
        .map((rpmKey) => this.#rpms.rpm(rpmKey, seen))
        .sort(compareRpms);
    });
  }

  byNvra(nvra: Nvra): StoredRpmMatch[] {
    return this.#snapshot(() => {
      const seen = new Seen();
      return this.#keysOfNvra(nvra)
        .map((rpmKey) => ({ rpmKey, rpm: this.#rpms.rpm(rpmKey, seen) }))
        .sort((a, b) => compareRpms(a.rpm, b.rpm))
        .flatMap(({ rpmKey, rpm }) => this.#files(rpmKey).map((file) => ({ file, rpm })));
    });
  }

  holderFrom(from: number): Holder | null {
    return this.#snapshot(() => {
      const rpmKey = from > 0 ? this.#rpmKeyFrom.get(from) : undefined;
      const holderKey = rpmKey ?? this.#archiveKeyFrom.get(from > 0 ? -1 : from);
      if (holderKey === undefined) return null;
      const files = this.#files(holderKey);
      return holderKey > 0
        ? { holderKey, rpm: this.#rpms.rpm(holderKey, new Seen()), files }
        : { holderKey, archive: this.#archives.archive(holderKey, new Seen()), files };
    });
  }

  lastHolderKeys(): { rpm: number; archive: number } {
    return this.#lastKeys.get() ?? { rpm: 0, archive: 0 };
  }

  #files(holderKey: number): StoredFile[] {
    return this.#filesOfHolder
      .all(firstFileKey(holderKey), firstFileKey(holderKey + 1))
      .map(([buildId, ...row]) => fileOfRow(row, buildId.toString('hex') as BuildId, this.#directories))
      .sort((a, b) => compareText(a.path, b.path));
  }

  #keysOfNvra({ name, version, release, arch }: Nvra): number[] {
    return this.#rpmKeysOfNvra.all(name, version, release, arch);
  }
}
