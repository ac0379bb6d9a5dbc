import type { BuildId } from '../../shared/build-id.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';
import { readBuildIdLinks } from './build-id-links.ts';
import { FileClasses, isCompressedModule, isRpmSince, isWholeWithoutId } from './file-class.ts';
import type { FileClass } from './file-class.ts';
import { kindByHeader } from './file-kind.ts';
import type { LikelyKind } from './file-kind.ts';
import type { RpmHead } from './rpm-head.ts';
import type { Evidence } from './types.ts';

/**
 * What an RPM's header proves of each regular file: this build-id; surely none; cannot say.
 *
 * The evidence is the file's class, and where that is silent the package's own .build-id links, those of the
 * debuginfo package of the same build, or the build-id that a debuginfo package provides.
 */
export interface HeaderEvidence {
  readonly proved: readonly ProvedFile[];
  /** Indexes of the files of which only the payload can say. */
  readonly unknown: readonly number[];
  /** True if the links of a debuginfo package may say more of them: this package's libmagic printed no ids. */
  readonly isAskingDebuginfo: boolean;
}

interface ProvedFile extends LikelyKind {
  readonly index: number;
  readonly path: string;
  readonly buildId: BuildId;
  readonly evidence: Exclude<Evidence, 'payload'>;
}

/** Build-ids of files of other packages, by path. */
export type BuildIdsByPath = ReadonlyMap<string, BuildId>;

/** Bytes of the smallest ELF header with the smallest note that holds a build-id. */
const ELF_BYTES_MIN = 52 + 12 + 4 + 2;

/** Hex digits of the ids that every libmagic prints that prints any. */
const PRINTED_HEX_LENGTHS: ReadonlySet<number> = new Set([32, 40]);

/** True for files that may hold a build-id as far as mode, size and flags tell. */
export function mayHoldBuildId(files: RpmFileList, index: number): boolean {
  return files.isRegular(index) && !files.isGhost(index) && files.size(index) >= ELF_BYTES_MIN;
}

/** `debuginfoLinks`: what debuginfo packages of the same build and architecture say of other packages' files. */
export function readHeaderEvidence(
  { files, rpmVersion, providedBuildIds }: Pick<RpmHead, 'files' | 'rpmVersion' | 'providedBuildIds'>,
  debuginfoLinks: BuildIdsByPath = new Map(),
): HeaderEvidence {
  const classes = new FileClasses(files, rpmVersion);
  const proved: ProvedFile[] = [];
  const silent: SilentFile[] = [];
  for (let index = 0; index < files.count; index++) {
    if (!mayHoldBuildId(files, index)) continue;
    const fileClass = classes.of(index);
    if (fileClass.says === 'elf' && fileClass.buildId !== null) {
      const path = files.path(index);
      const { kind, isKindSure } = kindByHeader(path, files.isExecutable(index), fileClass.text);
      proved.push({ index, path, buildId: fileClass.buildId, kind, isKindSure, evidence: 'file-class' });
    } else if (fileClass.says !== 'not-elf') {
      silent.push({ index, fileClass });
    }
  }
  if (silent.length === 0) return { proved, unknown: [], isAskingDebuginfo: false };
  const links = readBuildIdLinks(
    files,
    silent.map(({ index }) => index).filter((index) => !isCompressedModule(files, index)),
  );
  const isIdPrinted = proved.length > 0 || (isRpmSince(rpmVersion, 14) && !isContradicted(silent, links));
  const rest: number[] = [];
  const ask = new SilentFiles(files, isIdPrinted, links, debuginfoLinks);
  for (const file of silent) {
    const verdict = ask.verdictOn(file);
    if (verdict === 'cannot say') rest.push(file.index);
    else if (verdict !== 'none') proved.push(verdict);
  }
  const provided = byProvides(files, rest, providedBuildIds);
  if (provided !== null) return { proved: [...proved, provided], unknown: [], isAskingDebuginfo: false };
  const isAskingDebuginfo = !isIdPrinted && silent.some(({ fileClass }) => fileClass.says === 'elf');
  return { proved, unknown: rest, isAskingDebuginfo };
}

