import { parseBuildId } from '../../shared/build-id.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { FileKind } from '../../shared/elf/kind.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';
import { readBuildIdLinks } from './build-id-links.ts';
import type { Evidence } from './types.ts';

/**
 * What an RPM's header proves of each regular file: this build-id; surely none; cannot say.
 *
 * The evidence is the file's class, which is what libmagic said of it when the package was built, and the
 * package's own .build-id links where the class is silent. Facts behind the rules for classes, from rpm's build/rpmfc.c and libmagic's readelf.c:
 * - libmagic prints the build-id of every ELF file that has one, provided that it is recent enough (RHEL 6
 *   has an older one) and that the id is of a usual length (older: 16 or 20 bytes; newer: 4 to 20). An ELF
 *   class without an id therefore proves nothing of programs and libraries.
 * - rpm keeps the words of classes that it thinks of use, ELF's among them, and "" for all others.
 * - rpm does not ask libmagic about files with certain suffixes, and none at all below /dev.
 * - packages of rpm 6 have MIME types instead of classes, which tell ELF files from others and no ids.
 * - libmagic looks into compressed files, and says what is inside before "(XZ compressed data…)".
 */
export interface HeaderEvidence {
  readonly proved: readonly ProvedFile[];
  /** Indexes of the files of which only the payload can say. */
  readonly unknown: readonly number[];
}

interface ProvedFile {
  readonly index: number;
  readonly buildId: BuildId;
  readonly kind: FileKind;
  readonly evidence: Exclude<Evidence, 'payload'>;
  /** False if the path leaves open what kind of file it is, so that `kind` is the likelier one. */
  readonly isKindSure: boolean;
}

/** Bytes of the smallest ELF header with the smallest note that holds a build-id. */
const ELF_BYTES_MIN = 52 + 12 + 4 + 2;

/** Kernel modules are the compressed files that hold ELF files for somebody to run. */
const COMPRESSED_MODULE_SUFFIXES = ['.ko.xz', '.ko.zst', '.ko.gz'];

/** Hex digits of the ids that every libmagic prints that prints any. */
const PRINTED_HEX_LENGTHS: ReadonlySet<number> = new Set([32, 40]);

/**
 * What libmagic says of an object of which it has read all sections: ", stripped" or ", not stripped" comes
 * last, and complaints (too many notes, missing section headers) come instead of it or behind it.
 */
const WHOLE_OBJECT =
  /^ELF (?:32|64)-bit [LM]SB relocatable, .+ version 1 \([^()]*\)(?:, for [\w/ .]+)?(?:, with debug_info)?, (?:not )?stripped$/;

/** Objects that are made by `ld -r`, as kernel modules are, rather than by a compiler. */
const LINKED_OBJECT_SUFFIXES = ['.ko', '.debug'];

/** The only ELF files without a machine: guile's own linker makes them, with no notes. */
const GUILE_OBJECT =
  /^ELF (?:32|64)-bit [LM]SB shared object, no machine, version 1 \(embedded\), dynamically linked(?:, with debug_info)?, (?:not )?stripped$/;

/**
 * MIME types that are not those of ELF files (application/x-…), nor of what libmagic could not read
 * (application/octet-stream). They say nothing of ids.
 */
const NOT_ELF_MIME_TYPE =
  /^(?:(?:text|image|audio|video|font)\/.+|inode\/x-empty|application\/(?:gzip|x-xz|zstd|x-bzip2|zip|pdf|json))$/;

/** Suffixes that rpm takes for the class itself, in one of its versions or another. */
const CLASS_BY_SUFFIX = ['.pm', '.la', '.pc', '.c', '.h', '.html', '.png', '.svg'];

/**
 * Sources as debuginfo packages hold them; in those of RHEL 6 and 7, which have no classes, by far the most
 * files, and the last ones of the payload. find-debuginfo.sh takes them from the line tables of programs.
 */
