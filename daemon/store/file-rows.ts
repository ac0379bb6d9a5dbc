import type { Statement } from 'better-sqlite3';
import { BUILD_ID_MAX_BYTES, type BuildId } from '../../shared/build-id.ts';
import type { FileKind } from '../../shared/elf/kind.ts';
import type { Directories } from './directories.ts';
import type { Database } from './open.ts';
import { pathNumber } from './path-number.ts';
import { STORED_EVIDENCE, type StoredFile } from './types.ts';

const FILE_BITS = 20;

/** Files that an RPM can have in the index; the largest kernels have some ten thousand. */
const MAX_FILES_OF_RPM = 2 ** FILE_BITS;

/** Linux's PATH_MAX: nothing with a longer path can be installed, and a path makes a row for each "/". */
const MAX_PATH = 4096;

/**
 * Different build-ids of one RPM that may begin with the same bytes as far as these are indexed. Linkers make
 * them by hashing, so that two would be news; a package made to break this would cost the square of it.
 */
const MAX_ALIKE = 1000;

const KINDS = ['executable', 'debuginfo'] as const satisfies readonly FileKind[];

/** Bytes of a build-id in its index: see file_by_build_id in schema.sql. */
export const INDEXED_BYTES = 4;

/** The columns of a file but its build-id, which who asks by it knows. */
export type FileRow = [file_key: number, kind_evidence: number, directory_key: number, name: string];

export interface FileTotals {
  files: number;
  build_ids: number;
}

/** The key of the first possible file of an RPM or archive. Exact: 2^33 of each fit into JavaScript's numbers. */
export function firstFileKey(holderKey: number): number {
  return holderKey * MAX_FILES_OF_RPM;
}

/** holderKeyOf in SQL. */
export const HOLDER_KEY = `(file_key >> ${FILE_BITS})`;

/** The rpm_key, or the archive_key where it is negative. */
export function holderKeyOf(fileKey: number): number {
  return Math.floor(fileKey / MAX_FILES_OF_RPM);
}

/** Why these files cannot be stored, null if they can. */
export function problemWithFiles(files: readonly StoredFile[]): string | null {
  if (files.length > MAX_FILES_OF_RPM) {
    return `${files.length} files with a build-id in one RPM are more than the index holds (${MAX_FILES_OF_RPM})`;
  }
  const long = files.find((file) => file.path.length > MAX_PATH);
  if (long !== undefined) return `a path of ${long.path.length} characters is more than ${MAX_PATH}`;
  const alike = files.length > MAX_ALIKE ? mostAlike(files) : 0;
  return alike > MAX_ALIKE ? `${alike} of its build-ids begin with the same ${INDEXED_BYTES} bytes` : null;
}

function mostAlike(files: readonly StoredFile[]): number {
  const distinct = new Set(files.map((file) => file.buildId));
  const counts = new Map<string, number>();
  for (const buildId of distinct) {
    const start = buildId.slice(0, 2 * INDEXED_BYTES);
    counts.set(start, (counts.get(start) ?? 0) + 1);
  }
  return Math.max(...new Set(counts.values()));
}

export function fileOfRow(row: FileRow, buildId: BuildId, directories: Directories): StoredFile {
  const [fileKey, kindEvidence, directoryKey, name] = row;
  const evidence = STORED_EVIDENCE[kindEvidence >> 1];
  if (evidence === undefined) throw new Error(`kind_evidence ${kindEvidence} of file ${fileKey}`);
  return {
    path: directories.pathOf({ directoryKey, name }),
    buildId,
    kind: KINDS[(kindEvidence & 1) as 0 | 1],
    evidence,
  };
}

const SCRATCH = Buffer.alloc(BUILD_ID_MAX_BYTES);
const VIEWS = Array.from({ length: BUILD_ID_MAX_BYTES + 1 }, (_, length) => SCRATCH.subarray(0, length));

/** Valid until the next call: one Buffer a row is a good part of what writing it costs. */
function bytesOf(buildId: BuildId): Buffer {
  const bytes = VIEWS[SCRATCH.write(buildId, 'hex')];
  if (bytes === undefined || 2 * bytes.length !== buildId.length)
    throw new Error(`"${buildId}" is no build-id`);
  return bytes;
}

/** Writes the rows of table file, an RPM or archive at a time. */
export class FileRows {
  readonly #directories: Directories;
  readonly #selectBuildIds: Statement<[number, number], Buffer>;
  readonly #delete: Statement<[number, number]>;
  readonly #insert: Statement<[number, Buffer, number, number, number, string]>;
  readonly #exists: Statement<[Buffer, Buffer], number>;
  /** Build-ids that the transaction has met, and which therefore are there: a program's is its debuginfo's, too. */
  readonly #met = new Set<BuildId>();

  constructor(db: Database, directories: Directories) {
    this.#directories = directories;
    this.#selectBuildIds = db
      .prepare<[number, number], Buffer>('SELECT build_id FROM file WHERE file_key >= ? AND file_key < ?')
      .pluck();
    this.#delete = db.prepare('DELETE FROM file WHERE file_key >= ? AND file_key < ?');
    this.#insert = db.prepare(
      `INSERT INTO file (file_key, build_id, kind_evidence, directory_key, path_number, name)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#exists = db
      .prepare<[Buffer, Buffer], number>(
        'SELECT 1 FROM file INDEXED BY file_by_build_id WHERE substr(build_id, 1, 4) = ? AND build_id = ? LIMIT 1',
      )
      .pluck();
  }

  /** Makes these the rows of the RPM or archive, and returns by how much the totals change. */
  replace(holderKey: number, files: readonly StoredFile[]): FileTotals {
    const change = this.#remove(holderKey);
    let fileKey = firstFileKey(holderKey);
    for (const file of files) {
      const buildId = bytesOf(file.buildId);
      // The entry's place in the index is about to be written, so that looking there first costs little.
      if (!this.#met.has(file.buildId) && !this.#known(buildId)) change.build_ids++;
      this.#met.add(file.buildId);
      const place = this.#directories.findOrMake(file.path);
      const kindEvidence = KINDS.indexOf(file.kind) + 2 * STORED_EVIDENCE.indexOf(file.evidence);
      this.#insert.run(fileKey++, buildId, kindEvidence, place.directoryKey, pathNumber(place), place.name);
    }
    change.files += files.length;
    return change;
  }

  /** At the end of a transaction: it may be rolled back, and others write after it. */
  forget(): void {
    this.#met.clear();
  }

  #remove(holderKey: number): FileTotals {
    const range = [firstFileKey(holderKey), firstFileKey(holderKey + 1)] as const;
    const buildIds = this.#selectBuildIds.all(...range);
    if (buildIds.length === 0) return { files: 0, build_ids: 0 };
    this.#delete.run(...range);
    this.#met.clear();
    const distinct = new Map(buildIds.map((buildId) => [buildId.toString('latin1'), buildId]));
    const gone = [...distinct.values()].filter((buildId) => !this.#known(buildId)).length;
    return { files: -buildIds.length, build_ids: -gone };
  }

  #known(buildId: Buffer): boolean {
    return this.#exists.get(buildId.subarray(0, INDEXED_BYTES), buildId) !== undefined;
  }
}
