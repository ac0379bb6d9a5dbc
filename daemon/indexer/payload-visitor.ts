import { ElfScanner } from '../../shared/elf/scanner.ts';
import type { ElfScan } from '../../shared/elf/scanner.ts';
import type { ByteRange } from '../../shared/elf/file-range.ts';
import { isElfMagic } from '../../shared/elf/header.ts';
import { FormatError } from '../../shared/errors.ts';
import type { CpioHeader } from '../../shared/cpio/header.ts';
import type { CpioVisitor } from '../../shared/cpio/parser.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';
import { binaryString, decodeRpmText } from '../../shared/rpm/text.ts';
import { COMPRESSION_MAGIC_BYTES, detectCompression } from './decompress.ts';
import { isCompressedModule } from './file-class.ts';
import { HardLinks } from './hard-links.ts';
import type { ModuleStarts } from './module-starts.ts';

const DOT = 0x2e;
const SLASH = 0x2f;

/** Which files of a payload to read, by their index in the file list. */
export interface WantedFiles {
  readonly indexes: ReadonlySet<number>;
  /** Ranges with notes that an earlier pass missed, by file. */
  readonly knownRanges: ReadonlyMap<number, readonly ByteRange[]>;
}

/** What is done with the bytes of the entry at hand. */
type Reading = 'skip' | 'look' | 'elf' | 'module';

/**
 * Goes through a payload: finds out which file each entry is, checks it against the RPM's header (no
 * entry twice, none of another size: that bounds a bomb by what the header states), and has the files
 * that are wanted scanned.
 */
export class PayloadVisitor implements CpioVisitor {
  readonly #files: RpmFileList;
  readonly #wanted: WantedFiles;
  readonly #modules: ModuleStarts;
  readonly #onScan: (fileIndex: number, scan: ElfScan) => void;
  /** Wanted files whose data has not come yet. */
  readonly #awaited: Set<number>;
  readonly #scanner = new ElfScanner();
  readonly #seen: Uint8Array;
  #expectedIndex = 0;
  #indexByName: Map<string, number> | null = null;

  #reading: Reading = 'skip';
  #fileIndex = 0;
  /** Files that need no more of the payload once the entry at hand was read. */
  #settledByEntry: readonly number[] = [];
  /** The first bytes of a file, until they tell what to do with the rest. */
  readonly #start = new Uint8Array(COMPRESSION_MAGIC_BYTES);
  #startFilled = 0;

  readonly links: HardLinks;

  /** `onScan` is told of files that are ELF, under the index of the entry that held the data. */
  constructor(
    files: RpmFileList,
    wanted: WantedFiles,
    modules: ModuleStarts,
    onScan: (fileIndex: number, scan: ElfScan) => void,
  ) {
    this.#files = files;
    this.#wanted = wanted;
    this.#modules = modules;
    this.#onScan = onScan;
    this.links = new HardLinks(files);
    this.#awaited = new Set(wanted.indexes);
    this.#seen = new Uint8Array(files.count);
  }

  /** True once all of the wanted files have come by. */
  get isSatisfied(): boolean {
    return this.#awaited.size === 0;
  }

  hasSeen(fileIndex: number): boolean {
    return this.#seen[fileIndex] === 1;
  }

