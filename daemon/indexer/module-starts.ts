import type { ByteRange } from '../../shared/elf/file-range.ts';
import { leadingBuildId } from '../../shared/elf/leading-build-id.ts';
import type { ElfScan } from '../../shared/elf/scanner.ts';
import { firstBytes, START_BYTES } from './first-bytes/first-bytes.ts';
import type { ModuleReader } from './modules.ts';
import type { ModuleCompression } from './separators.ts';

/** Bytes of a module that are decoded at first: an ELF header and three or four notes. */
const LEADING_BYTES = 192;

const START_BYTES_MAX = Math.max(...Object.values(START_BYTES));

/**
 * Where a compressed kernel module has its build-id in its first bytes, which is where linkers put it, those are
 * all that is decoded: a hundredth of the work. Whole modules go on to a ModuleReader; since Linux 6.12 the larger
 * ones have their notes behind the code.
 */
export class ModuleStarts {
  readonly #modules: ModuleReader;
  readonly #onScan: (fileIndex: number, scan: ElfScan) => void;
  /** Made for the first module: most packages have none. */
  #start: Uint8Array | null = null;
  #filled = 0;
  #state: 'starting' | 'told' | 'whole' = 'told';
  #compression: ModuleCompression = 'xz';
  #fileIndex = 0;

  constructor(modules: ModuleReader, onScan: (fileIndex: number, scan: ElfScan) => void) {
    this.#modules = modules;
    this.#onScan = onScan;
  }

  /**
   * Begins a module that is there to be loaded: of a separate debuginfo file the start would not tell that it is
   * one. With ranges that an earlier pass missed it is read whole.
   */
  begin(compression: ModuleCompression, fileIndex: number, knownRanges: readonly ByteRange[]): void {
    this.#compression = compression;
    this.#fileIndex = fileIndex;
    this.#filled = 0;
    if (knownRanges.length > 0) this.beginWhole(compression, fileIndex, knownRanges);
    else this.#state = 'starting';
  }

  beginWhole(compression: ModuleCompression, fileIndex: number, knownRanges: readonly ByteRange[]): void {
    this.#state = 'whole';
    this.#modules.begin(compression, fileIndex, knownRanges);
  }

  write(bytes: Uint8Array): void {
    let rest = bytes;
    if (this.#state === 'starting') {
      this.#start ??= new Uint8Array(START_BYTES_MAX);
      const taken = bytes.subarray(0, START_BYTES[this.#compression] - this.#filled);
      this.#start.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = bytes.subarray(taken.length);
      if (this.#filled === START_BYTES[this.#compression]) this.#readStart();
    }
    if (this.#state === 'whole' && rest.length > 0) this.#modules.write(rest);
  }

  endModule(): void {
    if (this.#state === 'starting') this.#readStart();
    if (this.#state === 'whole') this.#modules.endModule();
    this.#state = 'told';
  }

  #readStart(): void {
    const start = (this.#start ?? new Uint8Array()).subarray(0, this.#filled);
    const decoded = firstBytes(this.#compression, start, LEADING_BYTES);
    const buildId = decoded === null ? null : leadingBuildId(decoded);
    if (buildId === null) {
      this.beginWhole(this.#compression, this.#fileIndex, []);
      this.#modules.write(start);
      return;
    }
    this.#state = 'told';
    this.#onScan(this.#fileIndex, { isElf: true, buildId, kind: 'executable', missed: [] });
  }
}
