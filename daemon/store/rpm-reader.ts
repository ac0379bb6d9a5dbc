import type { Statement } from 'better-sqlite3';
import type { ErrorCode } from '../../shared/errors.ts';
import { BUILD_STATES, type KojiBuildId, type KojiRpmId } from '../../shared/koji.ts';
import type { Directories } from './directories.ts';
import { hashInSql } from './hashes.ts';
import type { Instances } from './instances.ts';
import type { Database } from './open.ts';
import { SignedCopies } from './signed-copies.ts';
import type { StoredArchive, StoredBuild, StoredRpm } from './types.ts';

/** Rows are read as arrays, which the driver makes in two thirds of the time that it needs for objects. */
type BuildColumns = [
  instance_key: number,
  koji_build_id: KojiBuildId,
  name: string,
  epoch: number | null,
  version: string,
  release: string,
  state: number,
  draft: number,
  volume: string,
  indexed_at: number,
];

type BuildRow = [...BuildColumns, completed_at: number | null];

/** The row of RPM_COLUMNS. */
export type RpmColumns = [
  build_key: number | null,
  koji_rpm_id: KojiRpmId | null,
  name: string,
  epoch: number | null,
  version: string,
  release: string,
  arch: string,
  size: number,
  payload_hash: string | null,
  build_time: number | null,
  content_size: number | null,
  signed: number,
  superseded: number,
  error_code: ErrorCode | null,
  error_message: string | null,
  local_directory_key: number | null,
  local_name: string | null,
  ...build: BuildColumns,
];

/** What was already read for one answer: a core's modules share RPMs and builds, an RPM's files all do. */
export class Seen {
  readonly rpms = new Map<number, StoredRpm>();
  readonly archives = new Map<number, StoredArchive>();
  readonly builds = new Map<number, StoredBuild>();
}

const BUILD_COLUMNS = `instance_key, koji_build_id, build.name, build.epoch, build.version, build.release, state, draft,
  volume, indexed_at`;

/**
 * What RpmReader.fromRow takes, but for completed_at, which follows it. Both tables at once: nearly every answer
 * needs both, and a statement costs as much as some columns more.
 */
export const RPM_COLUMNS = `rpm.build_key, koji_rpm_id, rpm.name, rpm.epoch, rpm.version, rpm.release, arch, size,
  ${hashInSql('payload_hash')}, build_time, content_size, signed, superseded, error_code, error_message,
  local_directory_key, local_name, ${BUILD_COLUMNS}`;

type RpmRow = [...RpmColumns, completed_at: number | null];

/** Rows of rpm and build as the interfaces have them. */
export class RpmReader {
  readonly #instances: Instances;
  readonly #directories: Directories;
  readonly #signedCopies: SignedCopies;
  readonly #selectBuild: Statement<[number], BuildRow>;
  readonly #selectRpm: Statement<[number], RpmRow>;

  constructor(db: Database, instances: Instances, directories: Directories) {
    this.#instances = instances;
    this.#directories = directories;
    this.#signedCopies = new SignedCopies(db);
    this.#selectBuild = db
      .prepare<[number], BuildRow>(`SELECT ${BUILD_COLUMNS}, completed_at FROM build WHERE build_key = ?`)
      .raw();
    this.#selectRpm = db
      .prepare<[number], RpmRow>(
        `SELECT ${RPM_COLUMNS}, completed_at
         FROM rpm LEFT JOIN build ON build.build_key = rpm.build_key WHERE rpm_key = ?`,
      )
      .raw();
  }

  rpm(rpmKey: number, seen: Seen): StoredRpm {
    const known = seen.rpms.get(rpmKey);
    if (known !== undefined) return known;
    const row = this.#selectRpm.get(rpmKey);
    if (row === undefined) throw new Error(`there is no rpm ${rpmKey}`);
    return this.fromRow(rpmKey, row, seen);
  }

  /** Of a row that was read together with others. */
  fromRow(rpmKey: number, row: RpmRow, seen: Seen): StoredRpm {
    const known = seen.rpms.get(rpmKey);
    if (known !== undefined) return known;
    const [buildKey, kojiRpmId, name, epoch, version, release, arch, size, payloadHash] = row;
    const [, , , , , , , , , buildTime, contentSize, signed, superseded, errorCode, errorMessage] = row;
    const [, , , , , , , , , , , , , , , directoryKey, localName, ...build] = row;
    const rpm: StoredRpm = {
      kojiRpmId,
      name,
      epoch,
      version,
      release,
      arch,
      size,
      payloadHash,
      buildTime,
      contentSize,
      build: buildKey === null ? null : this.#remembered(buildKey, build, seen),
      superseded: superseded === 1,
      signedCopies: signed === 1 ? this.#signedCopies.ofRpm(rpmKey) : [],
      localPath:
        directoryKey === null || localName === null
          ? null
          : this.#directories.pathOf({ directoryKey, name: localName }),
      error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    };
    seen.rpms.set(rpmKey, rpm);
    return rpm;
  }

  build(buildKey: number, seen: Seen): StoredBuild {
    const known = seen.builds.get(buildKey);
    if (known !== undefined) return known;
    const row = this.#selectBuild.get(buildKey);
    if (row === undefined) throw new Error(`there is no build ${buildKey}`);
    return this.#remembered(buildKey, row, seen);
  }

  #remembered(buildKey: number, row: BuildRow, seen: Seen): StoredBuild {
    const known = seen.builds.get(buildKey);
    if (known !== undefined) return known;
    const [instanceKey, kojiBuildId, name, epoch, version, release, stateNumber, draft, volume] = row;
    const [, , , , , , , , , indexedAt, completedAt] = row;
    const state = BUILD_STATES[stateNumber];
    if (state === undefined) throw new Error(`state ${stateNumber} of build ${buildKey}`);
    const build: StoredBuild = {
      instance: this.#instances.nameOf(instanceKey),
      kojiBuildId,
      name,
      epoch,
      version,
      release,
      state,
      draft: draft === 1,
      volume,
      completedAt,
      indexedAt,
    };
    seen.builds.set(buildKey, build);
    return build;
  }
}
