import type { Statement } from 'better-sqlite3';
import { DarkserverError } from '../../shared/errors.ts';
import type { Instances } from './instances.ts';
import { nevraKey } from './mirror-copies.ts';
import { shortHref } from './mirror-url.ts';
import type { Database } from './open.ts';
import type {
  KnownRepository,
  RepositoryPackage,
  RepositorySeen,
  RepositoryState,
  RepositoryStore,
} from './repository-types.ts';
import { immediateTransaction } from './transactions.ts';

/** Packages that one call of discard deletes: a few hundredths of a second. */
const DISCARD_PACKAGES = 5000;

/**
 * Places of one package that a repository may list, as few list two. Each RPM of that name would be answered with
 * all of them, and discard deletes them in one piece.
 */
const MAX_PLACES = 8;

interface StateRow {
  name: string;
  packages: number;
  last_refreshed: number | null;
  last_seen: number | null;
  failures: number;
  error_message: string | null;
  error_at: number | null;
  primary_checksum: string | null;
  repomd_url: string | null;
  repomd_etag: string | null;
  repomd_last_modified: string | null;
  repomd_sha256: string | null;
}

interface RowOfRepository {
  repository_key: number;
  instance: string;
  name: string;
  source: string;
}

type SeenColumns = [
  at: number,
  baseUrl: string,
  url: string,
  etag: string | null,
  lastModified: string | null,
  sha256: string,
];

type TakeOverColumns = [generation: number, packages: number, primaryChecksum: string, at: number];

const SEEN = `last_seen = ?, base_url = ?, repomd_url = ?, repomd_etag = ?, repomd_last_modified = ?,
  repomd_sha256 = ?, failures = 0, error_message = NULL, error_at = NULL`;

/** Repositories and their packages as they come and go; sqlite-store.ts makes a RepositoryStore of it. */
export class Repositories {
  readonly #instances: Instances;
  readonly #transaction: (work: () => void) => void;
  /** Filled just now: without a repository, but no leftovers. */
  readonly #filling = new Set<number>();
  readonly #selectAll: Statement<[], RowOfRepository>;
  readonly #insert: Statement<[number, string, number, string]>;
  readonly #setPlace: Statement<[number, number]>;
  readonly #delete: Statement<[number]>;
  readonly #selectStates: Statement<[number], StateRow>;
  readonly #insertGeneration: Statement<[]>;
  readonly #insertPackage: Statement<
    [
      ...[number, Buffer, string, size: number, content: number | null, build: number | null],
      ...[number, Buffer],
    ]
  >;
  readonly #countPackages: Statement<[number], number>;
  readonly #takeOver: Statement<[...TakeOverColumns, ...SeenColumns, number, string]>;
  readonly #recordSeen: Statement<[...SeenColumns, number, string]>;
  readonly #recordFailure: Statement<[string, number, number, string]>;
  readonly #selectLeftover: Statement<[string], number>;
  readonly #deletePackages: Statement<[number, number, number]>;
  readonly #deleteGeneration: Statement<[number]>;

