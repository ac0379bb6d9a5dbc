import type { Statement } from 'better-sqlite3';
import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiRpmId } from '../../shared/koji.ts';
import type { Place } from './directories.ts';
import { decodeHash, encodeHash } from './hashes.ts';
import type { Database } from './open.ts';
import type { IndexedRpm, RpmFacts } from './types.ts';

type FactColumns = [
  name: string,
  epoch: number | null,
  version: string,
  release: string,
  arch: string,
  size: number,
  payloadHash: Buffer | string | null,
  buildTime: number | null,
  contentSize: number | null,
];

/** Why an RPM or an archive could not be read. */
export interface ReadError {
  readonly error: ErrorCode;
  readonly message: string;
}

function encodePayloadHash(payloadHash: string | null): Buffer | string | null {
  return payloadHash === null ? null : encodeHash(payloadHash);
}

export function decodePayloadHash(stored: Buffer | string | null): string | null {
  return stored === null ? null : decodeHash(stored);
}

function factColumns(rpm: RpmFacts): FactColumns {
  const { name, epoch, version, release, arch, size, payloadHash, buildTime, contentSize } = rpm;
  return [name, epoch, version, release, arch, size, encodePayloadHash(payloadHash), buildTime, contentSize];
}

/** Writes the rows of table rpm. */
export class RpmRows {
  readonly #insert: Statement<[number, KojiRpmId, ...FactColumns, ErrorCode | null, string | null]>;
  readonly #insertLocal: Statement<[number, string, ...FactColumns]>;
  readonly #selectLocal: Statement<[number, string], number>;
  readonly #selectOfBuild: Statement<[number], { koji_rpm_id: KojiRpmId; rpm_key: number }>;
  readonly #update: Statement<[...FactColumns, number]>;
  readonly #setError: Statement<[ErrorCode | null, string | null, number]>;
  readonly #supersede: Statement<[number]>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT INTO rpm (build_key, koji_rpm_id,
         name, epoch, version, release, arch, size, payload_hash, build_time, content_size,
         error_code, error_message)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertLocal = db.prepare(
      `INSERT INTO rpm (local_directory_key, local_name,
         name, epoch, version, release, arch, size, payload_hash, build_time, content_size)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#selectLocal = db
      .prepare<[number, string], number>(
        'SELECT rpm_key FROM rpm WHERE build_key IS NULL AND local_directory_key = ? AND local_name = ?',
      )
      .pluck();
    this.#selectOfBuild = db.prepare('SELECT koji_rpm_id, rpm_key FROM rpm WHERE build_key = ?');
    this.#update = db.prepare(
      `UPDATE rpm SET name = ?, epoch = ?, version = ?, release = ?, arch = ?, size = ?, payload_hash = ?,
         build_time = ?, content_size = ifnull(?, content_size), superseded = 0
       WHERE rpm_key = ?`,
    );
    this.#setError = db.prepare('UPDATE rpm SET error_code = ?, error_message = ? WHERE rpm_key = ?');
    this.#supersede = db.prepare('UPDATE rpm SET superseded = 1 WHERE rpm_key = ? AND superseded = 0');
  }

  insert(buildKey: number, rpm: IndexedRpm, error: ReadError | null): number {
    const row = [...factColumns(rpm), error?.error ?? null, error?.message ?? null] as const;
    return Number(this.#insert.run(buildKey, rpm.kojiRpmId, ...row).lastInsertRowid);
  }

  insertLocal({ directoryKey, name }: Place, rpm: RpmFacts): number {
    return Number(this.#insertLocal.run(directoryKey, name, ...factColumns(rpm)).lastInsertRowid);
  }

  findLocal({ directoryKey, name }: Place): number | null {
    return this.#selectLocal.get(directoryKey, name) ?? null;
  }

  /** All RPMs that the build has or had. */
  keysOfBuild(buildKey: number): Map<KojiRpmId, number> {
    return new Map(this.#selectOfBuild.all(buildKey).map((row) => [row.koji_rpm_id, row.rpm_key]));
  }

  /** Takes over an RPM's facts; "keep" leaves the error that it had. */
  update(rpmKey: number, rpm: RpmFacts, error: ReadError | null | 'keep'): void {
    this.#update.run(...factColumns(rpm), rpmKey);
    if (error !== 'keep') this.#setError.run(error?.error ?? null, error?.message ?? null, rpmKey);
  }

  supersede(rpmKey: number): void {
    this.#supersede.run(rpmKey);
  }
}
