import type { Statement } from 'better-sqlite3';
import { decodeHash, encodeHash } from './hashes.ts';
import type { Database } from './open.ts';
import type { IndexedSignature, SignedCopy } from './types.ts';

/**
 * Milliseconds after a signature was met, or after its build was completed, for which its copy is expected to
 * come yet: who signs writes the copies when all RPMs of a build are signed, or when the build is released. What
 * has come to have none later was removed.
 */
export const COPY_EXPECTED = 86_400_000;

interface SignatureRow {
  sigkey: Buffer | string;
  size: number | null;
  seen_at: number | null;
  awaited_since: number | null;
}

type CopyRow = [sigkey: Buffer | string, size: number | null, seen_at: number];

/** Rows of table signed_copy. */
export class SignedCopies {
  readonly #select: Statement<[number], SignatureRow>;
  readonly #selectCopies: Statement<[number], CopyRow>;
  readonly #delete: Statement<[number]>;
  readonly #insert: Statement<[number, number, Buffer | string, number | null, number | null, number | null]>;
  readonly #setSigned: Statement<[0 | 1, number]>;

  constructor(db: Database) {
    this.#select = db.prepare(
      'SELECT sigkey, size, seen_at, awaited_since FROM signed_copy WHERE rpm_key = ?',
    );
    this.#selectCopies = db
      .prepare<[number], CopyRow>(
        `SELECT sigkey, size, seen_at FROM signed_copy
         WHERE rpm_key = ? AND seen_at IS NOT NULL ORDER BY place`,
      )
      .raw();
    this.#delete = db.prepare('DELETE FROM signed_copy WHERE rpm_key = ?');
    this.#insert = db.prepare(
      `INSERT INTO signed_copy (rpm_key, place, sigkey, size, seen_at, awaited_since)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#setSigned = db.prepare('UPDATE rpm SET signed = ? WHERE rpm_key = ?');
  }

  /** Makes these the signatures of an RPM. `isNews`: what the index did not know was signed lately. */
  replace(rpmKey: number, signatures: readonly IndexedSignature[], now: number, isNews: boolean): void {
    const before = new Map(this.#select.all(rpmKey).map((row) => [decodeHash(row.sigkey), row]));
    if (before.size === 0 && signatures.length === 0) return;
    this.#delete.run(rpmKey);
    for (const [place, { sigkey, copy }] of signatures.entries()) {
      const known = before.get(sigkey);
      const since = known === undefined ? (isNews ? now : null) : known.awaited_since;
      const awaitedSince = copy !== null || since === null || now - since >= COPY_EXPECTED ? null : since;
      const seenAt = copy === null ? null : now;
      this.#insert.run(rpmKey, place, encodeHash(sigkey), copy?.size ?? null, seenAt, awaitedSince);
    }
    this.#setSigned.run(signatures.some(({ copy }) => copy !== null) ? 1 : 0, rpmKey);
  }

  ofRpm(rpmKey: number): SignedCopy[] {
    return this.#selectCopies
      .all(rpmKey)
      .map(([sigkey, size, seenAt]) => ({ sigkey: decodeHash(sigkey), size, seenAt }));
  }
}
