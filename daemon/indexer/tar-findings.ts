import type { ByteRange } from '../../shared/elf/file-range.ts';
import type { ElfScan } from '../../shared/elf/scanner.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { ScannedFile } from './types.ts';

/** Files with a build-id in one archive. The largest images have some ten thousand. */
const FILES_MAX = 100_000;
/** Linux's PATH_MAX: nothing with a longer path can be unpacked. */
const PATH_MAX = 4096;
/** Sentences about one archive. */
const WARNINGS_MAX = 20;

/**
 * Bytes that an archive may come to, layers and all: this, and so many times its own size. Images of disks
 * are mostly zeros and come to fifty times theirs; what comes to more than two hundred times is a bomb.
 */
const OUTPUT_ALLOWANCE = 1024 * 1024 * 1024;
const OUTPUT_RATIO_MAX = 200;

/** What is found in an archive, and how much of it there may be. */
export class TarFindings {
  readonly #files = new Map<string, ScannedFile>();
  readonly #warnings: string[] = [];
  #warningsLeftOut = 0;
  #output = 0;
  /** Bytes of the archive that have been read so far, or all that it has. */
  readonly #archiveBytes: () => number;
  /** Ranges with notes that the pass before this one missed, by where the file is in the archive. */
  readonly knownRanges: ReadonlyMap<string, readonly ByteRange[]>;
  readonly missed = new Map<string, readonly ByteRange[]>();

  constructor(
    archiveBytes: () => number,
    knownRanges: ReadonlyMap<string, readonly ByteRange[]> = new Map(),
  ) {
    this.#archiveBytes = archiveBytes;
    this.knownRanges = knownRanges;
  }

  get files(): ScannedFile[] {
    return [...this.#files.values()];
  }

  get warnings(): string[] {
    return this.#warningsLeftOut === 0
      ? this.#warnings
      : [...this.#warnings, `and ${this.#warningsLeftOut} more of the kind`];
  }

  /** Layers may hold one file several times: it is said once. Throws `limit`. */
  add(file: ScannedFile): void {
    if (file.path.length > PATH_MAX) {
      this.warn(`${file.path.slice(0, 80)}…: a path of ${file.path.length} characters is not kept`);
      return;
    }
    this.#files.set(`${file.buildId} ${file.path}`, file);
    if (this.#files.size > FILES_MAX) {
      throw new DarkserverError('limit', `tar: it holds more than ${FILES_MAX} files with a build-id`);
    }
  }

  /** Takes a scan; `place` is where the file is in the archive. Returns what there is to be found again. */
  addScan(place: string, path: string, scan: ElfScan): ScannedFile | null {
    if (!scan.isElf) return null;
    if (scan.buildId === null) {
      // What a scan with known ranges misses again is not there.
      if (scan.missed.length > 0 && !this.knownRanges.has(place)) this.missed.set(place, scan.missed);
      return null;
    }
    const file = { path, buildId: scan.buildId, kind: scan.kind, evidence: 'payload' } as const;
    this.add(file);
    return file;
  }

  warn(message: string): void {
    if (this.#warnings.length < WARNINGS_MAX) this.#warnings.push(message);
    else this.#warningsLeftOut++;
  }

  /** Counts what a decompressor made. Throws `limit` for a bomb. */
  countOutput(bytes: number): void {
    this.#output += bytes;
    const most = OUTPUT_ALLOWANCE + OUTPUT_RATIO_MAX * this.#archiveBytes();
    if (this.#output <= most) return;
    throw new DarkserverError(
      'limit',
      `tar: it comes to more than ${most} bytes, ${OUTPUT_RATIO_MAX} times its size: a bomb`,
    );
  }
}
