import { DarkserverError } from '../errors.ts';
import type { RpmHeader, RpmIntegers, RpmStrings } from './header.ts';
import { RpmTag } from './tags.ts';
import { binaryString, decodeRpmText, isAscii } from './text.ts';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const ANY_EXECUTE = 0o111;
/** RPMFILE_GHOST: owned by the package, absent from its payload (rpm before 4.11 put some in). */
const FLAG_GHOST = 1 << 6;

/** PATH_MAX of Linux, its NUL included: a file with a longer path cannot be installed. */
const PATH_BYTES_MAX = 4096;
/**
 * Ours: bytes of all paths together. A directory's name is in the header once and in the path of each of its
 * files, so that the size of a header does not bound them. A hundred thousand files come to some 12 MB.
 */
const PATHS_BYTES_MAX = 64 * 1024 * 1024;
/** RFC 6838, section 4.2: two names of at most 127 characters. */
const MIME_TYPE_BYTES_MAX = 255;

const NO_BYTES = new Uint8Array();
const SLASH = 0x2f;

/**
 * The file list of a header, by index. Names are either in three tags (directories once each) or, in
 * packages of rpm before 4.0 and those that state no dependency on compressed names, in one.
 */
export class RpmFileList {
  readonly count: number;
  readonly #directories: RpmStrings | null;
  readonly #directoryOf: RpmIntegers | null;
  readonly #baseNames: RpmStrings | null;
  readonly #sizes: RpmIntegers | null;
  readonly #modes: RpmIntegers | null;
  readonly #flags: RpmIntegers | null;
  readonly #linkTargets: RpmStrings | null;
  readonly #devices: RpmIntegers | null;
  readonly #inodes: RpmIntegers | null;
  readonly #colors: RpmIntegers | null;
  readonly #classOf: RpmIntegers | null;
  readonly #classes: RpmStrings | null;
  readonly #mimeTypeOf: RpmIntegers | null;
  readonly #mimeTypes: RpmStrings | null;
  /** Those of ASCII, by number: hundreds of files share one. */
  readonly #directoryTexts = new Map<number, string>();