  constructor(db: Database, instances: Instances) {
    this.#instances = instances;
    this.#transaction = immediateTransaction(db);
    this.#selectAll = db.prepare(
      `SELECT repository_key, koji_instance.name AS instance, repository.name, source
       FROM repository JOIN koji_instance USING (instance_key)`,
    );
    this.#insert = db.prepare(
      'INSERT INTO repository (instance_key, name, place, source) VALUES (?, ?, ?, ?)',
    );
    this.#setPlace = db.prepare('UPDATE repository SET place = ? WHERE repository_key = ?');
    this.#delete = db.prepare('DELETE FROM repository WHERE repository_key = ?');
    this.#selectStates = db.prepare(
      `SELECT name, packages, last_refreshed, last_seen, failures, error_message, error_at, primary_checksum,
         repomd_url, repomd_etag, repomd_last_modified, repomd_sha256
       FROM repository WHERE instance_key = ? ORDER BY place`,
    );
    this.#insertGeneration = db.prepare('INSERT INTO repository_generation DEFAULT VALUES');
    this.#insertPackage = db.prepare(
      `INSERT INTO repository_package (generation_key, nevra, href, size, content_size, build_time)
       SELECT ?, ?, ?, ?, ?, ?
       WHERE (SELECT count(*) FROM repository_package WHERE generation_key = ? AND nevra = ?) < ${MAX_PLACES}
       ON CONFLICT DO NOTHING`,
    );
    this.#countPackages = db
      .prepare<[number], number>('SELECT count(*) FROM repository_package WHERE generation_key = ?')
      .pluck();
    this.#takeOver = db.prepare(
      `UPDATE repository SET generation_key = ?, packages = ?, primary_checksum = ?, last_refreshed = ?, ${SEEN}
       WHERE instance_key = ? AND name = ?`,
    );
    this.#recordSeen = db.prepare(`UPDATE repository SET ${SEEN} WHERE instance_key = ? AND name = ?`);
    this.#recordFailure = db.prepare(
      `UPDATE repository SET failures = failures + 1, error_message = ?, error_at = ?
       WHERE instance_key = ? AND name = ?`,
    );
    this.#selectLeftover = db
      .prepare<[string], number>(
        `SELECT generation_key FROM repository_generation
         WHERE generation_key NOT IN (SELECT value FROM json_each(?))
           AND NOT EXISTS (SELECT 1 FROM repository
             WHERE repository.generation_key = repository_generation.generation_key)
         LIMIT 1`,
      )
      .pluck();
    this.#deletePackages = db.prepare(
      `DELETE FROM repository_package WHERE generation_key = ? AND nevra <= ifnull(
         (SELECT nevra FROM repository_package WHERE generation_key = ?
          ORDER BY nevra LIMIT 1 OFFSET ?), x'ffffffffffffffffffffffffff')`,
    );
    this.#deleteGeneration = db.prepare('DELETE FROM repository_generation WHERE generation_key = ?');
  }

  configure(repositories: ReadonlyMap<string, readonly KnownRepository[]>): void {
    // Where there are none, nobody should wait for the lock of a transaction.
    if (repositories.size === 0 && this.#selectAll.all().length === 0) return;
    const keys = new Map([...repositories.keys()].map((name) => [name, this.#instances.findOrMake(name)]));
    this.#transaction(() => {
      const kept = new Map<string, number>();
      for (const row of this.#selectAll.all()) {
        const configured = repositories.get(row.instance)?.find(({ name }) => name === row.name);
        if (configured?.source === row.source) kept.set(`${row.instance}\0${row.name}`, row.repository_key);
        else this.#delete.run(row.repository_key);
      }
      for (const [instance, list] of repositories) {
        for (const [place, { name, source }] of list.entries()) {
          const key = kept.get(`${instance}\0${name}`);
          if (key === undefined) this.#insert.run(keys.get(instance) ?? 0, name, place, source);
          else this.#setPlace.run(place, key);
        }
      }
    });
  }

  states(instance: string): RepositoryState[] {
    const instanceKey = this.#instances.find(instance);
    return instanceKey === null ? [] : this.#selectStates.all(instanceKey).map(stateOf);
  }

  begin(): number {
    const generation = Number(this.#insertGeneration.run().lastInsertRowid);
    this.#filling.add(generation);
    return generation;
  }

  add(generation: number, packages: readonly RepositoryPackage[]): number {
    let added = 0;
    this.#transaction(() => {
      for (const each of packages) {
        const { href, size, contentSize, buildTime } = each;
        const key = nevraKey(each);
        const short = shortHref(href, each);
        const columns = [generation, key, short, size, contentSize, buildTime] as const;
        added += this.#insertPackage.run(...columns, generation, key).changes;
      }
    });
    return added;
  }

  takeOver(instance: string, name: string, taken: Parameters<RepositoryStore['takeOver']>[2]): void {
    const { generation, packages, primaryChecksum, at } = taken;
    const instanceKey = this.#instances.findOrMake(instance);
    this.#transaction(() => {
      const there = this.#countPackages.get(generation);
      if (there !== packages) {
        throw new DarkserverError(
          'store',
          `of ${packages} packages ${there ?? 0} are left: does another daemon refresh the same repositories?`,
        );
      }
      const columns: TakeOverColumns = [generation, packages, primaryChecksum, at];
      this.#takeOver.run(...columns, ...seenColumns(taken), instanceKey, name);
    });
    this.#filling.delete(generation);
  }

  abandon(generation: number): void {
    this.#filling.delete(generation);
  }

  recordSeen(instance: string, name: string, seen: RepositorySeen): void {
    this.#recordSeen.run(...seenColumns(seen), this.#instances.findOrMake(instance), name);
  }

  recordFailure(instance: string, name: string, failure: { at: number; message: string }): void {
    this.#recordFailure.run(failure.message, failure.at, this.#instances.findOrMake(instance), name);
  }

  discard(): boolean {
    const filling = JSON.stringify([...this.#filling]);
    if (this.#selectLeftover.get(filling) === undefined) return false;
    this.#transaction(() => {
      const generation = this.#selectLeftover.get(filling);
      if (generation === undefined) return;
      const { changes } = this.#deletePackages.run(generation, generation, DISCARD_PACKAGES);
      if (changes === 0) this.#deleteGeneration.run(generation);
    });
    return true;
  }
}

function seenColumns({ at, baseUrl, validators }: RepositorySeen): SeenColumns {
  const { url, etag, lastModified, sha256 } = validators;
  return [at, baseUrl, url, etag, lastModified, sha256];
}

function stateOf(row: StateRow): RepositoryState {
  return {
    name: row.name,
    packages: row.packages,
    lastRefreshed: row.last_refreshed,
    lastSeen: row.last_seen,
    failures: row.failures,
    error:
      row.error_message === null || row.error_at === null
        ? null
        : { message: row.error_message, at: row.error_at },
    primaryChecksum: row.primary_checksum,
    validators:
      row.repomd_url === null || row.repomd_sha256 === null
        ? null
        : {
            url: row.repomd_url,
            etag: row.repomd_etag,
            lastModified: row.repomd_last_modified,
            sha256: row.repomd_sha256,
          },
  };
}
