import { DarkserverError } from '../../shared/errors.ts';
import type { RpmFileList } from '../../shared/rpm/files.ts';
import { ChunkReader } from './chunk-reader.ts';
import type { AskDebuginfo } from './debuginfo-links.ts';
import { mayHoldBuildId, readHeaderEvidence } from './evidence.ts';
import type { HeaderEvidence } from './evidence.ts';
import { readPayload } from './payload.ts';
import type { PayloadFiles } from './payload.ts';
import { checkSize, HEAD_BYTES_EXPECTED, readRpmHead } from './rpm-head.ts';
import type { RpmHead } from './rpm-head.ts';
import type { RpmScan, RpmSource, ScanMode, ScannedFile } from './types.ts';

interface ScanOptions {
  readonly mode: ScanMode;
  readonly signal?: AbortSignal;
  /** Where packages that are silent may have debuginfo packages beside them. */
  readonly askDebuginfo?: AskDebuginfo;
}

/**
 * Finds the files with a build-id in one RPM. Memory is bounded whatever the RPM, and nothing is written.
 *
 * Throws `format` and `limit` for an RPM that cannot be read (the message names it and the offset),
 * `configuration` for a decompressor that is not installed, `stopped`, and what the source throws. Single
 * files that cannot be read become warnings.
 */
export async function scanRpm(source: RpmSource, options: ScanOptions): Promise<RpmScan> {
  try {
    return await new Scan(source, options).run();
  } catch (error) {
    if (error instanceof DarkserverError && (error.code === 'format' || error.code === 'limit')) {
      throw new DarkserverError(error.code, `${source.name}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

class Scan {
  readonly #source: RpmSource;
  readonly #mode: ScanMode;
  readonly #signal: AbortSignal | undefined;
  readonly #askDebuginfo: ScanOptions['askDebuginfo'];
  readonly #readers: ChunkReader[] = [];
  #size: number | null = null;

  constructor(source: RpmSource, { mode, signal, askDebuginfo }: ScanOptions) {
    this.#askDebuginfo = askDebuginfo;
    this.#source = source;
    this.#mode = mode;
    this.#signal = signal;
  }

  async run(): Promise<RpmScan> {
    // In payload mode all of it will be read, and a source over HTTP need not ask for a range.
    const reader = await this.#open(0, this.#mode === 'payload' ? undefined : HEAD_BYTES_EXPECTED);
    try {
      const head = await readRpmHead(reader);
      checkSize(head, this.#size);
      const { files, warnings } = await this.#readFiles(head, reader);
      const bytesRead = this.#readers.reduce((sum, { bytesTaken }) => sum + bytesTaken, 0);
      const size = this.#size ?? head.statedSize ?? bytesRead;
      return {
        ...head.identity,
        buildTime: head.buildTime,
        size,
        contentSize: Math.max(0, size - head.headerStart),
        files,
        bytesRead,
        warnings,
      };
    } finally {
      await reader.close();
    }
  }

  async #readFiles(head: RpmHead, reader: ChunkReader): Promise<Pick<RpmScan, 'files' | 'warnings'>> {
    if (this.#mode === 'payload') {
      const wanted = candidates(head.files);
      const payload = await this.#readPayload(head, reader, wanted, true);
      const files = new Map<number, ScannedFile>();
      addPayloadFiles(files, head.files, wanted, payload);
      return { files: inHeaderOrder(files), warnings: payload.warnings };
    }
    const evidence = await this.#readEvidence(head);
    const isHeaderOnly = this.#mode === 'header';
    const files = new Map<number, ScannedFile>();
    const wanted = isHeaderOnly ? [] : [...evidence.unknown];
    for (const { index, path, buildId, kind, isKindSure, evidence: proof } of evidence.proved) {
      if (isHeaderOnly || isKindSure) files.set(index, { path, buildId, kind, evidence: proof });
      else wanted.push(index);
    }
    if (wanted.length === 0) return { files: [...files.values()], warnings: [] };
    const payload = await this.#readPayload(head, reader, wanted, false);
    addPayloadFiles(files, head.files, wanted, payload);
    return { files: inHeaderOrder(files), warnings: payload.warnings };
  }

  async #readEvidence(head: RpmHead): Promise<HeaderEvidence> {
    const evidence = readHeaderEvidence(head);
    if (!evidence.isAskingDebuginfo || this.#askDebuginfo === undefined) return evidence;
    return readHeaderEvidence(head, await this.#askDebuginfo(head));
  }

  /** The first pass goes on where the head ended; further ones open the source anew. */
  #readPayload(
    head: RpmHead,
    reader: ChunkReader,
    wanted: readonly number[],
    toTheEnd: boolean,
  ): Promise<PayloadFiles> {
    let next: ChunkReader | null = reader;
    const open = async (): Promise<ChunkReader> => {
      const opened = next ?? (await this.#open(head.payloadStart, undefined));
      next = null;
      return opened;
    };
    return readPayload(head, wanted, toTheEnd, open, this.#signal);
  }

  async #open(start: number, expect: number | undefined): Promise<ChunkReader> {
    const opened = await this.#source.open(start, {
      ...(expect === undefined ? {} : { expect }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    });
    this.#size ??= opened.size;
    const reader = new ChunkReader(opened.chunks, start, opened.file);
    this.#readers.push(reader);
    return reader;
  }
}

function candidates(files: RpmFileList): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < files.count; index++) if (mayHoldBuildId(files, index)) indexes.push(index);
  return indexes;
}

function addPayloadFiles(
  files: Map<number, ScannedFile>,
  list: RpmFileList,
  wanted: readonly number[],
  payload: PayloadFiles,
): void {
  for (const index of wanted) {
    const found = payload.found.get(index);
    if (found !== undefined) files.set(index, { path: list.path(index), ...found, evidence: 'payload' });
  }
}

function inHeaderOrder(files: ReadonlyMap<number, ScannedFile>): ScannedFile[] {
  return [...files].sort(([a], [b]) => a - b).map(([, file]) => file);
}
