import { parseBuildId } from '../../shared/build-id.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';

/**
 * The symbolic links that name build-ids: <tree>/<first two digits>/<the others>. rpm since 4.14 makes them
 * for the executable ELF files of every package in the first tree, and for debuginfo files (and, of the kind
 * "compat", their programs) in the second; find-debuginfo.sh did so before, in the second tree only. Further
 * files with the same id get a number: ".1", before or behind the ".debug" of a debuginfo file.
 * Source: rpm's build/files.c (generateBuildIDs) and scripts/find-debuginfo.sh.
 */
const TREES = ['usr/lib/.build-id/', 'usr/lib/debug/.build-id/'];
const NAME_IN_TREE = /^([0-9a-f]{2})\/([0-9a-f]+)(?:\.\d+)?(?:\.debug)?(?:\.\d+)?$/;

/**
 * Finds what links of the package say of those of its files that are `wanted`, by index. A link that leads
 * out of the package or over another link says nothing; a file to which links give several ids has none here.
 */
export function readBuildIdLinks(files: RpmFileList, wanted: readonly number[]): Map<number, BuildId> {
  const found = new Map<number, BuildId>();
  if (wanted.length === 0) return found;
  const indexes = new Map(wanted.map((index) => [files.nameKey(index), index]));
  const contradicted = new Set<number>();
  for (let link = 0; link < files.count; link++) {
    if (!files.isSymlink(link) || !TREES.some((tree) => files.isBelow(link, `/${tree}`))) continue;
    const name = files.nameKey(link);
    const buildId = idOfLink(name);
    const target = buildId === null ? null : resolveLink(name, files.linkTarget(link));
    const index = target === null ? undefined : indexes.get(target);
    if (buildId === null || index === undefined) continue;
    const other = found.get(index);
    if (other !== undefined && other !== buildId) contradicted.add(index);
    found.set(index, buildId);
  }
  for (const index of contradicted) found.delete(index);
  return found;
}

function idOfLink(name: string): BuildId | null {
  const tree = TREES.find((start) => name.startsWith(start));
  const match = NAME_IN_TREE.exec(name.slice(tree?.length));
  return match === null ? null : parseBuildId(`${match[1] ?? ''}${match[2] ?? ''}`);
}

/** The target's path without its leading "/"; null for one that leads above the root. */
function resolveLink(name: string, target: string): string | null {
  const path = target.startsWith('/') ? [] : name.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') {
      if (path.pop() === undefined) return null;
    } else if (part !== '' && part !== '.') {
      path.push(part);
    }
  }
  return path.join('/');
}