  /** Throws FormatError where the lists do not fit each other, and `limit` where paths are too long to be held. */
  constructor(header: RpmHeader) {
    const baseNames = header.strings(RpmTag.baseNames);
    this.#baseNames = baseNames ?? header.strings(RpmTag.oldFileNames);
    this.count = this.#baseNames?.length ?? 0;
    this.#directories = baseNames === null ? null : header.strings(RpmTag.dirNames);
    this.#directoryOf = baseNames === null ? null : this.#list(header, RpmTag.dirIndexes, 'dirIndexes');
    this.#checkDirectories(header);
    this.#checkPaths(header);
    const hasLongSizes = header.has(RpmTag.longFileSizes);
    this.#sizes = hasLongSizes
      ? this.#list(header, RpmTag.longFileSizes, 'longFileSizes')
      : this.#list(header, RpmTag.fileSizes, 'fileSizes');
    this.#modes = this.#list(header, RpmTag.fileModes, 'fileModes');
    if (this.count > 0 && (this.#sizes === null || this.#modes === null)) {
      throw header.error(`${this.count} files have no ${this.#sizes === null ? 'sizes' : 'modes'}`);
    }
    this.#flags = this.#list(header, RpmTag.fileFlags, 'fileFlags');
    this.#linkTargets = header.strings(RpmTag.fileLinkTos);
    this.#devices = this.#list(header, RpmTag.fileDevices, 'fileDevices');
    this.#inodes = this.#list(header, RpmTag.fileInodes, 'fileInodes');
    this.#colors = this.#list(header, RpmTag.fileColors, 'fileColors');
    this.#classOf = this.#list(header, RpmTag.fileClass, 'fileClass');
    this.#classes = this.#classOf === null ? null : header.strings(RpmTag.classDict);
    this.#mimeTypeOf = this.#list(header, RpmTag.fileMimeIndex, 'fileMimeIndex');
    this.#mimeTypes = this.#mimeTypeOf === null ? null : header.strings(RpmTag.mimeDict);
  }

  /** Bytes, as the package installs the file; of a symbolic link, those of its target. */
  size(index: number): number {
    return this.#sizes?.[index] ?? 0;
  }

  isRegular(index: number): boolean {
    return (this.#mode(index) & S_IFMT) === S_IFREG;
  }

  isSymlink(index: number): boolean {
    return (this.#mode(index) & S_IFMT) === S_IFLNK;
  }

  isExecutable(index: number): boolean {
    return (this.#mode(index) & ANY_EXECUTE) !== 0;
  }

  isGhost(index: number): boolean {
    return ((this.#flags?.[index] ?? 0) & FLAG_GHOST) !== 0;
  }

  /** Absolute; files of source packages, which have no directory, lie in "/". */
  path(index: number): string {
    const path = this.#text(index);
    return path.startsWith('/') ? path : `/${path}`;
  }

  /** As path(index).endsWith, for ASCII, without making a string of the path. */
  nameEndsWith(index: number, suffix: string): boolean {
    return this.#baseNames?.endsWith(index, suffix) ?? false;
  }

  /** As path(index).startsWith, for the ASCII name of a directory, without making a string of the path. */
  isBelow(index: number, directory: string): boolean {
    return this.#directories === null
      ? (this.#baseNames?.startsWith(index, directory) ?? false)
      : this.#directories.startsWith(this.#directoryOf?.[index] ?? 0, directory);
  }

  /** The path's bytes without the leading "/", as payloads name it behind their "./". */
  nameKey(index: number): string {
    const name = binaryString(this.#nameBytes(index));
    return name.startsWith('/') ? name.slice(1) : name;
  }

  /** As nameKey(index) === binaryString(name), without making strings: each entry of a payload is asked about. */
  isNamed(index: number, name: Uint8Array): boolean {
    const base = this.#baseNames?.bytes(index) ?? NO_BYTES;
    const directory = this.#directories?.bytes(this.#directoryOf?.[index] ?? 0) ?? NO_BYTES;
    const length = directory.length + base.length;
    const start = (directory.length > 0 ? directory : base)[0] === SLASH ? 1 : 0;
    if (name.length !== length - start) return false;
    for (let i = start; i < length; i++) {
      const byte = i < directory.length ? directory[i] : base[i - directory.length];
      if (name[i - start] !== byte) return false;
    }
    return true;
  }

  /** Where a symbolic link points to, a string of bytes as nameKey's; "" for all other files. */
  linkTarget(index: number): string {
    return binaryString(this.#linkTargets?.bytes(index) ?? NO_BYTES);
  }

  /** The same for all hard links of one file, and null where the header has no inodes. */
  inodeKey(index: number): string | null {
    const inode = this.#inodes?.[index];
    return inode === undefined || inode === 0 ? null : `${this.#devices?.[index] ?? 0}:${inode}`;
  }

  /** Number of the file's class in the header's dictionary; null where the header has none. */
  classIndex(index: number): number | null {
    const classIndex = this.#classOf?.[index];
    return classIndex === undefined || classIndex >= (this.#classes?.length ?? 0) ? null : classIndex;
  }

  /** What libmagic said of files of this class when the package was built; "" for what rpm leaves out. */
  classText(classIndex: number): string {
    return decodeRpmText(this.#classes?.bytes(classIndex) ?? NO_BYTES);
  }

  /** 1 or 2 for ELF files of 32 or 64 bits that may be executed, 0 for others; null where the header does not say. */
  color(index: number): number | null {
    return this.#colors?.[index] ?? null;
  }

  /** What libmagic said of the file, in packages of rpm 6; "" where the header has no type for it. */
  mimeType(index: number): string {
    const number = this.#mimeTypeOf?.[index];
    if (number === undefined || this.#mimeTypes === null) return '';
    // What is longer is no type, and would be read again for every file.
    if (this.#mimeTypes.byteLength(number) > MIME_TYPE_BYTES_MAX) return '';
    return decodeRpmText(this.#mimeTypes.bytes(number));
  }

  #mode(index: number): number {
    return this.#modes?.[index] ?? 0;
  }

  #text(index: number): string {
    const directory = this.#directoryText(index);
    // Of a directory that is not ASCII both together decide whether they are UTF-8.
    return directory === null
      ? decodeRpmText(this.#nameBytes(index))
      : directory + decodeRpmText(this.#baseNames?.bytes(index) ?? NO_BYTES);
  }

  /** Null for one that is not ASCII. */
  #directoryText(index: number): string | null {
    if (this.#directories === null) return '';
    const number = this.#directoryOf?.[index] ?? 0;
    const known = this.#directoryTexts.get(number);
    if (known !== undefined) return known;
    const bytes = this.#directories.bytes(number);
    if (!isAscii(bytes)) return null;
    const text = decodeRpmText(bytes);
    this.#directoryTexts.set(number, text);
    return text;
  }

  #nameBytes(index: number): Uint8Array {
    const base = this.#baseNames?.bytes(index) ?? NO_BYTES;
    const directory = this.#directories?.bytes(this.#directoryOf?.[index] ?? 0);
    if (directory === undefined) return base;
    const path = new Uint8Array(directory.length + base.length);
    path.set(directory);
    path.set(base, directory.length);
    return path;
  }

  /** A list with one value for each file; null where the header has none. */
  #list(header: RpmHeader, tag: number, name: string): RpmIntegers | null {
    const values = header.integers(tag);
    if (values === null || values.length === this.count) return values;
    throw header.error(`${name} has ${values.length} values for ${this.count} files`);
  }

  #checkDirectories(header: RpmHeader): void {
    if (this.#baseNames === null || !header.has(RpmTag.baseNames)) return;
    const directories = this.#directories?.length ?? 0;
    if (this.#directoryOf === null) throw header.error('file names have no dirIndexes');
    for (const index of this.#directoryOf) {
      if (index >= directories) throw header.error(`directory ${index} of ${directories} does not exist`);
    }
  }

  #checkPaths(header: RpmHeader): void {
    let sum = 0;
    for (let index = 0; index < this.count; index++) {
      const directory = this.#directories?.byteLength(this.#directoryOf?.[index] ?? 0) ?? 0;
      const bytes = directory + (this.#baseNames?.byteLength(index) ?? 0);
      if (bytes >= PATH_BYTES_MAX) throw header.error(`the path of file ${index} has ${bytes} bytes`);
      sum += bytes;
    }
    if (sum <= PATHS_BYTES_MAX) return;
    throw new DarkserverError(
      'limit',
      `RPM header: its ${this.count} files have paths of ${sum} bytes, and at most ${PATHS_BYTES_MAX} are read`,
    );
  }
}
