import type { Statement } from 'better-sqlite3';
import type { Database } from './open.ts';
import type { InstanceFacts, ReconciledUpTo, SweepStep } from './reconciliation-types.ts';

interface FactsRow {
  last_push: number | null;
  last_reconciled: number | null;
  first_koji_build_id: number | null;
  reconciled_koji_build_id: number | null;
  reconciled_koji_rpm_id: number | null;
  reconciled_koji_archive_id: number | null;
  sweep_began: number | null;
  sweep_from: number | null;
  sweep_at: number | null;
  sweep_ended: number | null;
  sweep_found: number;
}

type ReconciledColumns = [
  kojiBuildId: number | null,
  firstKojiBuildId: number | null,
  kojiRpmId: number | null,
  kojiArchiveId: number | null,
  time: number | null,
];

/** Names of Kojis and their keys, and what is remembered about each. */
export class Instances {
  readonly #insert: Statement<[string]>;
  readonly #selectKey: Statement<[string], number>;
  readonly #selectName: Statement<[number], string>;
  readonly #selectFacts: Statement<[string], FactsRow>;
  readonly #updatePush: Statement<[number, string]>;
  readonly #updateReconciled: Statement<[...ReconciledColumns, name: string]>;
  readonly #beginSweep: Statement<[began: number, from: number, at: number, name: string]>;
  readonly #updateSweep: Statement<[at: number, found: number, name: string]>;
  readonly #endSweep: Statement<[number, string]>;
  /** Rows of koji_instance are neither renamed nor deleted, so what was read once stays true. */
  readonly #keys = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO koji_instance (name) VALUES (?) ON CONFLICT DO NOTHING');
    this.#selectKey = db
      .prepare<[string], number>('SELECT instance_key FROM koji_instance WHERE name = ?')
      .pluck();
    this.#selectName = db
      .prepare<[number], string>('SELECT name FROM koji_instance WHERE instance_key = ?')
      .pluck();
    this.#selectFacts = db.prepare(
      `SELECT last_push, last_reconciled, first_koji_build_id, reconciled_koji_build_id, reconciled_koji_rpm_id,
         reconciled_koji_archive_id, sweep_began, sweep_from, sweep_at, sweep_ended, sweep_found
       FROM koji_instance WHERE name = ?`,
    );
    this.#updatePush = db.prepare(
      'UPDATE koji_instance SET last_push = max(ifnull(last_push, 0), ?) WHERE name = ?',
    );
    // SQLite's max of two is NULL if one of them is; nothing has the id -1.
    const neverBack = (column: string): string =>
      `${column} = nullif(max(ifnull(${column}, -1), ifnull(?, -1)), -1)`;
    this.#updateReconciled = db.prepare(
      `UPDATE koji_instance SET
         ${neverBack('reconciled_koji_build_id')},
         first_koji_build_id = ifnull(first_koji_build_id, ?),
         ${neverBack('reconciled_koji_rpm_id')},
         ${neverBack('reconciled_koji_archive_id')},
         last_reconciled = ifnull(?, last_reconciled)
       WHERE name = ?`,
    );
    this.#beginSweep = db.prepare(
      'UPDATE koji_instance SET sweep_began = ?, sweep_from = ?, sweep_at = ? WHERE name = ?',
    );
    this.#updateSweep = db.prepare(
      'UPDATE koji_instance SET sweep_at = ?, sweep_found = sweep_found + ? WHERE name = ?',
    );
    this.#endSweep = db.prepare('UPDATE koji_instance SET sweep_at = NULL, sweep_ended = ? WHERE name = ?');
  }

  /** The key of an instance, null if nothing was ever stored for it. */
  find(name: string): number | null {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = this.#selectKey.get(name);
    if (key === undefined) return null;
    this.#keys.set(name, key);
    return key;
  }

  /** As find, and makes it. Not to be called in a transaction, which might be rolled back. */
  findOrMake(name: string): number {
    const key = this.find(name);
    if (key !== null) return key;
    this.#insert.run(name);
    return this.findOrMake(name);
  }

  nameOf(key: number): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#selectName.get(key);
    if (name === undefined) throw new Error(`there is no koji_instance ${key}`);
    this.#names.set(key, name);
    return name;
  }

  recordPush(name: string, at: number): void {
    this.findOrMake(name);
    this.#updatePush.run(at, name);
  }

  recordReconciled(name: string, upTo: ReconciledUpTo): void {
    this.findOrMake(name);
    const { kojiBuildId, firstKojiBuildId, kojiRpmId, kojiArchiveId, time } = upTo;
    this.#updateReconciled.run(
      kojiBuildId ?? null,
      firstKojiBuildId ?? null,
      kojiRpmId ?? null,
      kojiArchiveId ?? null,
      time ?? null,
      name,
    );
  }

  recordSweep(name: string, step: SweepStep): void {
    if ('began' in step) {
      this.findOrMake(name);
      this.#beginSweep.run(step.began, step.from, step.from, name);
    } else if ('at' in step) this.#updateSweep.run(step.at, step.found, name);
    else this.#endSweep.run(step.ended, name);
  }

  facts(name: string): InstanceFacts {
    const row = this.#selectFacts.get(name);
    return {
      lastPush: row?.last_push ?? null,
      lastReconciled: row?.last_reconciled ?? null,
      firstKojiBuildId: row?.first_koji_build_id ?? null,
      reconciledKojiBuildId: row?.reconciled_koji_build_id ?? null,
      reconciledKojiRpmId: row?.reconciled_koji_rpm_id ?? null,
      reconciledKojiArchiveId: row?.reconciled_koji_archive_id ?? null,
      sweep: {
        began: row?.sweep_began ?? null,
        from: row?.sweep_from ?? null,
        at: row?.sweep_at ?? null,
        ended: row?.sweep_ended ?? null,
        found: row?.sweep_found ?? 0,
      },
    };
  }
}
