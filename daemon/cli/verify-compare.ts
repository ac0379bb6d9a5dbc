import type { ScannedFile } from '../indexer/types.ts';
import type { StoredFile } from '../store/types.ts';

/**
 * missing: the payload has a file with a build-id, the index has no row for it.
 * wrong_build_id: both have the file, with different build-ids.
 * wrong_kind: they agree but for executable or debuginfo.
 * not_in_payload: the index has a row, and the payload no file of this path with a build-id.
 */
export const PROBLEMS = ['missing', 'wrong_build_id', 'wrong_kind', 'not_in_payload'] as const;
export type Problem = (typeof PROBLEMS)[number];

/** What the index says of a file and what the payload says, null where it says nothing. */
export interface Disagreement {
  readonly problem: Problem;
  readonly path: string;
  readonly index: StoredFile | null;
  readonly payload: ScannedFile | null;
}

/** Compares what the index holds of an RPM with what was found in its payload. Evidence is not compared. */
export function compareFiles(
  index: readonly StoredFile[],
  payload: readonly ScannedFile[],
): readonly Disagreement[] {
  const found = new Map<string, ScannedFile[]>();
  for (const file of payload) found.set(file.path, [...(found.get(file.path) ?? []), file]);
  // Broken packages may list a path twice, hence first what agrees, and then the rest in its order.
  const others = index.filter((row) => !takeFirst(found.get(row.path), (file) => isSame(row, file)));
  const disagreements = others.map((row): Disagreement => {
    const file = takeFirst(found.get(row.path), () => true);
    return { problem: problemOf(row, file), path: row.path, index: row, payload: file };
  });
  for (const file of [...found.values()].flat()) {
    disagreements.push({ problem: 'missing', path: file.path, index: null, payload: file });
  }
  return disagreements;
}

function isSame(row: StoredFile, file: ScannedFile): boolean {
  return row.buildId === file.buildId && row.kind === file.kind;
}

function problemOf(row: StoredFile, file: ScannedFile | null): Problem {
  if (file === null) return 'not_in_payload';
  return row.buildId === file.buildId ? 'wrong_kind' : 'wrong_build_id';
}

function takeFirst(files: ScannedFile[] | undefined, wanted: (file: ScannedFile) => boolean) {
  const at = files?.findIndex(wanted) ?? -1;
  return at === -1 ? null : (files?.splice(at, 1)[0] ?? null);
}
