import { posix } from 'node:path';
import { isElfMagic } from '../../shared/elf/header.ts';
import { ElfScanner } from '../../shared/elf/scanner.ts';
import { TAR_BLOCK_BYTES } from '../../shared/tar/header.ts';
import type { TarFindings } from './tar-findings.ts';
import { TarLayer, mayBeLayer, tarCompression } from './tar-layer.ts';
import type { TarEntry, TarVisitor } from './tar-reader.ts';
import type { ScannedFile } from './types.ts';

/** Bytes that tell ELF. */
const MAGIC_BYTES = 4;
/** Layers of one image; the usual limit is 127. Each may be a process. */
const LAYERS_MAX = 512;

/** What is done with the bytes of the entry at hand. */
type Reading = 'skip' | 'look' | 'elf' | 'layer';

/** Goes through a tar file: has ELF files scanned, and an image's layers read as tar files of their own. */
export class TarScanVisitor implements TarVisitor {
  readonly #findings: TarFindings;
  /** Where this tar file is in the archive: "" for the archive itself, which alone may have layers. */
  readonly #place: string;
  readonly #scanner = new ElfScanner();
  /** What hard links may name: files with a build-id that have come by, by path. */
  readonly #found = new Map<string, ScannedFile>();
  #layers = 0;
  #entries = 0;

  #reading: Reading = 'skip';
  #path = '';
  #isSparse = false;
  #layer: TarLayer | null = null;
  /** The first bytes of an entry, until they tell what to do with the rest. */
  readonly #start = new Uint8Array(TAR_BLOCK_BYTES);
  #startFilled = 0;
  #startNeeded = 0;

  constructor(findings: TarFindings, place = '') {
    this.#findings = findings;
    this.#place = place;
  }

  entry({ name, type, linkName, isSparse }: TarEntry): void {
    this.#entries++;
    this.#reading = type === 'file' ? 'look' : 'skip';
    this.#path = absolute(name);
    this.#isSparse = isSparse;
    this.#startFilled = 0;
    this.#startNeeded = this.#place === '' && mayBeLayer(name) ? TAR_BLOCK_BYTES : MAGIC_BYTES;
    const linked = type === 'link' ? this.#found.get(absolute(linkName)) : undefined;
    if (linked !== undefined) this.#add({ ...linked, path: this.#path });
  }

  data(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#reading === 'skip') return undefined;
    if (this.#reading !== 'look') return this.#pass(bytes);
    if (this.#isSparse) {
      this.#findings.warn(`${this.#path}: a file without its holes (tar --sparse), which is not read`);
      this.#reading = 'skip';
      return undefined;
    }
    const taken = bytes.subarray(0, this.#startNeeded - this.#startFilled);
    this.#start.set(taken, this.#startFilled);
    this.#startFilled += taken.length;
    if (this.#startFilled < this.#startNeeded) return undefined;
    return this.#begin(bytes.subarray(taken.length));
  }

  async entryEnd(): Promise<void> {
    // Of a small file the start is all.
    if (this.#reading === 'look' && this.#startFilled >= MAGIC_BYTES) await this.#begin(new Uint8Array());
    if (this.#reading === 'elf') {
      const file = this.#findings.addScan(this.#entryPlace, this.#path, this.#scanner.end());
      if (file !== null) this.#found.set(file.path, file);
    } else if (this.#reading === 'layer') {
      const layer = this.#layer;
      this.#layer = null;
      await layer?.end();
    }
    this.#reading = 'skip';
  }

  /** Leaves no child behind where the reading ends early. */
  async stop(): Promise<void> {
    await this.#layer?.stop();
  }

  get #entryPlace(): string {
    return `${this.#place}/${this.#entries}`;
  }

  /** Decides by the first bytes of a file what to do with them and with the rest. */
  #begin(rest: Uint8Array): Promise<void> | undefined {
    const start = this.#start.slice(0, this.#startFilled);
    if (isElfMagic(start)) this.#beginElf();
    else if (this.#startNeeded === TAR_BLOCK_BYTES) this.#beginLayer(start);
    else this.#reading = 'skip';
    if (this.#reading === 'look') this.#reading = 'skip';
    if (this.#reading === 'skip') return undefined;
    const taken = this.#pass(start);
    return taken === undefined ? this.#pass(rest) : taken.then(() => this.#pass(rest));
  }

  #beginElf(): void {
    this.#reading = 'elf';
    this.#scanner.start(this.#findings.knownRanges.get(this.#entryPlace) ?? []);
  }

  #beginLayer(start: Uint8Array): void {
    const compression = tarCompression(start);
    // What begins like lzma, which has no magic, is anything but a layer.
    if (compression === null || compression === 'lzma') return;
    if (++this.#layers > LAYERS_MAX) {
      if (this.#layers === LAYERS_MAX + 1) {
        this.#findings.warn(`${this.#path}: no layer is read from the ${this.#layers}th on`);
      }
      return;
    }
    this.#reading = 'layer';
    const visitor = new TarScanVisitor(this.#findings, this.#entryPlace);
    this.#layer = new TarLayer(compression, visitor, (bytes) => {
      this.#findings.countOutput(bytes);
    });
  }

  #pass(bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    if (this.#reading === 'layer') return this.#layer?.write(bytes);
    this.#scanner.push(bytes);
    return undefined;
  }

  #add(file: ScannedFile): void {
    this.#findings.add(file);
    this.#found.set(file.path, file);
  }
}

/** As it would be unpacked at the root: nothing leads out of it, whatever the name says. */
function absolute(name: string): string {
  return posix.normalize(`/${name}`);
}