const SOURCES_DIRECTORY = '/usr/src/debug/';
const SOURCE_SUFFIXES = [
  ...['.c', '.h', '.S', '.s', '.cc', '.hh', '.cpp', '.hpp', '.cxx', '.hxx', '.C', '.H', '.c++', '.tcc'],
  ...['.inc', '.def', '.y', '.l', '.m', '.f', '.F', '.f90', '.F90', '.go', '.rs', '.ml', '.vala', '.asm'],
];

type FileClass =
  | { readonly says: 'elf'; readonly buildId: BuildId | null; readonly text: string }
  | { readonly says: 'not-elf' }
  | { readonly says: 'nothing' };

export function isCompressedModule(files: RpmFileList, index: number): boolean {
  return COMPRESSED_MODULE_SUFFIXES.some((suffix) => files.nameEndsWith(index, suffix));
}

/** True for files that may hold a build-id as far as mode, size and flags tell. */
export function mayHoldBuildId(files: RpmFileList, index: number): boolean {
  return files.isRegular(index) && !files.isGhost(index) && files.size(index) >= ELF_BYTES_MIN;
}

/** `rpmVersion` is that of the rpm that built the package, "4.18.0", or null. */
export function readHeaderEvidence(files: RpmFileList, rpmVersion: string | null): HeaderEvidence {
  const classes = new Map<number, FileClass>();
  const proved: ProvedFile[] = [];
  const unknown: number[] = [];
  for (let index = 0; index < files.count; index++) {
    if (!mayHoldBuildId(files, index)) continue;
    const fileClass = classOf(files, index, classes);
    if (fileClass.says === 'nothing' || (fileClass.says === 'elf' && fileClass.buildId === null)) {
      unknown.push(index);
    } else if (fileClass.says === 'elf' && fileClass.buildId !== null) {
      const kind = kindByHeader(files.path(index), fileClass.text);
      proved.push({ index, buildId: fileClass.buildId, ...kind, evidence: 'file-class' });
    }
  }
  return unknown.length === 0
    ? { proved, unknown }
    : askAgain(files, proved, unknown, classes, proved.length > 0 || isRecentRpm(rpmVersion));
}

/**
 * Asks the links about the files whose class does not say, and then whether what the class does say excludes
 * an id. Where it is known that libmagic printed ids, a link to an id that it would have printed is not
 * believed.
 */
function askAgain(
  files: RpmFileList,
  byClass: readonly ProvedFile[],
  unknown: readonly number[],
  classes: ReadonlyMap<number, FileClass>,
  isIdPrinted: boolean,
): HeaderEvidence {
  const links = readBuildIdLinks(
    files,
    unknown.filter((index) => !isCompressedModule(files, index)),
  );
  const proved = [...byClass];
  const rest: number[] = [];
  for (const index of unknown) {
    const buildId = links.get(index);
    const fileClass = classes.get(files.classIndex(index) ?? -1);
    const elf = fileClass?.says === 'elf' ? fileClass : null;
    if (buildId === undefined) {
      if (elf === null || !isIdPrinted || !isWithoutId(files, index, elf.text)) rest.push(index);
    } else if (elf !== null && isIdPrinted && PRINTED_HEX_LENGTHS.has(buildId.length)) {
      rest.push(index);
    } else {
      proved.push({ index, buildId, ...kindByHeader(files.path(index), elf?.text ?? ''), evidence: 'link' });
    }
  }
  return { proved, unknown: rest };
}

/**
 * True for ELF files that nothing gives an id, if libmagic names none: what compilers make. An id of a length
 * that libmagic does not print takes a linker's `--build-id=0x…`, or `sha256` of mold: any program or library
 * may have one, and for all that can be known a kernel module.
 */
