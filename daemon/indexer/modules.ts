import { ElfScanner } from '../../shared/elf/scanner.ts';
import type { ElfScan } from '../../shared/elf/scanner.ts';
import type { ByteRange } from '../../shared/elf/file-range.ts';
import { DarkserverError, toDarkserverError } from '../../shared/errors.ts';
import { startInnerDecompressor } from './decompress.ts';
import type { Decompressor } from './decompress.ts';
import { compressedSeparator } from './separators.ts';
import type { ModuleCompression } from './separators.ts';

/**
 * Bytes that a module may decompress to: this, and so many times its own size. Kernel modules come to
 * three to six times theirs; what comes to more than a hundred times is a bomb.
 */
const OUTPUT_ALLOWANCE = 16 * 1024 * 1024;
const OUTPUT_RATIO_MAX = 100;

/** Nobody who makes a package can know it beforehand. */
const SEPARATOR_BYTES = 32;

/** Children that may fail over bad modules of one RPM before the rest of its modules is given up. */
const FAILURES_MAX = 16;

interface Module {
  readonly fileIndex: number;
  readonly knownRanges: readonly ByteRange[];
  bytesIn: number;
  bytesOut: number;
}

/** What became of the modules of one pass that were not scanned. */
export interface UnreadModules {
  /** Why a module cannot be read, by its index in the file list. */
  readonly bad: ReadonlyMap<number, string>;
  /** Modules that were on their way behind a bad one: another pass will read them. */
  readonly lost: readonly number[];
}

/**
 * Reads the compressed kernel modules of an RPM, of which there may be thousands: those of one
 * compression go through one decompressor, one behind the other, with a separator behind each. Modules
 * are written as their bytes come by and are never held in memory.
 */
export class ModuleReader {
  readonly #onScan: (fileIndex: number, scan: ElfScan) => void;
  readonly #streams = new Map<ModuleCompression, ModuleStream>();
  #current: ModuleStream | null = null;
  readonly #ended: Promise<void>[] = [];
  readonly #bad = new Map<number, string>();
  readonly #lost: number[] = [];
  #wait: Promise<void> | undefined;
  readonly #failuresMax: number;

  constructor(onScan: (fileIndex: number, scan: ElfScan) => void, failuresMax = FAILURES_MAX) {
    this.#onScan = onScan;
    this.#failuresMax = failuresMax;
  }

