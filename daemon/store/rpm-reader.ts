import type { Statement } from 'better-sqlite3';
import type { ErrorCode } from '../../shared/errors.ts';
import { BUILD_STATES, type KojiBuildId, type KojiRpmId } from '../../shared/koji.ts';
import type { Instances } from './instances.ts';
import type { Database } from './open.ts';
import { decodePayloadHash } from './rpm-rows.ts';
import type { StoredBuild, StoredRpm } from './types.ts';

interface BuildRow {
  instance_key: number;
  koji_build_id: KojiBuildId;
  name: string;
  epoch: number | null;
  version: string;
  release: string;
  state: number;
  draft: number;
  volume: string;
  completed_at: number | null;
  indexed_at: number;
}

interface RpmRow {
  build_key: number | null;
  koji_rpm_id: KojiRpmId | null;
  name: string;
  epoch: number | null;
  version: string;
  release: string;
  arch: string;
  size: number;
  payload_hash: Buffer | string | null;
  superseded: number;
  error_code: ErrorCode | null;
  error_message: string | null;
  local_path: string | null;
}

/** RPMs and builds already read for one answer: a core's modules share them, an RPM's files all do. */
export class Seen {
  readonly rpms = new Map<number, StoredRpm>();
  readonly builds = new Map<number, StoredBuild>();
}

/** Rows of rpm and build as the interfaces have them. */
export class RpmReader {
  readonly #instances: Instances;
  readonly #selectBuild: Statement<[number], BuildRow>;
  readonly #selectRpm: Statement<[number], RpmRow>;

  constructor(db: Database, instances: Instances) {
    this.#instances = instances;
    this.#selectBuild = db.prepare(
      `SELECT instance_key, koji_build_id, name, epoch, version, release, state, draft, volume, completed_at,
         indexed_at
       FROM build WHERE build_key = ?`,
    );
    this.#selectRpm = db.prepare(
      `SELECT build_key, koji_rpm_id, name, epoch, version, release, arch, size, payload_hash, superseded,
         error_code, error_message, local_path
       FROM rpm WHERE rpm_key = ?`,
    );
  }

  rpm(rpmKey: number, seen: Seen): StoredRpm {
    const known = seen.rpms.get(rpmKey);
    if (known !== undefined) return known;
    const row = this.#selectRpm.get(rpmKey);
    if (row === undefined) throw new Error(`there is no rpm ${rpmKey}`);
    const rpm: StoredRpm = {
      kojiRpmId: row.koji_rpm_id,
      name: row.name,
      epoch: row.epoch,
      version: row.version,
      release: row.release,
      arch: row.arch,
      size: row.size,
      payloadHash: decodePayloadHash(row.payload_hash),
      build: row.build_key === null ? null : this.build(row.build_key, seen),
      superseded: row.superseded === 1,
      localPath: row.local_path,
      error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    };
    seen.rpms.set(rpmKey, rpm);
    return rpm;
  }

  build(buildKey: number, seen: Seen): StoredBuild {
    const known = seen.builds.get(buildKey);
    if (known !== undefined) return known;
    const row = this.#selectBuild.get(buildKey);
    const state = BUILD_STATES[row?.state ?? -1];
    if (row === undefined || state === undefined) throw new Error(`there is no build ${buildKey}`);
    const build: StoredBuild = {
      instance: this.#instances.nameOf(row.instance_key),
      kojiBuildId: row.koji_build_id,
      name: row.name,
      epoch: row.epoch,
      version: row.version,
      release: row.release,
      state,
      draft: row.draft === 1,
      volume: row.volume,
      completedAt: row.completed_at,
      indexedAt: row.indexed_at,
    };
    seen.builds.set(buildKey, build);
    return build;
  }
}
