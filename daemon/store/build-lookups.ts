import type { Statement } from 'better-sqlite3';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { Nvr } from '../../shared/nvr.ts';
import type { ArchiveReader } from './archive-reader.ts';
import { FileCounts } from './file-counts.ts';
import type { Instances } from './instances.ts';
import type { BuildPlace, HeldSummary, Page } from './lookup-types.ts';
import type { Database } from './open.ts';
import { requireLimit } from './pages.ts';
import { compareBuildFacts } from './rank.ts';
import { type RpmReader, Seen } from './rpm-reader.ts';
import { snapshots } from './transactions.ts';
import type { StoredBuild, StoredRpm } from './types.ts';

/** Koji's ids of builds are not negative, and nothing is completed before or after all times. */
const FIRST_PLACE = [Infinity, Infinity] as const;

/** Questions about builds. */
export class BuildLookups {
  readonly #instances: Instances;
  readonly #rpms: RpmReader;
  readonly #archives: ArchiveReader;
  readonly #fileCounts: FileCounts;
  readonly #snapshot: <T>(read: () => T) => T;
  readonly #buildKey: Statement<[number, KojiBuildId], number>;
  readonly #buildKeysOfNvr: Statement<[string, string, string], number>;
  readonly #rpmKeysOfBuild: Statement<[number, number, number], number>;
  readonly #archiveKeysOfBuild: Statement<[number, number, number], number>;
  readonly #buildsOfPackage: Statement<[string, string, number, number, number], [number, number | null]>;
  readonly #localRpmKeys: Statement<[string, number], number>;
  readonly #countRpms: Statement<[number], number>;
  readonly #siblings: Statement<[number], number>;

  constructor(db: Database, parts: { instances: Instances; rpms: RpmReader; archives: ArchiveReader }) {
    this.#instances = parts.instances;
    this.#rpms = parts.rpms;
    this.#archives = parts.archives;
    this.#fileCounts = new FileCounts(db);
    this.#snapshot = snapshots(db);
    this.#buildKey = db
      .prepare<[number, KojiBuildId], number>(
        'SELECT build_key FROM build WHERE instance_key = ? AND koji_build_id = ?',
      )
      .pluck();
    this.#buildKeysOfNvr = db
      .prepare<[string, string, string], number>(
        'SELECT build_key FROM build INDEXED BY build_by_name WHERE name = ? AND version = ? AND release = ?',
      )
      .pluck();
    this.#rpmKeysOfBuild = db
      .prepare<[number, number, number], number>(
        `SELECT rpm_key FROM rpm INDEXED BY rpm_by_build
         WHERE build_key = ? AND rpm_key > ? ORDER BY rpm_key LIMIT ?`,
      )
      .pluck();
    this.#archiveKeysOfBuild = db
      .prepare<[number, number, number], number>(
        `SELECT archive_key FROM archive INDEXED BY archive_by_build
         WHERE build_key = ? AND archive_key < ? ORDER BY archive_key DESC LIMIT ?`,
      )
      .pluck();
    this.#buildsOfPackage = db
      .prepare<[string, string, number, number, number], [number, number | null]>(
        `SELECT build_key, completed_at FROM build
         WHERE build_key IN (SELECT build_key FROM build INDEXED BY build_by_name WHERE name = ?
             UNION SELECT build_key FROM rpm INDEXED BY rpm_by_name WHERE name = ? AND build_key IS NOT NULL)
           AND (ifnull(completed_at, -9e999), build_key) < (?, ?)
         ORDER BY completed_at DESC, build_key DESC LIMIT ?`,
      )
      .raw();
    this.#localRpmKeys = db
      .prepare<[string, number], number>(
        `SELECT rpm_key FROM rpm INDEXED BY rpm_by_name
         WHERE name = ? AND build_key IS NULL ORDER BY rpm_key DESC LIMIT ?`,
      )
      .pluck();
    this.#countRpms = db
      .prepare<[number], number>('SELECT count(*) FROM rpm WHERE build_key = ? AND superseded = 0')
      .pluck();
    this.#siblings = db
      .prepare<[number], number>(
        `SELECT rpm_key FROM rpm
         WHERE build_key = ? AND superseded = 0
           AND (arch IN ('src', 'nosrc') OR substr(name, -10) = '-debuginfo' OR substr(name, -12) = '-debugsource'
             OR instr(name, '-debuginfo-common') > 0)
         ORDER BY rpm_key`,
      )
      .pluck();
  }

