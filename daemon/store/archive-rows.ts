import type { Statement } from 'better-sqlite3';
import type { ErrorCode } from '../../shared/errors.ts';
import { CHECKSUM_TYPES } from '../../shared/koji.ts';
import type { KojiArchiveFacts, KojiArchiveId } from '../../shared/koji.ts';
import { encodeHash } from './hashes.ts';
import type { Database } from './open.ts';
import type { ReadError } from './rpm-rows.ts';
import type { IndexedArchive } from './types.ts';

type FactColumns = [
  filename: string,
  directory: string,
  type: string,
  btype: string,
  arch: string | null,
  size: number,
  checksum: Buffer | string,
  checksumType: number | null,
];

function factColumns(facts: KojiArchiveFacts): FactColumns {
  const { filename, directory, type, btype, arch, size, checksum, checksumType } = facts;
  const typeNumber = checksumType === null ? null : CHECKSUM_TYPES.indexOf(checksumType);
  return [filename, directory, type, btype, arch, size, encodeHash(checksum), typeNumber];
}

/** Writes the rows of table archive. */
export class ArchiveRows {
  readonly #insert: Statement<[number, KojiArchiveId, ...FactColumns, ErrorCode | null, string | null]>;
  readonly #selectOfBuild: Statement<[number], { koji_archive_id: KojiArchiveId; archive_key: number }>;
  readonly #update: Statement<[...FactColumns, number]>;
  readonly #setError: Statement<[ErrorCode | null, string | null, number]>;
  readonly #supersede: Statement<[number]>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT INTO archive (archive_key, build_key, koji_archive_id,
         filename, directory, type, btype, arch, size, checksum, checksum_type, error_code, error_message)
       VALUES ((SELECT coalesce(min(archive_key), 0) - 1 FROM archive), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#selectOfBuild = db.prepare('SELECT koji_archive_id, archive_key FROM archive WHERE build_key = ?');
    this.#update = db.prepare(
      `UPDATE archive SET filename = ?, directory = ?, type = ?, btype = ?, arch = ?, size = ?, checksum = ?,
         checksum_type = ?, superseded = 0
       WHERE archive_key = ?`,
    );
    this.#setError = db.prepare('UPDATE archive SET error_code = ?, error_message = ? WHERE archive_key = ?');
    this.#supersede = db.prepare(
      'UPDATE archive SET superseded = 1 WHERE archive_key = ? AND superseded = 0',
    );
  }

  insert(buildKey: number, archive: IndexedArchive, error: ReadError | null): number {
    const row = [...factColumns(archive), error?.error ?? null, error?.message ?? null] as const;
    return Number(this.#insert.run(buildKey, archive.kojiArchiveId, ...row).lastInsertRowid);
  }

  /** All archives that the build has or had. */
  keysOfBuild(buildKey: number): Map<KojiArchiveId, number> {
    return new Map(this.#selectOfBuild.all(buildKey).map((row) => [row.koji_archive_id, row.archive_key]));
  }

  /** Takes over an archive's facts; "keep" leaves the error that it had. */
  update(archiveKey: number, archive: KojiArchiveFacts, error: ReadError | null | 'keep'): void {
    this.#update.run(...factColumns(archive), archiveKey);
    if (error !== 'keep') this.#setError.run(error?.error ?? null, error?.message ?? null, archiveKey);
  }

  supersede(archiveKey: number): void {
    this.#supersede.run(archiveKey);
  }
}
