import type { Statement } from 'better-sqlite3';
import type { KojiArchiveId, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';
import type { Instances } from './instances.ts';
import type { Database } from './open.ts';
import type { ChangedPeriod, StoredContent, WatchedBuild } from './reconciliation-types.ts';

/** What only the comparison with a Koji asks; sqlite-store.ts makes a ReconciliationStore of it. */
export class Reconciliation {
  readonly #instances: Instances;
  readonly #watch: Statement<[number, number, string]>;
  readonly #unwatch: Statement<[number, string]>;
  readonly #watched: Statement<[number, number, number], { koji_build_id: KojiBuildId; since: number }>;
  readonly #sum: Statement<[number, string, number, number], number>;
  readonly #setCount: Statement<[number, string, number, number]>;
  readonly #changed: Statement<[number, number], ChangedPeriod>;
  readonly #forget: Statement<[number, number, number]>;
  readonly #completed: Statement<[number, number, number], KojiBuildId>;
  readonly #below: Statement<[number, number, number], KojiBuildId>;
  readonly #buildKey: Statement<[number, number], number>;
  readonly #rpms: Statement<[number], KojiRpmId>;
  readonly #archives: Statement<[number], KojiArchiveId>;

  constructor(db: Database, instances: Instances) {
    this.#instances = instances;
    this.#watch = db.prepare(
      `INSERT INTO koji_watch (instance_key, koji_build_id, since)
       SELECT ?, value, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
    );
    this.#unwatch = db.prepare(
      'DELETE FROM koji_watch WHERE instance_key = ? AND koji_build_id IN (SELECT value FROM json_each(?))',
    );
    this.#watched = db.prepare(
      `SELECT koji_build_id, since FROM koji_watch
       WHERE instance_key = ? AND koji_build_id > ? ORDER BY koji_build_id LIMIT ?`,
    );
    this.#sum = db
      .prepare<[number, string, number, number], number>(
        `SELECT ifnull(sum(builds), 0) FROM koji_count
         WHERE instance_key = ? AND kind = ? AND period >= ? AND period < ?`,
      )
      .pluck();
    this.#setCount = db.prepare(
      `INSERT INTO koji_count (instance_key, kind, period, builds) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET builds = excluded.builds`,
    );
    this.#changed = db.prepare(
      'SELECT period, changes FROM koji_recount WHERE instance_key = ? ORDER BY period LIMIT ?',
    );
    this.#forget = db.prepare(
      'DELETE FROM koji_recount WHERE instance_key = ? AND period = ? AND changes = ?',
    );
    this.#completed = db
      .prepare<[number, number, number], KojiBuildId>(
        `SELECT koji_build_id FROM build INDEXED BY build_by_completion
         WHERE instance_key = ? AND completed_at >= ? AND completed_at < ?`,
      )
      .pluck();
    this.#below = db
      .prepare<[number, number, number], KojiBuildId>(
        `SELECT koji_build_id FROM build
         WHERE instance_key = ? AND koji_build_id < ? ORDER BY koji_build_id DESC LIMIT ?`,
      )
      .pluck();
    this.#buildKey = db
      .prepare<[number, number], number>(
        'SELECT build_key FROM build WHERE instance_key = ? AND koji_build_id = ? AND rpms_known = 1',
      )
      .pluck();
    this.#rpms = db
      .prepare<[number], KojiRpmId>('SELECT koji_rpm_id FROM rpm WHERE build_key = ? AND superseded = 0')
      .pluck();
    this.#archives = db
      .prepare<[number], KojiArchiveId>(
        'SELECT koji_archive_id FROM archive WHERE build_key = ? AND superseded = 0',
      )
      .pluck();
  }

  watch(instance: string, kojiBuildIds: readonly KojiBuildId[], since: number): void {
    this.#watch.run(this.#instances.findOrMake(instance), since, JSON.stringify(kojiBuildIds));
  }

  unwatch(instance: string, kojiBuildIds: readonly KojiBuildId[]): void {
    this.#unwatch.run(this.#instances.findOrMake(instance), JSON.stringify(kojiBuildIds));
  }

  watched(instance: string, afterKojiBuildId: number, limit: number): WatchedBuild[] {
    const rows = this.#watched.all(this.#instances.findOrMake(instance), afterKojiBuildId, limit);
    return rows.map(({ koji_build_id, since }) => ({ kojiBuildId: koji_build_id, since }));
  }

  counted(instance: string, kind: string, fromPeriod: number, beforePeriod: number): number {
    return this.#sum.get(this.#instances.findOrMake(instance), kind, fromPeriod, beforePeriod) ?? 0;
  }

  recordCount(instance: string, kind: string, period: number, builds: number): void {
    this.#setCount.run(this.#instances.findOrMake(instance), kind, period, builds);
  }

  changedPeriods(instance: string, limit: number): ChangedPeriod[] {
    return this.#changed.all(this.#instances.findOrMake(instance), limit);
  }

  forgetChanges(instance: string, { period, changes }: ChangedPeriod): void {
    this.#forget.run(this.#instances.findOrMake(instance), period, changes);
  }

  buildsCompleted(instance: string, from: number, before: number): KojiBuildId[] {
    return this.#completed.all(this.#instances.findOrMake(instance), from, before);
  }

  buildsBelow(instance: string, kojiBuildId: number, limit: number): KojiBuildId[] {
    return this.#below.all(this.#instances.findOrMake(instance), kojiBuildId, limit);
  }

  storedContent(instance: string, kojiBuildId: KojiBuildId): StoredContent | null {
    const buildKey = this.#buildKey.get(this.#instances.findOrMake(instance), kojiBuildId);
    if (buildKey === undefined) return null;
    return { rpms: new Set(this.#rpms.all(buildKey)), archives: new Set(this.#archives.all(buildKey)) };
  }
}
