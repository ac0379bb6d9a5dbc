import type { Statement } from 'better-sqlite3';
import { DarkserverError } from '../../shared/errors.ts';
import {
  BUILD_STATES,
  type KojiArchiveId,
  type KojiBuild,
  type KojiBuildId,
  type KojiRpmId,
} from '../../shared/koji.ts';
import { ArchiveRows } from './archive-rows.ts';
import type { Directories } from './directories.ts';
import { FileRows, problemWithFiles } from './file-rows.ts';
import type { Instances } from './instances.ts';
import type { Database } from './open.ts';
import { immediateTransaction } from './transactions.ts';
import { RpmRows } from './rpm-rows.ts';
import type { ReadError } from './rpm-rows.ts';
import { COPY_EXPECTED, SignedCopies } from './signed-copies.ts';
import type { Totals, TotalsRow } from './totals.ts';
import type { IndexedArchive, IndexedFiles, IndexedRpm, LocalRpm, StoredFile } from './types.ts';

const DELETED = BUILD_STATES.indexOf('deleted');

/** What changes the index: each method is one transaction. */
export class IndexWriter {
  readonly #instances: Instances;
  readonly #directories: Directories;
  readonly #totals: Totals;
  readonly #rpms: RpmRows;
  readonly #archives: ArchiveRows;
  readonly #files: FileRows;
  readonly #signedCopies: SignedCopies;
  readonly #now: () => number;
  readonly #transaction: (work: () => void) => void;
  readonly #selectBuild: Statement<[number, number], number>;
  readonly #insertBuild: Statement<[number, KojiBuildId, ...BuildColumns]>;
  readonly #updateBuild: Statement<[...BuildColumns, number]>;
  readonly #setRpmsKnown: Statement<[number]>;
  readonly #setState: Statement<[number, number, number]>;

