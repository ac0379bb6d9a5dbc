import type { Statement } from 'better-sqlite3';
import { BUILD_STATES } from '../../shared/koji.ts';
import type { KojiArchiveId, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';
import type { Instances } from './instances.ts';
import type { Database } from './open.ts';
import { decodeHash } from './hashes.ts';
import type { ChangedPeriod, SampleRpm, StoredContent, WatchedBuild } from './reconciliation-types.ts';

const COMPLETE = BUILD_STATES.indexOf('complete');

interface AwaitingParameters {
  instance: number;
  waits: string;
  now: number;
}

interface SampleRow {
  koji_build_id: KojiBuildId;
  koji_rpm_id: KojiRpmId;
  rpm_key: number;
}

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
  readonly #samples: Statement<[number, string], SampleRow>;
  readonly #sigkeys: Statement<[number], Buffer | string>;
  readonly #signatures: Statement<[number], { koji_rpm_id: KojiRpmId; sigkey: Buffer | string }>;
  readonly #awaiting: Statement<[AwaitingParameters], KojiBuildId>;

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
    this.#samples = db.prepare(
      `SELECT koji_build_id, koji_rpm_id, rpm_key FROM build
       JOIN rpm ON rpm_key = (
         SELECT rpm_key FROM rpm AS own
         WHERE own.build_key = build.build_key AND superseded = 0 ORDER BY koji_rpm_id LIMIT 1)
       WHERE instance_key = ? AND koji_build_id IN (SELECT value FROM json_each(?))
         AND state = ${COMPLETE} AND rpms_known = 1`,
    );
    this.#sigkeys = db
      .prepare<[number], Buffer | string>('SELECT sigkey FROM signed_copy WHERE rpm_key = ? ORDER BY place')
      .pluck();
    this.#signatures = db.prepare(
      'SELECT koji_rpm_id, sigkey FROM rpm JOIN signed_copy USING (rpm_key) WHERE build_key = ?',
    );
    this.#awaiting = db
      .prepare<[AwaitingParameters], KojiBuildId>(
        `SELECT DISTINCT koji_build_id
         FROM signed_copy INDEXED BY signed_copy_awaited
         CROSS JOIN rpm USING (rpm_key) CROSS JOIN build USING (build_key), json_each(:waits) AS wait
         WHERE awaited_since IS NOT NULL AND instance_key = :instance AND superseded = 0
           AND indexed_at < awaited_since + wait.value AND awaited_since + wait.value <= :now`,
      )
      .pluck();
  }

  sampleRpms(instance: string, kojiBuildIds: readonly KojiBuildId[]): Map<KojiBuildId, SampleRpm> {
    const rows = this.#samples.all(this.#instances.findOrMake(instance), JSON.stringify(kojiBuildIds));
    return new Map(
      rows.map(({ koji_build_id, koji_rpm_id, rpm_key }) => [
        koji_build_id,
        { kojiRpmId: koji_rpm_id, sigkeys: this.#sigkeys.all(rpm_key).map(decodeHash) },
      ]),
    );
  }

  storedSignatures(instance: string, kojiBuildId: KojiBuildId): Map<KojiRpmId, Set<string>> | null {
    const buildKey = this.#buildKey.get(this.#instances.findOrMake(instance), kojiBuildId);
    if (buildKey === undefined) return null;
    const keys = new Map<KojiRpmId, Set<string>>();
    for (const { koji_rpm_id, sigkey } of this.#signatures.all(buildKey)) {
      keys.set(koji_rpm_id, (keys.get(koji_rpm_id) ?? new Set()).add(decodeHash(sigkey)));
    }
    return keys;
  }

  buildsAwaitingCopies(instance: string, waits: readonly number[], now: number): KojiBuildId[] {
    const parameters = { instance: this.#instances.findOrMake(instance), waits: JSON.stringify(waits), now };
    return this.#awaiting.all(parameters);
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
