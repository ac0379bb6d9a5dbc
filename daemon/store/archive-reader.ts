import type { Statement } from 'better-sqlite3';
import type { ErrorCode } from '../../shared/errors.ts';
import { CHECKSUM_TYPES } from '../../shared/koji.ts';
import type { KojiArchiveId, KojiBuildId } from '../../shared/koji.ts';
import { decodeHash } from './hashes.ts';
import type { Database } from './open.ts';
import type { RpmReader, Seen } from './rpm-reader.ts';
import type { KnownArchive, StoredArchive } from './types.ts';

interface ArchiveRow {
  build_key: number;
  koji_archive_id: KojiArchiveId;
  filename: string;
  directory: string;
  type: string;
  btype: string;
  arch: string | null;
  size: number;
  checksum: Buffer | string;
  checksum_type: number | null;
  superseded: number;
  error_code: ErrorCode | null;
  error_message: string | null;
}

const COLUMNS = `build_key, koji_archive_id, filename, directory, type, btype, arch, size, checksum, checksum_type,
  superseded, error_code, error_message`;

/** Rows of archive as the interfaces have them. */
export class ArchiveReader {
  readonly #builds: Pick<RpmReader, 'build'>;
  readonly #select: Statement<[number], ArchiveRow>;
  readonly #selectOfBuild: Statement<[number, KojiBuildId], ArchiveRow>;

  constructor(db: Database, builds: Pick<RpmReader, 'build'>) {
    this.#builds = builds;
    this.#select = db.prepare(`SELECT ${COLUMNS} FROM archive WHERE archive_key = ?`);
    this.#selectOfBuild = db.prepare(
      `SELECT ${COLUMNS} FROM archive
       WHERE build_key = (SELECT build_key FROM build WHERE instance_key = ? AND koji_build_id = ?)
       ORDER BY koji_archive_id`,
    );
  }

  archive(archiveKey: number, seen: Seen): StoredArchive {
    const known = seen.archives.get(archiveKey);
    if (known !== undefined) return known;
    const row = this.#select.get(archiveKey);
    if (row === undefined) throw new Error(`there is no archive ${archiveKey}`);
    const archive: StoredArchive = {
      ...identityOf(row),
      filename: row.filename,
      type: row.type,
      btype: row.btype,
      arch: row.arch,
      build: this.#builds.build(row.build_key, seen),
      superseded: row.superseded === 1,
      error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    };
    seen.archives.set(archiveKey, archive);
    return archive;
  }

  ofBuild(instanceKey: number, kojiBuildId: KojiBuildId): KnownArchive[] {
    return this.#selectOfBuild
      .all(instanceKey, kojiBuildId)
      .map((row) => ({ ...identityOf(row), indexed: row.error_code === null }));
  }
}

function identityOf(row: ArchiveRow) {
  return {
    kojiArchiveId: row.koji_archive_id,
    directory: row.directory,
    size: row.size,
    checksum: decodeHash(row.checksum),
    checksumType: CHECKSUM_TYPES[row.checksum_type ?? -1] ?? null,
  };
}