  entry(header: CpioHeader): number {
    const index = header.form === 'stripped' ? header.fileIndex : this.#indexOf(header);
    if (index >= this.#files.count) {
      throw new FormatError(
        'cpio',
        header.offset,
        `file ${index} is not in the RPM's header, which lists ${this.#files.count}`,
      );
    }
    if (this.#seen[index] === 1) throw this.#entryError(header, index, 'it is in the payload twice');
    this.#seen[index] = 1;
    this.#expectedIndex = index + 1;
    this.#fileIndex = index;
    const size = header.form === 'stripped' ? this.#strippedSize(index) : this.#newcSize(header, index);
    this.#settledByEntry = this.links.entry(header, index, size);
    const isRead = size > 0 && this.#files.isRegular(index);
    // Of hard links only one has the data, and it need not be the one that is wanted.
    const isWanted = isRead && (this.#wanted.indexes.has(index) || this.links.isLinked(header, index));
    this.#reading = isWanted ? 'look' : 'skip';
    this.#startFilled = 0;
    return size;
  }

  data(bytes: Uint8Array): void {
    if (this.#reading === 'skip') return;
    if (this.#reading === 'look') this.#look(bytes);
    else this.#pass(bytes);
  }

  entryEnd(): void {
    if (this.#reading === 'elf') {
      const scan = this.#scanner.end();
      if (scan.isElf) this.#onScan(this.#fileIndex, scan);
    } else if (this.#reading === 'module') {
      this.#modules.endModule();
    }
    this.#reading = 'skip';
    for (const index of this.#settledByEntry) this.#awaited.delete(index);
  }

  #look(bytes: Uint8Array): void {
    if (this.#startFilled === 0 && bytes.length >= COMPRESSION_MAGIC_BYTES) {
      this.#decide(bytes);
      this.#pass(bytes);
      return;
    }
    const taken = bytes.subarray(0, COMPRESSION_MAGIC_BYTES - this.#startFilled);
    this.#start.set(taken, this.#startFilled);
    this.#startFilled += taken.length;
    if (this.#startFilled < COMPRESSION_MAGIC_BYTES) return;
    this.#decide(this.#start);
    // The start is pushed once and then lent no longer: decompressors keep what they are given.
    this.#pass(this.#start.slice());
    this.#pass(bytes.subarray(taken.length));
  }

  /** What to do with a file that begins like this. */
  #decide(start: Uint8Array): void {
    const knownRanges = this.#wanted.knownRanges.get(this.#fileIndex) ?? [];
    const compression = isCompressedModule(this.#files, this.#fileIndex) ? detectCompression(start) : null;
    if (isElfMagic(start)) {
      this.#reading = 'elf';
      this.#scanner.start(knownRanges);
    } else if (compression === 'gzip' || compression === 'xz' || compression === 'zstd') {
      this.#reading = 'module';
      if (this.#files.isBelow(this.#fileIndex, '/usr/lib/debug/')) {
        this.#modules.beginWhole(compression, this.#fileIndex, knownRanges);
      } else {
        this.#modules.begin(compression, this.#fileIndex, this.#files.size(this.#fileIndex), knownRanges);
      }
    } else {
      this.#reading = 'skip';
    }
  }

  #pass(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#reading === 'skip') return;
    if (this.#reading === 'elf') this.#scanner.push(bytes);
    else this.#modules.write(bytes);
  }

  #strippedSize(index: number): number {
    if (this.#files.isSymlink(index)) return this.#files.size(index);
    const hasData = this.#files.isRegular(index) && this.links.hasDataInStripped(index);
    return hasData ? this.#files.size(index) : 0;
  }

  #newcSize(header: CpioHeader, index: number): number {
    const size = this.#files.size(index);
    if (header.size === size) return size;
    // Hard links without the data, files of other kinds, and ghosts that old versions of rpm packed empty.
    const mayBeEmpty = header.linkCount > 1 || !this.#files.isRegular(index) || this.#files.isGhost(index);
    if (header.size === 0 && mayBeEmpty) return 0;
    throw this.#entryError(
      header,
      index,
      `it has ${header.size} bytes there and ${size} in the RPM's header`,
    );
  }

  /** Entries mostly come in the header's order, so that names seldom have to be looked up. */
  #indexOf(header: CpioHeader): number {
    const name = withoutTop(header.name);
    if (this.#expectedIndex < this.#files.count && this.#files.isNamed(this.#expectedIndex, name)) {
      return this.#expectedIndex;
    }
    this.#indexByName ??= new Map(
      Array.from({ length: this.#files.count }, (_, index) => [this.#files.nameKey(index), index]),
    );
    const index = this.#indexByName.get(binaryString(name));
    if (index !== undefined) return index;
    const shown = JSON.stringify(decodeRpmText(header.name));
    throw new FormatError('cpio', header.offset, `${shown} is not in the RPM's header`);
  }

  #entryError(header: CpioHeader, index: number, message: string): FormatError {
    return new FormatError('cpio', header.offset, `${this.#files.path(index)}: ${message}`);
  }
}

/** Names begin with "./", in old packages with "/", and those of source packages with neither. */
function withoutTop(name: Uint8Array): Uint8Array {
  const skipped = name[0] === SLASH ? 1 : name[0] === DOT && name[1] === SLASH ? 2 : 0;
  return name.subarray(skipped);
}