  begin(compression: ModuleCompression, fileIndex: number, knownRanges: readonly ByteRange[]): void {
    let stream = this.#streams.get(compression);
    if (stream?.hasFailed === true) {
      this.#streams.delete(compression);
      this.#ended.push(this.#finishStream(stream));
      stream = undefined;
    }
    if (this.#ended.length >= this.#failuresMax) {
      this.#bad.set(fileIndex, `it was not tried after ${this.#failuresMax} modules that cannot be read`);
      this.#current = null;
      return;
    }
    if (stream === undefined) {
      stream = new ModuleStream(compression, this.#onScan);
      this.#streams.set(compression, stream);
    }
    stream.begin(fileIndex, knownRanges);
    this.#current = stream;
  }

  write(bytes: Uint8Array): void {
    this.#hold(this.#current?.write(bytes));
  }

  endModule(): void {
    this.#hold(this.#current?.endModule());
    this.#current = null;
  }

  /** A promise where a decompressor has enough for now; it is settled when there is room again. */
  takeWait(): Promise<void> | undefined {
    const wait = this.#wait;
    this.#wait = undefined;
    return wait;
  }

  /** Settled once every module was scanned or given up. Never throws, and leaves no child behind. */
  async end(): Promise<UnreadModules> {
    for (const stream of this.#streams.values()) this.#ended.push(this.#finishStream(stream));
    await Promise.all(this.#ended);
    return { bad: this.#bad, lost: this.#lost };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => stream.stop()));
    await Promise.all(this.#ended);
  }

  async #finishStream(stream: ModuleStream): Promise<void> {
    const error = await stream.end();
    const [first, ...rest] = stream.unread();
    if (first !== undefined) this.#bad.set(first, error?.message ?? 'it ends before its time');
    this.#lost.push(...rest);
  }

  #hold(wait: Promise<void> | undefined): void {
    if (wait !== undefined) this.#wait = wait;
  }
}

/** The modules of one compression, on their way through one decompressor. */
class ModuleStream {
  readonly #onScan: (fileIndex: number, scan: ElfScan) => void;
  readonly #decompressor: Decompressor;
  // Loaded where there are modules: it takes a tenth of the time of a command that meets none.
  readonly #separator = process.getBuiltinModule('node:crypto').randomBytes(SEPARATOR_BYTES);
  readonly #compressedSeparator: Uint8Array;
  readonly #scanner = new ElfScanner();
  /** Written and not yet scanned, in order. */
  readonly #modules: Module[] = [];
  #isScanning = false;
  /** The end of the last output, which may be the start of a separator. */
  #tail: Buffer = Buffer.alloc(0);
  #failure: DarkserverError | null = null;

  constructor(compression: ModuleCompression, onScan: (fileIndex: number, scan: ElfScan) => void) {
    this.#onScan = onScan;
    this.#compressedSeparator = compressedSeparator(compression, this.#separator);
    this.#decompressor = startInnerDecompressor(compression, (bytes) => {
      this.#take(bytes);
      return undefined;
    });
  }

  get hasFailed(): boolean {
    return this.#failure !== null || this.#decompressor.hasFailed;
  }

  begin(fileIndex: number, knownRanges: readonly ByteRange[]): void {
    this.#modules.push({ fileIndex, knownRanges, bytesIn: 0, bytesOut: 0 });
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    const module = this.#modules.at(-1);
    if (module !== undefined) module.bytesIn += bytes.length;
    // A copy: the bytes are lent, and the decompressor may not get round to them at once.
    return this.#feed(Uint8Array.from(bytes));
  }

  endModule(): Promise<void> | undefined {
    return this.#feed(this.#compressedSeparator);
  }

  /** Settled with what went wrong, once all output was scanned. */
  async end(): Promise<DarkserverError | null> {
    if (this.#failure === null) {
      try {
        await this.#decompressor.end();
      } catch (error) {
        this.#failure ??= toDarkserverError(error);
      }
    }
    await this.#decompressor.stop();
    return this.#failure;
  }

  stop(): Promise<void> {
    return this.#decompressor.stop();
  }

  /** The modules that were not scanned; the first of them is the one that went wrong. */
  unread(): number[] {
    return this.#modules.map((module) => module.fileIndex);
  }

  #feed(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== null) return undefined;
    const fail = (error: unknown): void => {
      this.#failure ??= toDarkserverError(error);
    };
    try {
      return this.#decompressor.write(bytes)?.catch(fail);
    } catch (error) {
      fail(error);
      return undefined;
    }
  }

  #take(bytes: Uint8Array): void {
    let output = Buffer.concat([this.#tail, bytes]);
    for (;;) {
      const end = output.indexOf(this.#separator);
      if (end < 0) break;
      this.#scan(output.subarray(0, end));
      this.#endScan();
      output = output.subarray(end + this.#separator.length);
    }
    const kept = Math.min(this.#separator.length - 1, output.length);
    this.#scan(output.subarray(0, output.length - kept));
    this.#tail = output.subarray(output.length - kept);
  }

  #scan(bytes: Uint8Array): void {
    const module = this.#modules[0];
    if (module === undefined || bytes.length === 0) return;
    if (!this.#isScanning) this.#scanner.start(module.knownRanges);
    this.#isScanning = true;
    module.bytesOut += bytes.length;
    if (module.bytesOut > OUTPUT_ALLOWANCE + OUTPUT_RATIO_MAX * module.bytesIn) {
      throw new DarkserverError(
        'limit',
        `its ${module.bytesIn} bytes decompress to more than ${module.bytesOut - bytes.length}`,
      );
    }
    this.#scanner.push(bytes);
  }

  #endScan(): void {
    const module = this.#modules.shift();
    if (module === undefined) return;
    if (!this.#isScanning) this.#scanner.start();
    this.#isScanning = false;
    this.#onScan(module.fileIndex, this.#scanner.end());
  }
}
