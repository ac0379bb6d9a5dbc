import type { Statement } from 'better-sqlite3';
import type { BuildId } from '../../shared/build-id.ts';
import type { Nvra } from '../../shared/nvr.ts';
import type { Directories } from './directories.ts';
import { FileCounts } from './file-counts.ts';
import { type FileRow, fileOfRow, firstFileKey, holderKeyOf } from './file-rows.ts';
import type { Page, RpmFilesPlace, RpmSummary } from './lookup-types.ts';
import type { Database } from './open.ts';
import { requireLimit } from './pages.ts';
import { compareRpms } from './rank.ts';
import { type RpmReader, Seen } from './rpm-reader.ts';
import { snapshots } from './transactions.ts';
import type { StoredRpmMatch } from './types.ts';

/**
 * RPMs of one NVRA that are ranked, and named in every place: drafts and several Kojis make a few. Directories
 * of local RPMs can make any number, and those that came earlier follow as they came.
 */
const RANKED = 32;

/** Files by the NVRA of the RPMs that hold them, page by page. */
export class RpmFileLookups {
  readonly #rpms: RpmReader;
  readonly #directories: Directories;
  readonly #fileCounts: FileCounts;
  readonly #snapshot: <T>(read: () => T) => T;
  readonly #rpmKeys: Statement<[string, string, string, string], number>;
  readonly #files: Statement<[number, number, number], [build_id: Buffer, ...FileRow]>;

  constructor(db: Database, parts: { rpms: RpmReader; directories: Directories }) {
    this.#rpms = parts.rpms;
    this.#directories = parts.directories;
    this.#fileCounts = new FileCounts(db);
    this.#snapshot = snapshots(db);
    this.#rpmKeys = db
      .prepare<[string, string, string, string], number>(
        `SELECT rpm_key FROM rpm INDEXED BY rpm_by_name
         WHERE name = ? AND version = ? AND release = ? AND arch = ? ORDER BY rpm_key`,
      )
      .pluck();
    this.#files = db
      .prepare<[number, number, number], [Buffer, ...FileRow]>(
        `SELECT build_id, file_key, kind_evidence, directory_key, name
         FROM file WHERE file_key > ? AND file_key < ? ORDER BY file_key LIMIT ?`,
      )
      .raw();
  }

  summaries(nvra: Nvra): RpmSummary[] {
    return this.#snapshot(() => {
      const seen = new Seen();
      return this.#keysOf(nvra)
        .map((rpmKey) => ({ rpm: this.#rpms.rpm(rpmKey, seen), files: this.#fileCounts.of(rpmKey) }))
        .sort((a, b) => compareRpms(a.rpm, b.rpm));
    });
  }

  filesOfRpms(
    nvra: Nvra,
    { after, limit }: Page<RpmFilesPlace>,
  ): { matches: StoredRpmMatch[]; next: RpmFilesPlace | null } {
    requireLimit(limit);
    return this.#snapshot(() => {
      const seen = new Seen();
      const keys = this.#keysOf(nvra);
      const best = after === null ? this.#rank(keys.slice(-RANKED), seen) : knownOf(after.best, keys);
      const matches: StoredRpmMatch[] = [];
      let last = after?.fileKey ?? 0;
      for (const rpmKey of keysFrom(keys, best, after)) {
        const behind = holderKeyOf(last) === rpmKey ? last : firstFileKey(rpmKey) - 1;
        for (const [bytes, ...row] of this.#files.all(
          behind,
          firstFileKey(rpmKey + 1),
          limit + 1 - matches.length,
        )) {
          if (matches.length === limit) return { matches, next: { best, fileKey: last } };
          const file = fileOfRow(row, bytes.toString('hex') as BuildId, this.#directories);
          matches.push({ file, rpm: this.#rpms.rpm(rpmKey, seen) });
          last = row[0];
        }
      }
      return { matches, next: null };
    });
  }

  #keysOf({ name, version, release, arch }: Nvra): number[] {
    return this.#rpmKeys.all(name, version, release, arch);
  }

  #rank(keys: readonly number[], seen: Seen): number[] {
    return keys
      .map((key) => ({ key, rpm: this.#rpms.rpm(key, seen) }))
      .sort((a, b) => compareRpms(a.rpm, b.rpm))
      .map(({ key }) => key);
  }
}

/** A place comes from outside: what it names may belong to another NVRA. */
function knownOf(best: readonly number[], keys: readonly number[]): number[] {
  const known = new Set(keys);
  return best.filter((key) => known.has(key));
}

/** The RPMs that are left: of the best the one that the place is in and those behind it, then the others. */
function keysFrom(keys: readonly number[], best: readonly number[], after: RpmFilesPlace | null): number[] {
  const ranked = new Set(best);
  const others = keys.filter((key) => !ranked.has(key));
  if (after === null) return [...best, ...others];
  const current = holderKeyOf(after.fileKey);
  return ranked.has(current)
    ? [...best.slice(best.indexOf(current)), ...others]
    : others.filter((key) => key >= current);
}