  constructor(
    db: Database,
    parts: { instances: Instances; directories: Directories; totals: Totals; now: () => number },
  ) {
    this.#instances = parts.instances;
    this.#directories = parts.directories;
    this.#totals = parts.totals;
    this.#now = parts.now;
    this.#rpms = new RpmRows(db);
    this.#archives = new ArchiveRows(db);
    this.#files = new FileRows(db, parts.directories);
    this.#signedCopies = new SignedCopies(db);
    this.#transaction = immediateTransaction(db);
    this.#selectBuild = db
      .prepare<[number, number], number>(
        'SELECT build_key FROM build WHERE instance_key = ? AND koji_build_id = ?',
      )
      .pluck();
    this.#insertBuild = db.prepare(
      `INSERT INTO build (instance_key, koji_build_id,
         name, epoch, version, release, state, draft, volume, completed_at, indexed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#updateBuild = db.prepare(
      `UPDATE build SET name = ?, epoch = ?, version = ?, release = ?, state = ?, draft = ?, volume = ?,
         completed_at = ?, indexed_at = ?
       WHERE build_key = ?`,
    );
    this.#setRpmsKnown = db.prepare('UPDATE build SET rpms_known = 1 WHERE build_key = ?');
    this.#setState = db.prepare('UPDATE build SET state = ?, indexed_at = ? WHERE build_key = ?');
  }

  replaceBuild(
    instance: string,
    build: KojiBuild,
    rpms: readonly IndexedRpm[] | null,
    archives: readonly IndexedArchive[] | null,
  ): void {
    const instanceKey = this.#instances.findOrMake(instance);
    this.#write((totals) => {
      const buildKey = this.#putBuild(instanceKey, build, totals);
      if (archives !== null) {
        this.#replaceListed<KojiArchiveId, IndexedArchive>(
          buildKey,
          archives,
          ({ kojiArchiveId }) => kojiArchiveId,
          this.#archives,
          totals,
        );
      }
      if (rpms === null) return;
      const now = this.#now();
      const isRecent = build.completedAt !== null && now - build.completedAt * 1000 < COPY_EXPECTED;
      totals.rpms += this.#replaceListed<KojiRpmId, IndexedRpm>(
        buildKey,
        rpms,
        ({ kojiRpmId }) => kojiRpmId,
        this.#rpms,
        totals,
        (rpmKey, { signatures }, isNew) => {
          if (signatures === 'keep') return;
          this.#signedCopies.replace(rpmKey, signatures, now, isRecent || !isNew);
        },
      );
      this.#setRpmsKnown.run(buildKey);
    });
  }

  markBuildGone(instance: string, kojiBuildId: KojiBuildId): void {
    const instanceKey = this.#instances.find(instance);
    if (instanceKey === null) return;
    this.#write(() => {
      const buildKey = this.#selectBuild.get(instanceKey, kojiBuildId);
      if (buildKey !== undefined) this.#setState.run(DELETED, this.#now(), buildKey);
    });
  }

  replaceLocalRpms(rpms: readonly LocalRpm[]): Map<string, DarkserverError> {
    const errors = new Map<string, DarkserverError>();
    this.#write((totals) => {
      for (const rpm of rpms) {
        const problem = problemWithFiles(rpm.files);
        if (problem === null) this.#replaceLocalRpm(rpm, totals);
        else errors.set(rpm.path, new DarkserverError('limit', `${rpm.path}: ${problem}`));
      }
    });
    return errors;
  }

  #write(work: (totals: TotalsRow) => void): void {
    try {
      this.#transaction(() => {
        const totals = { builds: 0, rpms: 0, files: 0, build_ids: 0 };
        work(totals);
        this.#totals.add(totals);
      });
    } catch (thrown) {
      this.#directories.forget();
      throw thrown;
    } finally {
      this.#files.forget();
    }
  }

  #replaceLocalRpm({ path, facts, files }: LocalRpm, totals: TotalsRow): void {
    const place = this.#directories.findOrMake(path);
    const known = this.#rpms.findLocal(place);
    const rpmKey = known ?? this.#rpms.insertLocal(place, facts);
    if (known === null) totals.rpms++;
    else this.#rpms.update(known, facts, null);
    addTotals(totals, this.#files.replace(rpmKey, files));
  }

  #putBuild(instanceKey: number, build: KojiBuild, totals: TotalsRow): number {
    const columns = buildColumns(build, this.#now());
    const known = this.#selectBuild.get(instanceKey, build.kojiBuildId);
    if (known !== undefined) {
      this.#updateBuild.run(...columns, known);
      return known;
    }
    totals.builds++;
    return Number(this.#insertBuild.run(instanceKey, build.kojiBuildId, ...columns).lastInsertRowid);
  }

  /** Makes these the RPMs, or the archives, of the build; returns how many of them are new. */
  #replaceListed<Id extends number, T extends { readonly files: IndexedFiles }>(
    buildKey: number,
    listed: readonly T[],
    idOf: (each: T) => Id,
    rows: HolderRows<Id, T>,
    totals: TotalsRow,
    onStored?: (key: number, listed: T, isNew: boolean) => void,
  ): number {
    const known = rows.keysOfBuild(buildKey);
    const unlisted = new Set(known.values());
    let added = 0;
    for (const each of listed) {
      const content = contentOf(each.files);
      const error = content === 'keep' ? 'keep' : 'error' in content ? content : null;
      let key = known.get(idOf(each));
      const isNew = key === undefined;
      if (key !== undefined) {
        unlisted.delete(key);
        rows.update(key, each, error);
      } else {
        if (error === 'keep') throw new Error(`Koji’s ${idOf(each)} is to be kept, and was never stored`);
        key = rows.insert(buildKey, each, error);
        known.set(idOf(each), key);
        added++;
      }
      if (content !== 'keep' && !('error' in content)) addTotals(totals, this.#files.replace(key, content));
      onStored?.(key, each, isNew);
    }
    for (const key of unlisted) rows.supersede(key);
    return added;
  }
}

/** Rows of what holds files and is listed in builds. */
interface HolderRows<Id, T> {
  keysOfBuild(buildKey: number): Map<Id, number>;
  insert(buildKey: number, listed: T, error: ReadError | null): number;
  update(key: number, listed: T, error: ReadError | null | 'keep'): void;
  supersede(key: number): void;
}

type BuildColumns = [
  name: string,
  epoch: number | null,
  version: string,
  release: string,
  state: number,
  draft: number,
  volume: string,
  completedAt: number | null,
  indexedAt: number,
];

function buildColumns(build: KojiBuild, now: number): BuildColumns {
  const { name, epoch, version, release, state, draft, volume, completedAt } = build;
  return [
    name,
    epoch,
    version,
    release,
    BUILD_STATES.indexOf(state),
    draft ? 1 : 0,
    volume,
    completedAt,
    now,
  ];
}

/** What an RPM holds; one that breaks a bound must not keep the others of its build out of the index. */
function contentOf(files: IndexedFiles): IndexedFiles {
  const problem = Array.isArray(files) ? problemWithFiles(files as readonly StoredFile[]) : null;
  return problem === null ? files : { error: 'limit', message: problem };
}

function addTotals(totals: TotalsRow, change: { files: number; build_ids: number }): void {
  totals.files += change.files;
  totals.build_ids += change.build_ids;
}
