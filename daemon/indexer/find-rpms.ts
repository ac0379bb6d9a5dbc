import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DarkserverError } from '../../shared/errors.ts';

export interface FoundRpm {
  /** As whoever named it would write it. */
  readonly path: string;
  /** Without symbolic links. */
  readonly realPath: string;
}

/**
 * Finds RPM files. A path that is a file is taken whatever its name; of a tree, the files named *.rpm, in
 * the order of their names. Symbolic links are followed, as a topdir has its volumes behind some; no
 * directory is entered twice, so that links in a circle end.
 *
 * Throws `missing_file` for a given path that is not there. Below it, links that lead nowhere and
 * directories that vanish or may not be read are passed over, and told to `onSkipped`.
 */
export async function* findRpms(
  paths: readonly string[],
  onSkipped: (path: string, reason: string) => void,
): AsyncGenerator<FoundRpm, void> {
  const entered = new Set<string>();
  for (const path of paths) {
    if (await isDirectory(path)) yield* walk(path, entered, onSkipped);
    else yield { path, realPath: await realpath(path) };
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new DarkserverError('missing_file', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function* walk(
  directory: string,
  entered: Set<string>,
  onSkipped: (path: string, reason: string) => void,
): AsyncGenerator<FoundRpm, void> {
  let real: string;
  let entries: Dirent[];
  try {
    real = await realpath(directory);
    if (entered.has(real)) return;
    entered.add(real);
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    onSkipped(directory, messageOf(error));
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(directory, entry.name);
    const found = entry.isSymbolicLink()
      ? await followLink(path, onSkipped)
      : { type: entry, realPath: join(real, entry.name) };
    if (found?.type.isDirectory() === true) yield* walk(path, entered, onSkipped);
    else if (found?.type.isFile() === true && entry.name.endsWith('.rpm')) {
      yield { path, realPath: found.realPath };
    }
  }
}

async function followLink(
  path: string,
  onSkipped: (path: string, reason: string) => void,
): Promise<{ type: Pick<Dirent, 'isDirectory' | 'isFile'>; realPath: string } | null> {
  try {
    return { type: await stat(path), realPath: await realpath(path) };
  } catch (error) {
    onSkipped(path, messageOf(error));
    return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