/** A file whose class names no id and does not exclude one. */
interface SilentFile {
  readonly index: number;
  readonly fileClass: Exclude<FileClass, { says: 'not-elf' }>;
}

/**
 * rpm 4.14 is of 2017, and libmagic has printed ids since file 5.11 of 2012 or longer; but one that names no id of a
 * file to which a link gives a usual one does not print them.
 */
function isContradicted(silent: readonly SilentFile[], links: ReadonlyMap<number, BuildId>): boolean {
  return silent.some(
    ({ index, fileClass }) =>
      fileClass.says === 'elf' && PRINTED_HEX_LENGTHS.has(links.get(index)?.length ?? 0),
  );
}

class SilentFiles {
  readonly #files: RpmFileList;
  readonly #isIdPrinted: boolean;
  readonly #links: ReadonlyMap<number, BuildId>;
  readonly #debuginfoLinks: BuildIdsByPath;

  constructor(
    files: RpmFileList,
    isIdPrinted: boolean,
    links: ReadonlyMap<number, BuildId>,
    debuginfoLinks: BuildIdsByPath,
  ) {
    this.#files = files;
    this.#isIdPrinted = isIdPrinted;
    this.#links = links;
    this.#debuginfoLinks = debuginfoLinks;
  }

  /**
   * An ELF file without a word of an id has none, where libmagic prints them: an id that it does not print has
   * fewer than 4 bytes or more than 20, which takes a linker's `--build-id=0x…` or mold's `sha256`, and if it has
   * between 21 and 64 there is a link. On the other hand a link to an id that it would have printed is not believed.
   */
  verdictOn({ index, fileClass }: SilentFile): ProvedFile | 'none' | 'cannot say' {
    const text = fileClass.says === 'elf' ? fileClass.text : '';
    const isPrinted = fileClass.says === 'elf' && this.#isIdPrinted;
    const linked = this.#links.get(index);
    if (linked !== undefined) {
      return isPrinted && PRINTED_HEX_LENGTHS.has(linked.length)
        ? 'cannot say'
        : this.#proved(index, this.#files.path(index), linked, text, 'link');
    }
    if (isPrinted && isWholeWithoutId(text)) return 'none';
    // Mostly there are no links, and thousands of modules whose paths need not be made.
    if (isPrinted || this.#debuginfoLinks.size === 0) return 'cannot say';
    const path = this.#files.path(index);
    const elsewhere = this.#debuginfoLinks.get(path);
    return elsewhere === undefined
      ? 'cannot say'
      : this.#proved(index, path, elsewhere, text, 'debuginfo-link');
  }

  #proved(
    index: number,
    path: string,
    buildId: BuildId,
    text: string,
    evidence: ProvedFile['evidence'],
  ): ProvedFile {
    return { index, path, buildId, ...kindByHeader(path, this.#files.isExecutable(index), text), evidence };
  }
}

/**
 * The one debuginfo file of a package that provides one build-id has it: debuginfo packages provide
 * "debuginfo(build-id)" of each of their debuginfo files (rpm's fileattrs/debuginfo.attr), without saying whose.
 */
function byProvides(
  files: RpmFileList,
  silent: readonly number[],
  provided: readonly BuildId[],
): ProvedFile | null {
  const [index] = silent;
  const [buildId] = provided;
  if (index === undefined || buildId === undefined || silent.length > 1 || provided.length > 1) return null;
  if (!files.isBelow(index, '/usr/lib/debug/') || !files.nameEndsWith(index, '.debug')) return null;
  const path = files.path(index);
  return { index, path, buildId, kind: 'debuginfo', isKindSure: true, evidence: 'provides' };
}
