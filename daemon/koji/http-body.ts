import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DarkserverError } from '../../shared/errors.ts';
import { PassingError, reasonOf, stoppedError } from './http-retry.ts';

/** What is left of a body is read to its end rather than the connection thrown away, up to this many bytes. */
const WORTH_DRAINING = 128 * 1024;
/** Milliseconds that draining may wait for bytes. */
const DRAIN_SILENCE = 1000;

/** Characters of an error's body that are worth a place in a message. */
const EXCERPT = 200;

export interface BodyOptions {
  /** For messages. */
  readonly url: string;
  /** Milliseconds without a byte after which the server is given up. Time that the reader takes is not counted. */
  readonly silenceTimeout: number;
  /** Content-Length, null where the server gave none. */
  readonly length: number | null;
  readonly signal: AbortSignal | undefined;
  /** Called with the bytes of each chunk; the next is taken when it is settled. */
  readonly pay?: (bytes: number) => Promise<void>;
  /** Called once, when the body was read to its end or its connection is gone. */
  readonly onClosed: () => void;
}

/**
 * The body of one response, to be read once. Whoever has it must read it to its end, stop iterating or
 * call close(): until then it holds a connection. Iterating throws `network` (cut off, silent) and
 * `stopped`.
 */
export class HttpBody implements AsyncIterable<Uint8Array> {
  /** Content-Length, null where the server gave none. */
  readonly length: number | null;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #options: BodyOptions;
  readonly #abort: () => void;
  #received = 0;
  #closed = false;

  constructor(stream: Readable, options: BodyOptions) {
    this.length = options.length;
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#options = options;
    this.#abort = () => stream.destroy(stoppedError(options.url));
    options.signal?.addEventListener('abort', this.#abort);
    if (options.signal?.aborted === true) this.#abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = await this.#next(this.#options.silenceTimeout);
        if (chunk === null) return;
        yield chunk;
      }
    } finally {
      await this.close();
    }
  }

  /** Lets go of the connection: it is kept for the next request if little is left to read, else closed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.length !== null && this.length - this.#received <= WORTH_DRAINING) {
      try {
        while ((await this.#next(DRAIN_SILENCE)) !== null);
      } catch {
        // Nobody wanted these bytes; the connection is closed below.
      }
    }
    this.#release();
  }

  /** The next bytes, null at the end. */
  async #next(silence: number): Promise<Uint8Array | null> {
    const { url } = this.#options;
    const timer = setTimeout(() => {
      this.#stream.destroy(new PassingError(`${url}: no bytes for ${silence / 1000} s`));
    }, silence);
    try {
      const next = await this.#chunks.next();
      if (next.done === true) {
        this.#release();
        return null;
      }
      this.#received += next.value.length;
      clearTimeout(timer);
      await this.#options.pay?.(next.value.length);
      return next.value;
    } catch (error) {
      this.#release();
      if (error instanceof DarkserverError) throw error;
      const of = this.length === null ? '' : ` of ${this.length}`;
      throw new PassingError(`${url}: cut off after ${this.#received}${of} bytes: ${reasonOf(error)}`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#stream.destroy();
    this.#options.onClosed();
  }
}

/** All of a body. Throws `hub_protocol` once it is larger than `maxBytes`, and what iterating throws. */
export async function collect(body: HttpBody, maxBytes: number, url: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(url, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** What a server says in a body of plain text, shortened to a line for a message. */
export async function excerpt(body: HttpBody): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('latin1');
    if (text.length >= EXCERPT) break;
  }
  return text
    .slice(0, EXCERPT)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

const unzip = promisify(gunzip);

/**
 * Undoes Content-Encoding. Throws `hub_protocol` for an unknown one and for what grows beyond `maxBytes`,
 * `network` for data that ends early or is damaged.
 */
export async function decodeContent(
  bytes: Buffer,
  encoding: string | null,
  maxBytes: number,
  url: string,
): Promise<Buffer> {
  if (encoding === null || encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new DarkserverError(
      'hub_protocol',
      `${url}: sends Content-Encoding "${encoding}", gzip was asked for`,
    );
  }
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(url, maxBytes);
    throw new PassingError(`${url}: damaged gzip: ${reasonOf(error)}`, { cause: error });
  }
}

function tooLarge(url: string, maxBytes: number): DarkserverError {
  return new DarkserverError('hub_protocol', `${url}: the answer is larger than ${maxBytes} bytes`);
}
