import type { Statement } from 'better-sqlite3';
import type { Database } from './open.ts';
import type { InstanceFacts, ReconciledUpTo } from './types.ts';

interface FactsRow {
  last_push: number | null;
  last_reconciled: number | null;
  reconciled_koji_build_id: number | null;
}

/** Names of Kojis and their keys, and what is remembered about each. */
export class Instances {
  readonly #insert: Statement<[string]>;
  readonly #selectKey: Statement<[string], number>;
  readonly #selectName: Statement<[number], string>;
  readonly #selectFacts: Statement<[string], FactsRow>;
  readonly #updatePush: Statement<[number, string]>;
  readonly #updateReconciled: Statement<[kojiBuildId: number | null, time: number | null, name: string]>;
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
      'SELECT last_push, last_reconciled, reconciled_koji_build_id FROM koji_instance WHERE name = ?',
    );
    this.#updatePush = db.prepare(
      'UPDATE koji_instance SET last_push = max(ifnull(last_push, 0), ?) WHERE name = ?',
    );
    // SQLite's max of two is NULL if one of them is; no build has the id -1.
    this.#updateReconciled = db.prepare(
      `UPDATE koji_instance SET
         reconciled_koji_build_id = nullif(max(ifnull(reconciled_koji_build_id, -1), ifnull(?, -1)), -1),
         last_reconciled = ifnull(?, last_reconciled)
       WHERE name = ?`,
    );
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

  recordReconciled(name: string, { kojiBuildId, time }: ReconciledUpTo): void {
    this.findOrMake(name);
    this.#updateReconciled.run(kojiBuildId ?? null, time ?? null, name);
  }

  facts(name: string): InstanceFacts {
    const row = this.#selectFacts.get(name);
    return {
      lastPush: row?.last_push ?? null,
      lastReconciled: row?.last_reconciled ?? null,
      reconciledKojiBuildId: row?.reconciled_koji_build_id ?? null,
    };
  }
}