function isWithoutId(files: RpmFileList, index: number, classText: string): boolean {
  if (GUILE_OBJECT.test(classText)) return true;
  const mayBeLinked =
    LINKED_OBJECT_SUFFIXES.some((suffix) => files.nameEndsWith(index, suffix)) ||
    files.isBelow(index, '/usr/lib/debug/') ||
    files.isBelow(index, '/lib/modules/') ||
    files.isBelow(index, '/usr/lib/modules/');
  return !mayBeLinked && WHOLE_OBJECT.test(classText);
}

/** rpm 4.14 is of 2017; libmagic has printed ids since file 5.11 of 2012 or longer. */
function isRecentRpm(version: string | null): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)(?:\.|$)/.exec(version ?? '') ?? [];
  return Number(major) > 4 || (Number(major) === 4 && Number(minor) >= 14);
}

function classOf(files: RpmFileList, index: number, known: Map<number, FileClass>): FileClass {
  if (isCompressedModule(files, index)) return { says: 'nothing' };
  const classIndex = files.classIndex(index);
  if (classIndex === null && isSource(files, index)) return { says: 'not-elf' };
  const fileClass = classIndex === null ? mimeClassOf(files, index) : parsedClass(files, classIndex, known);
  if (fileClass.says !== 'not-elf') return fileClass;
  // Nobody looked at such a file. What is not meant to run is taken to be what its name says: perl's
  // modules and pkgconfig's files are in every second package, and none was ever seen to be ELF.
  const wasNotLookedAt =
    files.isExecutable(index) && CLASS_BY_SUFFIX.some((suffix) => files.nameEndsWith(index, suffix));
  return wasNotLookedAt || files.isBelow(index, '/dev/') ? { says: 'nothing' } : fileClass;
}

/** Classes are few and files are many. */
function parsedClass(files: RpmFileList, classIndex: number, known: Map<number, FileClass>): FileClass {
  const fileClass = known.get(classIndex) ?? parseFileClass(files.classText(classIndex));
  known.set(classIndex, fileClass);
  return fileClass;
}

function mimeClassOf(files: RpmFileList, index: number): FileClass {
  return { says: NOT_ELF_MIME_TYPE.test(files.mimeType(index)) ? 'not-elf' : 'nothing' };
}

function isSource(files: RpmFileList, index: number): boolean {
  return (
    files.isBelow(index, SOURCES_DIRECTORY) &&
    SOURCE_SUFFIXES.some((suffix) => files.nameEndsWith(index, suffix))
  );
}

function parseFileClass(text: string): FileClass {
  if (text.includes('compressed data')) return { says: 'not-elf' };
  if (!text.includes('ELF')) return { says: 'not-elf' };
  // The mode comes first: "setuid ELF 64-bit…", "setuid, setgid ELF…".
  if (!/^(?:(?:setuid|setgid|sticky),? )*ELF /.test(text)) return { says: 'nothing' };
  const hex = /\bBuildID\[[^\]]*\]=([0-9a-f]+)/.exec(text)?.[1];
  return { says: 'elf', buildId: hex === undefined ? null : parseBuildId(hex), text };
}

/**
 * Separate debuginfo files lie below /usr/lib/debug and have a suffix, or are dwz's common parts, or
 * (Debian's kernel modules) are relocatable. Other files there may be whole programs: kernels are, and
 * their class reads like that of a debuginfo file.
 */
function kindByHeader(path: string, classText: string): { kind: FileKind; isKindSure: boolean } {
  const isNamedDebug = path.endsWith('.debug');
  if (path.startsWith('/usr/lib/debug/')) {
    const isDebuginfo =
      isNamedDebug ||
      path.includes('/.dwz/') ||
      classText.includes(' relocatable,') ||
      classText.includes('interpreter *empty*');
    return isDebuginfo ? { kind: 'debuginfo', isKindSure: true } : { kind: 'executable', isKindSure: false };
  }
  if (isNamedDebug) return { kind: 'debuginfo', isKindSure: false };
  return { kind: 'executable', isKindSure: !classText.includes('interpreter *empty*') };
}
