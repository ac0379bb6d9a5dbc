import { parseBuildId } from '../../shared/build-id.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';

/**
 * What an RPM's header says of a file's content: its class, which is what libmagic said of it when the package
 * was built, or its MIME type, and its colour. Facts behind the rules, from rpm's build/rpmfc.c and libmagic's
 * readelf.c:
 * - libmagic prints the build-id of every ELF file that has one, provided that it is recent enough (RHEL 6
 *   has an older one) and that the id is of a usual length (older: 16 or 20 bytes; newer: 4 to 20).
 * - rpm keeps the words of classes that it thinks of use, ELF's among them, and "" for all others.
 * - rpm does not ask libmagic about files with certain suffixes, and none at all below /dev.
 * - packages of rpm 6 have MIME types instead of classes, which tell ELF files from others and no ids.
 * - rpm asks libelf about every file that may be executed, and colours those that are ELF.
 * - libmagic looks into compressed files, and says what is inside before "(XZ compressed data…)".
 */
export type FileClass =
  | { readonly says: 'elf'; readonly buildId: BuildId | null; readonly text: string }
  | { readonly says: 'not-elf' }
  | { readonly says: 'nothing' };

/** libmagic's longest words for an ELF file come to some hundred; rules are tried on them for every file. */
const CLASS_CHARACTERS_MAX = 4096;

/** Kernel modules are the compressed files that hold ELF files for somebody to run. */
const COMPRESSED_MODULE_SUFFIXES = ['.ko.xz', '.ko.zst', '.ko.gz'];

/**
 * What libmagic says of an ELF file of which it has read all notes: that it is stripped or not comes last, or
 * that it has no sections; complaints (too many notes, missing section headers) come instead of it or behind it.
 * An id may also be there as numbers that are not read here.
 */
const WHOLE_ELF =
  /^(?:(?:setuid|setgid|sticky),? )*ELF (?!.*(?:too many|\bBuildID\[|missing |corrupt|can't |invalid )).+, (?:(?:not )?stripped|no section header)$/;

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

export function isCompressedModule(files: RpmFileList, index: number): boolean {
  // Not some(), which makes a function: this is asked of every file of every package.
  for (const suffix of COMPRESSED_MODULE_SUFFIXES) if (files.nameEndsWith(index, suffix)) return true;
  return false;
}

/** True for the words of a libmagic that would have printed an id after having looked at all there is. */
export function isWholeWithoutId(classText: string): boolean {
  return WHOLE_ELF.test(classText);
}

/** The classes of one package's files. */
export class FileClasses {
  readonly #files: RpmFileList;
  readonly #hasElfColors: boolean;
  /** Classes are few and files are many. */
  readonly #parsed = new Map<number, FileClass>();

  /** `rpmVersion` is that of the rpm that built the package, "4.18.0", or null. */
  constructor(files: RpmFileList, rpmVersion: string | null) {
    this.#files = files;
    this.#hasElfColors = isRpmSince(rpmVersion, 18);
  }

  of(index: number): FileClass {
    const files = this.#files;
    if (isCompressedModule(files, index)) return { says: 'nothing' };
    const fileClass = this.#byLibmagic(index);
    if (fileClass.says === 'elf') return fileClass;
    // Both rpm 4.18 and rpm 6 were seen to colour what they do not ask libmagic about.
    if (this.#hasElfColors && files.isExecutable(index) && !files.isBelow(index, '/dev/')) {
      const color = files.color(index);
      if (color === 0) return { says: 'not-elf' };
      if (color !== null) return { says: 'nothing' };
    }
    return this.#wasLookedAt(index) ? fileClass : { says: 'nothing' };
  }

  #byLibmagic(index: number): FileClass {
    const classIndex = this.#files.classIndex(index);
    if (classIndex !== null) return this.#ofClass(classIndex);
    const isNotElf = this.#isSource(index) || NOT_ELF_MIME_TYPE.test(this.#files.mimeType(index));
    return { says: isNotElf ? 'not-elf' : 'nothing' };
  }

  /**
   * What is not meant to run is taken to be what its name says: perl's modules and pkgconfig's files are in every
   * second package, and none was ever seen to be ELF.
   */
  #wasLookedAt(index: number): boolean {
    const files = this.#files;
    if (files.isBelow(index, '/dev/')) return false;
    if (files.classIndex(index) === null && this.#isSource(index)) return true;
    return !files.isExecutable(index) || !CLASS_BY_SUFFIX.some((suffix) => files.nameEndsWith(index, suffix));
  }

  #isSource(index: number): boolean {
    return (
      this.#files.isBelow(index, SOURCES_DIRECTORY) &&
      SOURCE_SUFFIXES.some((suffix) => this.#files.nameEndsWith(index, suffix))
    );
  }

  #ofClass(classIndex: number): FileClass {
    const fileClass = this.#parsed.get(classIndex) ?? parseFileClass(this.#files.classText(classIndex));
    this.#parsed.set(classIndex, fileClass);
    return fileClass;
  }
}

/** True for rpm 4.`minor`, or any later one. */
export function isRpmSince(version: string | null, minor: number): boolean {
  const [, major, ofMajor] = /^(\d+)\.(\d+)(?:\.|$)/.exec(version ?? '') ?? [];
  return Number(major) > 4 || (Number(major) === 4 && Number(ofMajor) >= minor);
}

function parseFileClass(text: string): FileClass {
  if (text.length > CLASS_CHARACTERS_MAX) return { says: 'nothing' };
  if (text.includes('compressed data')) return { says: 'not-elf' };
  if (!text.includes('ELF')) return { says: 'not-elf' };
  // The mode comes first: "setuid ELF 64-bit…", "setuid, setgid ELF…". Mostly there is none.
  if (!text.startsWith('ELF ') && !/^(?:(?:setuid|setgid|sticky),? )*ELF /.test(text))
    return { says: 'nothing' };
  const hex = /\bBuildID\[[^\][]*\]=([0-9a-f]+)/.exec(text)?.[1];
  return { says: 'elf', buildId: hex === undefined ? null : parseBuildId(hex), text };
}
