import { CpioParser } from '../../shared/cpio/parser.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { ByteRange } from '../../shared/elf/file-range.ts';
import type { FileKind } from '../../shared/elf/kind.ts';
import type { ElfScan } from '../../shared/elf/scanner.ts';
import { DarkserverError, FormatError } from '../../shared/errors.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { COMPRESSION_MAGIC_BYTES, detectCompression, openDecompressor } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { WINDOW_START_BYTES } from './decompression-window.ts';
import { ModuleStarts } from './module-starts.ts';
import { ModuleReader } from './modules.ts';
import { PayloadVisitor } from './payload-visitor.ts';
import { isReadByProgram } from './programs.ts';
import type { RpmHead } from './rpm-head.ts';

/** What a payload holds, by index in the RPM's file list. */
export interface PayloadFiles {
  readonly found: ReadonlyMap<number, { readonly buildId: BuildId; readonly kind: FileKind }>;
  readonly warnings: readonly string[];
}

/**
 * Times that a payload is read. The second pass is for notes that lie before the table that tells of them,
 * and for modules that were behind a broken one; each further pass is for one more broken module.
 */
const PASSES_MAX = 4;

/** A stream over the payload from its start, for one pass. */
export type OpenPayload = () => Promise<ChunkReader>;

/** Reads the payload for the files that are wanted; all of it, with `toTheEnd`, whether they came or not. */
export async function readPayload(
  head: RpmHead,
  wanted: readonly number[],
  toTheEnd: boolean,
  open: OpenPayload,
  signal: AbortSignal | undefined,
): Promise<PayloadFiles> {
  if (head.payloadFormat !== 'cpio') {
    throw new FormatError(
      'RPM',
      head.payloadStart,
      `payloads in the format "${head.payloadFormat}" are not read`,
    );
  }
  const reading = new PayloadReading(head);
  let indexes = wanted;
  for (let pass = 1; pass <= PASSES_MAX && (indexes.length > 0 || toTheEnd); pass++) {
    indexes = await reading.pass(indexes, toTheEnd && pass === 1, open, signal);
    if (indexes.length === 0) break;
  }
  reading.finish(indexes);
  return reading;
}

class PayloadReading implements PayloadFiles {
  readonly found = new Map<number, { buildId: BuildId; kind: FileKind }>();
  readonly warnings: string[] = [];
  readonly #head: RpmHead;
  readonly #missed = new Map<number, readonly ByteRange[]>();
  /** For files whose data another entry had, that entry's file. */
  readonly #linkedTo = new Map<number, number>();

  constructor(head: RpmHead) {
    this.#head = head;
  }

  /** Reads the payload once; returns the files for which it has to be read again. */
  async pass(
    indexes: readonly number[],
    toTheEnd: boolean,
    open: OpenPayload,
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const { files } = this.#head;
    const again = new Set<number>();
    const knownRanges = new Map(this.#missed);
    const onScan = (index: number, scan: ElfScan): void => {
      if (!scan.isElf) return;
      if (scan.buildId !== null) this.found.set(index, { buildId: scan.buildId, kind: scan.kind });
      // What a scan with known ranges misses again is not there.
      else if (scan.missed.length > 0 && !knownRanges.has(index)) {
        this.#missed.set(index, scan.missed);
        again.add(index);
      }
    };
    const modules = new ModuleReader(onScan);
    const visitor = new PayloadVisitor(
      files,
      { indexes: new Set(indexes), knownRanges },
      new ModuleStarts(modules, onScan),
      onScan,
    );
    const reader = await open();
    try {
      await pump(reader, this.#head, visitor, modules, toTheEnd, signal);
      const { bad, lost } = await modules.end();
      for (const [index, reason] of bad) {
        this.warnings.push(`${files.path(index)}: the compressed kernel module cannot be read: ${reason}`);
      }
      for (const index of lost) again.add(index);
    } finally {
      await modules.stop();
      await reader.close();
    }
    for (const { index, dataIndex } of visitor.links.linked()) this.#linkedTo.set(index, dataIndex);
    if (toTheEnd) this.#warnOfAbsent(visitor);
    return [...again];
  }

  /** `unread` are the files that would need yet another pass. */
  finish(unread: readonly number[]): void {
    for (const index of unread) {
      this.warnings.push(
        `${this.#head.files.path(index)}: not read in ${PASSES_MAX} passes over the payload`,
      );
    }
    for (const [index, dataIndex] of this.#linkedTo) {
      const data = this.found.get(dataIndex);
      if (data !== undefined) this.found.set(index, data);
    }
  }

  #warnOfAbsent(visitor: PayloadVisitor): void {
    const { files } = this.#head;
    const absent: number[] = [];
    for (let index = 0; index < files.count; index++) {
      if (!visitor.hasSeen(index) && !files.isGhost(index)) absent.push(index);
    }
    const [first] = absent;
    if (first === undefined) return;
    const others = absent.length > 1 ? ` and ${absent.length - 1} more` : '';
    this.warnings.push(`${files.path(first)}${others}: listed in the header and absent from the payload`);
  }
}

/** Sends the payload through its decompressor and the cpio parser, as far as the visitor needs it. */
async function pump(
  reader: ChunkReader,
  head: RpmHead,
  visitor: PayloadVisitor,
  modules: ModuleReader,
  toTheEnd: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const compression = await compressionOf(reader, head);
  if (compression === null) return;
  const parser = new CpioParser(visitor);
  const hasEnough = (): boolean => !toTheEnd && visitor.isSatisfied;
  const start = await reader.peek(WINDOW_START_BYTES);
  const descriptor = isReadByProgram(compression) ? await reader.lendFile() : null;
  const onOutput = (bytes: Uint8Array): Promise<void> | undefined => {
    if (hasEnough()) return undefined;
    parser.push(bytes);
    if (hasEnough()) stop();
    return modules.takeWait();
  };
  const input = { compression, base: head.payloadStart, start, descriptor };
  const decompressor = await openDecompressor(input, onOutput, signal).catch((error: unknown) => {
    throw unlessCalledOff(error, signal);
  });
  const stop = (): void => {
    void decompressor.stop();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    if (descriptor === null) {
      for (let chunk = await reader.readAny(); chunk !== null; chunk = await reader.readAny()) {
        signal?.throwIfAborted();
        await decompressor.write(chunk);
        if (hasEnough()) return;
      }
    }
    await decompressor.end();
    signal?.throwIfAborted();
    if (!hasEnough()) parser.end();
  } catch (error) {
    throw unlessCalledOff(error, signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    await decompressor.stop();
    if (descriptor !== null) await reader.takeFileBack();
  }
}

function unlessCalledOff(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted !== true) return error;
  return new DarkserverError('stopped', 'reading the payload was called off');
}

/** Null for the payload of a package without files, which may be absent. */
async function compressionOf(reader: ChunkReader, head: RpmHead): Promise<Compression | null> {
  const start = await reader.peek(COMPRESSION_MAGIC_BYTES);
  if (start.length === 0 && head.files.count === 0) return null;
  if (start.length === 0) {
    throw new FormatError(
      'RPM',
      head.payloadStart,
      'the file is truncated: it ends where its payload begins',
    );
  }
  const compression = detectCompression(start);
  if (compression !== null) return compression;
  const found = Buffer.from(start).toString('hex');
  throw new FormatError(
    'RPM',
    head.payloadStart,
    `the payload's compression is unknown: it starts with ${found}`,
  );
}
