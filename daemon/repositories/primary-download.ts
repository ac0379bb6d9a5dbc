import { DarkserverError } from '../../shared/errors.ts';
import { type Compression, detectCompression, openDecompressor } from '../indexer/decompress.ts';
import { WINDOW_START_BYTES } from '../indexer/decompression-window.ts';
import type { RepositoryPackage } from '../store/repository-types.ts';
import { Digester, formatChecksum } from './checksum.ts';
import { PrimaryReader } from './primary.ts';
import type { PrimaryFacts } from './repomd.ts';

/** Bytes of a primary, as it lies there and decompressed: those of 100,000 packages have some 300 MB. */
const PRIMARY_MAX = 512 * 1024 * 1024;
const OPEN_PRIMARY_MAX = 2 * 1024 * 1024 * 1024;

/** Packages handed over at once: what is kept of them meanwhile is half a megabyte. */
const BATCH = 2000;

/** Bytes of a primary, decompressed, after which packages are handed over however few: they keep these in memory. */
const BATCH_BYTES = 16 * 1024 * 1024;

export interface ReadPrimary {
  /** Packages that could not be used. */
  readonly skipped: number;
}

export interface PrimaryInput {
  /** For messages. */
  readonly url: string;
  readonly facts: PrimaryFacts;
  readonly body: AsyncIterable<Uint8Array>;
  /** Takes some thousands at a time. */
  readonly onPackages: (packages: readonly RepositoryPackage[]) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Reads a primary, compressed or not, as it comes, and compares it with what repomd.xml says of it: what was
 * handed over counts only once this returns. Throws `format` for what is corrupt, truncated or not what was
 * announced, `limit` for what is too large, and what the body and `onPackages` throw.
 */
export async function readPrimary(input: PrimaryInput): Promise<ReadPrimary> {
  const { url, facts, body, signal } = input;
  const most = Math.min(facts.size ?? PRIMARY_MAX, PRIMARY_MAX);
  const digester = new Digester(facts.checksum);
  const open = new OpenPrimary(input);
  let size = 0;
  const chunks = counted(body, (chunk) => {
    size += chunk.length;
    digester.add(chunk);
    if (size > most) throw tooLarge(url, 'it', facts.size, most);
  });
  const { start, rest } = await startOf(chunks);
  const compression = compressionOf(start, url);
  const decompressor = await openDecompressor(
    { compression, base: 0, start, descriptor: null },
    (bytes) => open.take(bytes),
    signal,
  );
  try {
    // What failed says so at the end, after all that came before it was taken.
    for await (const chunk of rest) {
      if (decompressor.hasFailed) break;
      await decompressor.write(chunk);
    }
    await decompressor.end();
  } catch (thrown) {
    await decompressor.stop();
    throw atUrl(thrown, url);
  }
  if (facts.size !== null && size !== facts.size) throw wrongSize(url, 'it', size, facts.size);
  const mismatch = digester.mismatch();
  if (mismatch !== null) {
    const [is, expected] = [formatChecksum(mismatch), formatChecksum(facts.checksum)];
    throw new DarkserverError('format', `${url}: its checksum is ${is}, and repomd.xml says ${expected}`);
  }
  return open.end();
}

/** What came out of the decompressor. */
class OpenPrimary {
  readonly #input: PrimaryInput;
  readonly #reader: PrimaryReader;
  readonly #digester: Digester | null;
  readonly #most: number;
  #size = 0;
  #batch: RepositoryPackage[] = [];
  /** Bytes that had come when packages were last handed over. */
  #batchFrom = 0;

  constructor(input: PrimaryInput) {
    this.#input = input;
    this.#reader = new PrimaryReader(input.url, (each) => {
      this.#batch.push(each);
    });
    const { openChecksum, openSize } = input.facts;
    this.#digester = openChecksum === null ? null : new Digester(openChecksum);
    this.#most = Math.min(openSize ?? OPEN_PRIMARY_MAX, OPEN_PRIMARY_MAX);
  }

  take(bytes: Uint8Array): Promise<void> | undefined {
    const { url, facts, signal } = this.#input;
    signal.throwIfAborted();
    this.#size += bytes.length;
    if (this.#size > this.#most) throw tooLarge(url, 'decompressed, it', facts.openSize, this.#most);
    this.#digester?.add(bytes);
    this.#reader.write(bytes);
    const isFull = this.#batch.length >= BATCH || this.#size - this.#batchFrom >= BATCH_BYTES;
    return isFull ? this.#handOver() : undefined;
  }

  async end(): Promise<ReadPrimary> {
    const { url, facts } = this.#input;
    const { openChecksum, openSize } = facts;
    if (openSize !== null && this.#size !== openSize)
      throw wrongSize(url, 'decompressed, it', this.#size, openSize);
    const mismatch = this.#digester?.mismatch() ?? null;
    if (mismatch !== null && openChecksum !== null) {
      const [is, expected] = [formatChecksum(mismatch), formatChecksum(openChecksum)];
      throw new DarkserverError(
        'format',
        `${url}: decompressed, its checksum is ${is}, and repomd.xml says ${expected}`,
      );
    }
    this.#reader.end();
    if (this.#reader.root !== 'metadata') {
      throw new DarkserverError(
        'format',
        `${url}: it begins with <${this.#reader.root}> and is no primary.xml`,
      );
    }
    await this.#handOver();
    return { skipped: this.#reader.skipped };
  }

  async #handOver(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchFrom = this.#size;
    if (batch.length > 0) await this.#input.onPackages(batch);
  }
}

/** The first bytes, which tell the compression, and an iteration over all. */
async function startOf(
  chunks: AsyncGenerator<Uint8Array>,
): Promise<{ start: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  let start = new Uint8Array();
  while (start.length < WINDOW_START_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield start;
    yield* chunks;
  }
  return { start, rest: all() };
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  count: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    count(chunk);
    yield chunk;
  }
}

function compressionOf(start: Uint8Array, url: string): Compression {
  const found = detectCompression(start);
  if (found !== null && found !== 'lzma' && found !== 'none') return found;
  // XML, perhaps behind the mark of UTF-8.
  if (start[start[0] === 0xef ? 3 : 0] === 0x3c) return 'none';
  throw new DarkserverError(
    'format',
    `${url}: it is neither XML nor compressed with gzip, xz, zstd or bzip2`,
  );
}

/** Decompressors know no URL. */
function atUrl(thrown: unknown, url: string): unknown {
  if (!(thrown instanceof DarkserverError) || thrown.message.startsWith(url)) return thrown;
  if (thrown.code !== 'format' && thrown.code !== 'limit') return thrown;
  return new DarkserverError(thrown.code, `${url}: ${thrown.message}`, { cause: thrown });
}

function tooLarge(url: string, what: string, stated: number | null, most: number): DarkserverError {
  return stated === most
    ? new DarkserverError('format', `${url}: ${what} has more than the ${most} bytes that repomd.xml says`)
    : new DarkserverError('limit', `${url}: ${what} has more than ${most} bytes`);
}

function wrongSize(url: string, what: string, size: number, stated: number): DarkserverError {
  return new DarkserverError('format', `${url}: ${what} has ${size} bytes, and repomd.xml says ${stated}`);
}
