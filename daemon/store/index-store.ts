import { statSync } from 'node:fs';
import type { Statement } from 'better-sqlite3';
import { BUILD_STATES, type KojiBuildId, type KojiRpmId } from '../../shared/koji.ts';
import { Directories } from './directories.ts';
import { IndexWriter } from './index-writer.ts';
import { ArchiveReader } from './archive-reader.ts';
import { BuildLookups } from './build-lookups.ts';
import type { Instances } from './instances.ts';
import { Lookups } from './lookups.ts';
import type { Database } from './open.ts';
import { PathLookups } from './path-lookups.ts';
import { RpmFileLookups } from './rpm-file-lookups.ts';
import { RpmReader, Seen } from './rpm-reader.ts';
import { decodePayloadHash } from './rpm-rows.ts';
import { Totals } from './totals.ts';
import type { IndexCounts, KnownArchive, KnownRpm, RpmFacts, StoredBuild } from './types.ts';

const COMPLETE = BUILD_STATES.indexOf('complete');

interface KnownRpmRow {
  koji_rpm_id: KojiRpmId;
  payload_hash: Buffer | string | null;
  size: number;
  indexed: number;
}

/** The index in SQLite; sqlite-store.ts makes an IndexStore of it. */
export class SqliteIndex {
  readonly writer: IndexWriter;
  readonly lookups: Lookups;
  readonly builds: BuildLookups;
  readonly paths: PathLookups;
  readonly rpmFiles: RpmFileLookups;
  readonly #path: string;
  readonly #instances: Instances;
  readonly #directories: Directories;
  readonly #rpms: RpmReader;
  readonly #archives: ArchiveReader;
  readonly #totals: Totals;
  readonly #selectBuildKey: Statement<[number, number], number>;
  readonly #selectKnownRpms: Statement<[number, number], KnownRpmRow>;
  readonly #selectIndexed: Statement<[number, string], KojiBuildId>;
  readonly #selectLocal: Statement<[number, string], Pick<KnownRpmRow, 'payload_hash' | 'size'>>;

  constructor(db: Database, path: string, instances: Instances, now: () => number) {
    this.#path = path;
    this.#instances = instances;
    this.#totals = new Totals(db);
    const directories = new Directories(db);
    this.#directories = directories;
    this.#rpms = new RpmReader(db, instances, directories);
    this.writer = new IndexWriter(db, { instances, directories, totals: this.#totals, now });
    this.#archives = new ArchiveReader(db, this.#rpms);
    this.lookups = new Lookups(db, this.#rpms, this.#archives, directories);
    const readers = { instances, directories, rpms: this.#rpms, archives: this.#archives };
    this.builds = new BuildLookups(db, readers);
    this.paths = new PathLookups(db, readers);
    this.rpmFiles = new RpmFileLookups(db, readers);
    this.#selectBuildKey = db
      .prepare<[number, number], number>(
        'SELECT build_key FROM build WHERE instance_key = ? AND koji_build_id = ?',
      )
      .pluck();
    this.#selectKnownRpms = db.prepare(
      `SELECT koji_rpm_id, payload_hash, size, error_code IS NULL AS indexed
       FROM rpm JOIN build USING (build_key)
       WHERE instance_key = ? AND koji_build_id = ?
       ORDER BY koji_rpm_id`,
    );
    this.#selectIndexed = db
      .prepare<[number, string], KojiBuildId>(
        `SELECT koji_build_id FROM build
         WHERE instance_key = ? AND koji_build_id IN (SELECT value FROM json_each(?))
           AND state = ${COMPLETE} AND rpms_known = 1
           AND NOT EXISTS (
             SELECT 1 FROM rpm
             WHERE rpm.build_key = build.build_key AND superseded = 0 AND error_code IS NOT NULL)
           AND NOT EXISTS (
             SELECT 1 FROM archive
             WHERE archive.build_key = build.build_key AND superseded = 0 AND error_code IS NOT NULL)`,
      )
      .pluck();
    this.#selectLocal = db.prepare(
      `SELECT payload_hash, size FROM rpm
       WHERE build_key IS NULL AND local_directory_key = ? AND local_name = ?`,
    );
  }

  getBuild(instance: string, kojiBuildId: KojiBuildId): StoredBuild | null {
    const instanceKey = this.#instances.find(instance);
    const buildKey = instanceKey === null ? undefined : this.#selectBuildKey.get(instanceKey, kojiBuildId);
    return buildKey === undefined ? null : this.#rpms.build(buildKey, new Seen());
  }

  knownRpms(instance: string, kojiBuildId: KojiBuildId): KnownRpm[] {
    const instanceKey = this.#instances.find(instance);
    if (instanceKey === null) return [];
    return this.#selectKnownRpms.all(instanceKey, kojiBuildId).map((row) => ({
      kojiRpmId: row.koji_rpm_id,
      payloadHash: decodePayloadHash(row.payload_hash),
      size: row.size,
      indexed: row.indexed === 1,
    }));
  }

  knownArchives(instance: string, kojiBuildId: KojiBuildId): KnownArchive[] {
    const instanceKey = this.#instances.find(instance);
    return instanceKey === null ? [] : this.#archives.ofBuild(instanceKey, kojiBuildId);
  }

  indexedBuilds(instance: string, kojiBuildIds: readonly KojiBuildId[]): Set<KojiBuildId> {
    const instanceKey = this.#instances.find(instance);
    if (instanceKey === null) return new Set();
    return new Set(this.#selectIndexed.all(instanceKey, JSON.stringify(kojiBuildIds)));
  }

  knownLocalRpm(path: string): Pick<RpmFacts, 'payloadHash' | 'size'> | null {
    const place = this.#directories.find(path);
    const row = place === null ? undefined : this.#selectLocal.get(place.directoryKey, place.name);
    return row === undefined ? null : { payloadHash: decodePayloadHash(row.payload_hash), size: row.size };
  }

  counts(): IndexCounts {
    const { builds, rpms, files, build_ids } = this.#totals.read();
    return { builds, rpms, files, buildIds: build_ids, databaseBytes: databaseBytes(this.#path) };
  }
}

function databaseBytes(path: string): number {
  const sizes = [path, `${path}-wal`].map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}
