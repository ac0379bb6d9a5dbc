import type { BuildId } from '../../shared/build-id.ts';
import type { ByteRange } from '../../shared/elf/file-range.ts';
import { leadingBuildId } from '../../shared/elf/leading-build-id.ts';
import type { ElfScan } from '../../shared/elf/scanner.ts';
import { firstBytes, START_BYTES } from './first-bytes/first-bytes.ts';
import type { ModuleReader } from './modules.ts';
import type { ModuleCompression } from './separators.ts';

/**
 * Bytes of a module that are decoded: an ELF header and the note of a SHA-1, which comes first in nearly all; where it
 * does not, again with three or four notes.
 */
const LEADING_BYTES = [64 + 36, 192];

const START_BYTES_MAX = Math.max(...Object.values(START_BYTES));

/**
 * Where a compressed kernel module has its build-id in its first bytes, which is where linkers put it, those are
 * all that is decoded: a hundredth of the work. Whole modules go on to a ModuleReader; since Linux 6.12 the larger
 * ones have their notes behind the code.
 */
export class ModuleStarts {
  readonly #modules: ModuleReader;
  readonly #onScan: (fileIndex: number, scan: ElfScan) => void;
  /**
   * Made for the first module: most packages have none. A Buffer as the pieces are: the decoders are compiled for what
   * they have met, and anew for anything else.
   */
  #start: Buffer | null = null;
  #filled = 0;
  /** Bytes that tell the first ones of the module, or all that it has. */
  #startBytes = 0;
  #state: 'starting' | 'told' | 'whole' = 'told';
  #compression: ModuleCompression = 'xz';
  #fileIndex = 0;

  constructor(modules: ModuleReader, onScan: (fileIndex: number, scan: ElfScan) => void) {
    this.#modules = modules;
    this.#onScan = onScan;
  }

  /**
   * Begins a module that is there to be loaded: of a separate debuginfo file the start would not tell that it is
   * one. It has `size` bytes. With ranges that an earlier pass missed it is read whole.
   */
  begin(
    compression: ModuleCompression,
    fileIndex: number,
    size: number,
    knownRanges: readonly ByteRange[],
  ): void {
    this.#compression = compression;
    this.#fileIndex = fileIndex;
    this.#startBytes = Math.min(size, START_BYTES[compression]);
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
      const taken = bytes.subarray(0, this.#startBytes - this.#filled);
      rest = bytes.subarray(taken.length);
      const start = taken.length === this.#startBytes ? taken : this.#collect(taken);
      if (start.length === this.#startBytes) this.#readStart(start);
    }
    if (this.#state === 'whole' && rest.length > 0) this.#modules.write(rest);
  }

  endModule(): void {
    if (this.#state === 'whole') this.#modules.endModule();
    this.#state = 'told';
  }

  /** Most starts come in one piece, and are not copied. */
  #collect(piece: Uint8Array): Uint8Array {
    this.#start ??= Buffer.alloc(START_BYTES_MAX);
    this.#start.set(piece, this.#filled);
    this.#filled += piece.length;
    return this.#start.subarray(0, this.#filled);
  }

  #readStart(start: Uint8Array): void {
    let buildId: BuildId | null = null;
    for (const bytes of LEADING_BYTES) {
      const decoded = firstBytes(this.#compression, start, bytes);
      buildId = decoded === null ? null : leadingBuildId(decoded);
      if (decoded === null || buildId !== null) break;
    }
    if (buildId === null) {
      this.beginWhole(this.#compression, this.#fileIndex, []);
      this.#modules.write(start);
      return;
    }
    this.#state = 'told';
    this.#onScan(this.#fileIndex, { isElf: true, buildId, kind: 'executable', missed: [] });
  }
}