  byNvr({ name, version, release }: Nvr): StoredBuild[] {
    return this.#snapshot(() => {
      const seen = new Seen();
      return this.#buildKeysOfNvr
        .all(name, version, release)
        .map((buildKey) => this.#rpms.build(buildKey, seen))
        .sort(compareBuildFacts);
    });
  }

  holders(
    instance: string,
    kojiBuildId: KojiBuildId,
    { after, limit }: Page<number>,
  ): { holders: HeldSummary[]; next: number | null } {
    requireLimit(limit);
    return this.#snapshot(() => {
      const buildKey = this.#find(instance, kojiBuildId);
      if (buildKey === null) return { holders: [], next: null };
      const keys = this.#holderKeys(buildKey, after ?? 0, limit + 1);
      const seen = new Seen();
      const holders = keys.slice(0, limit).map((holderKey) => this.#summary(holderKey, seen));
      return { holders, next: keys.length > limit ? (keys[limit - 1] ?? null) : null };
    });
  }

  ofPackage(
    name: string,
    { after, limit }: Page<BuildPlace>,
  ): { builds: { build: StoredBuild; rpms: number }[]; next: BuildPlace | null } {
    requireLimit(limit);
    return this.#snapshot(() => {
      const place =
        after === null ? FIRST_PLACE : ([after.completedAt ?? -Infinity, after.buildKey] as const);
      const rows = this.#buildsOfPackage.all(name, name, ...place, limit + 1);
      const page = rows.slice(0, limit);
      const seen = new Seen();
      const builds = page.map(([buildKey]) => ({
        build: this.#rpms.build(buildKey, seen),
        rpms: this.#countRpms.get(buildKey) ?? 0,
      }));
      const last = rows.length > limit ? page.at(-1) : undefined;
      return { builds, next: last === undefined ? null : { buildKey: last[0], completedAt: last[1] } };
    });
  }

  localRpms(name: string, limit: number): StoredRpm[] {
    requireLimit(limit);
    return this.#snapshot(() => {
      const seen = new Seen();
      return this.#localRpmKeys.all(name, limit).map((rpmKey) => this.#rpms.rpm(rpmKey, seen));
    });
  }

  siblings(
    builds: readonly { readonly instance: string; readonly kojiBuildId: KojiBuildId }[],
  ): Map<string, StoredRpm[]> {
    return this.#snapshot(() => {
      const seen = new Seen();
      const found = new Map<string, StoredRpm[]>();
      for (const { instance, kojiBuildId } of builds) {
        const name = `${instance}/${kojiBuildId}`;
        const buildKey = found.has(name) ? null : this.#find(instance, kojiBuildId);
        const keys = buildKey === null ? [] : this.#siblings.all(buildKey);
        if (keys.length > 0)
          found.set(
            name,
            keys.map((rpmKey) => this.#rpms.rpm(rpmKey, seen)),
          );
      }
      return found;
    });
  }

  #find(instance: string, kojiBuildId: KojiBuildId): number | null {
    const instanceKey = this.#instances.find(instance);
    return instanceKey === null ? null : (this.#buildKey.get(instanceKey, kojiBuildId) ?? null);
  }

  /** RPMs have positive keys, archives negative ones that descend, so behind 0 comes everything. */
  #holderKeys(buildKey: number, after: number, limit: number): number[] {
    const rpmKeys = after < 0 ? [] : this.#rpmKeysOfBuild.all(buildKey, after, limit);
    const left = limit - rpmKeys.length;
    return left === 0
      ? rpmKeys
      : [...rpmKeys, ...this.#archiveKeysOfBuild.all(buildKey, Math.min(after, 0), left)];
  }

  #summary(holderKey: number, seen: Seen): HeldSummary {
    const files = this.#fileCounts.of(holderKey);
    return holderKey > 0
      ? { holderKey, rpm: this.#rpms.rpm(holderKey, seen), files }
      : { holderKey, archive: this.#archives.archive(holderKey, seen), files };
  }
}
