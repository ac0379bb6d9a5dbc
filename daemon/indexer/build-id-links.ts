import { parseBuildId } from '../../shared/build-id.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';
import { decodeRpmText } from '../../shared/rpm/text.ts';

/**
 * The symbolic links that name build-ids: <tree>/<first two digits>/<the others>. rpm since 4.14 makes them
 * for the executable ELF files of every package in the first tree, and for debuginfo files (and, of the kind
 * "compat", their programs) in the second; find-debuginfo.sh did so before, in the second tree only. Further
 * files with the same id get a number: ".1", before or behind the ".debug" of a debuginfo file.
 * Source: rpm's build/files.c (generateBuildIDs) and scripts/find-debuginfo.sh.
 */
const TREES = ['usr/lib/.build-id/', 'usr/lib/debug/.build-id/'];
/** PATH_MAX of Linux: no link leads further. */
const TARGET_BYTES_MAX = 4096;
const NAME_IN_TREE = /^([0-9a-f]{2})\/([0-9a-f]+)(?:\.\d+)?(?:\.debug)?(?:\.\d+)?$/;

/**
 * Finds what links of the package say of those of its files that are `wanted`, by index. A link that leads
 * out of the package or over another link says nothing; a file to which links give several ids has none here.
 */
export function readBuildIdLinks(files: RpmFileList, wanted: readonly number[]): Map<number, BuildId> {
  const found = new Map<number, BuildId>();
  if (wanted.length === 0) return found;
  const targets = readLinkTargets(files);
  for (const index of wanted) {
    const buildId = targets.get(files.nameKey(index));
    if (buildId !== undefined && buildId !== null) found.set(index, buildId);
  }
  return found;
}

/**
 * What links of a debuginfo package say of the files of its main packages, by absolute path: before rpm 4.14 they
 * were all in the debuginfo package, those to the stripped programs too.
 */
export function readLinksElsewhere(files: RpmFileList): Map<string, BuildId> {
  const targets = readLinkTargets(files);
  for (let index = 0; index < files.count; index++) targets.delete(files.nameKey(index));
  const found = new Map<string, BuildId>();
  for (const [target, buildId] of targets) {
    if (buildId !== null) found.set(`/${decodeRpmText(Buffer.from(target, 'latin1'))}`, buildId);
  }
  return found;
}

/** By the target's path without its leading "/"; null where links to one file name several ids. */
function readLinkTargets(files: RpmFileList): Map<string, BuildId | null> {
  const targets = new Map<string, BuildId | null>();
  for (let link = 0; link < files.count; link++) {
    if (!files.isSymlink(link) || !TREES.some((tree) => files.isBelow(link, `/${tree}`))) continue;
    const name = files.nameKey(link);
    const buildId = idOfLink(name);
    const target = buildId === null ? null : resolveLink(name, files.linkTarget(link));
    if (buildId === null || target === null) continue;
    const other = targets.get(target);
    targets.set(target, other === undefined || other === buildId ? buildId : null);
  }
  return targets;
}

function idOfLink(name: string): BuildId | null {
  const tree = TREES.find((start) => name.startsWith(start));
  const match = NAME_IN_TREE.exec(name.slice(tree?.length));
  return match === null ? null : parseBuildId(`${match[1] ?? ''}${match[2] ?? ''}`);
}

/** The target's path without its leading "/"; null for one that leads above the root or is too long. */
function resolveLink(name: string, target: string): string | null {
  if (target.length > TARGET_BYTES_MAX) return null;
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
