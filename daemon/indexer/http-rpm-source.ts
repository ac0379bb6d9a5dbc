import { DarkserverError } from '../../shared/errors.ts';
import type { HttpBody } from '../koji/http-body.ts';
import { PassingError } from '../koji/http-retry.ts';
import type { HttpResponse, KojiHttp } from '../koji/http.ts';
import type { ChunkSource, OpenedRpm, RpmSource } from './types.ts';

/** A reader that goes on past what it expected gets this many times as much with each further request. */
const GROWTH = 4;
/** Bytes of the largest part: beyond it the rest of the file is asked for. */
const LARGEST_PART = 16 * 1024 * 1024;
/** Times that one reading is taken up again where the connection was lost. */
const MAX_RESUMPTIONS = 5;

/** A part of the file under way. */
interface Part {
  /** Where its first byte lies in the file. */
  readonly start: number;
  /** Where it ends (exclusive); null if the server does not tell. */
  readonly end: number | null;
  /** True if the file may go on behind it. */
  readonly isPartial: boolean;
  /** Null for the part behind the end. */
  readonly body: HttpBody | null;
}

/** By what two answers are known to be of the same file. */
interface FileIdentity {
  readonly size: number | null;
  readonly lastModified: string | null;
  readonly etag: string | null;
}

/**
 * An RPM on a file server, of which no more is fetched than is read: parts by Range, each answer checked
 * to be of the same file. Servers that know no ranges are read from the start. Errors: `missing_file`,
 * `network` (also for a file that changes while it is read), `stopped`.
 */
export class HttpRpmSource implements RpmSource {
  readonly name: string;
  readonly #http: KojiHttp;
  #identity: FileIdentity | null = null;

  constructor(http: KojiHttp, url: string) {
    this.name = url;
    this.#http = http;
  }

  async open(start: number, options: { expect?: number; signal?: AbortSignal } = {}): Promise<OpenedRpm> {
    const first = await this.#request(start, options.expect, options.signal);
    const chunks = this.#read(first, start, options.expect, options.signal);
    return { size: this.#identity?.size ?? null, chunks: closing(chunks, first) };
  }

  async *#read(
    first: Part,
    start: number,
    expect: number | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let position = start;
    let length = expect;
    let resumptions = 0;
    for (let part = first; ;) {
      try {
        for await (const chunk of this.#bytesFrom(part, position)) {
          position += chunk.length;
          yield chunk;
        }
        if (this.#isEnd(part, position)) return;
        length = grown(length);
      } catch (error) {
        if (!(error instanceof PassingError) || resumptions++ === MAX_RESUMPTIONS) throw error;
      }
      part = await this.#request(position, length, signal);
    }
  }

  /** What of a part lies at `position` and behind it. Throws PassingError if the part ends too early. */
  async *#bytesFrom({ start, end, body }: Part, position: number): AsyncGenerator<Uint8Array> {
    let offset = start;
    for await (const chunk of body ?? []) {
      const wanted = chunk.subarray(Math.max(0, position - offset));
      offset += chunk.length;
      if (end !== null && offset > end) {
        throw new DarkserverError('network', `${this.name}: more bytes came than the server announced`);
      }
      if (wanted.length > 0) yield wanted;
    }
    if (end !== null && offset < end) {
      throw new PassingError(`${this.name}: ends at byte ${offset} instead of ${end}`);
    }
  }

  #isEnd(part: Part, position: number): boolean {
    const size = this.#identity?.size ?? null;
    return !part.isPartial || (size !== null && position >= size);
  }

  async #request(position: number, length: number | undefined, signal?: AbortSignal): Promise<Part> {
    const headers: Record<string, string> = {};
    if (position > 0 || length !== undefined) {
      headers['Range'] = `bytes=${position}-${length === undefined ? '' : position + length - 1}`;
      const etag = this.#identity?.etag ?? null;
      // A weak ETag does not promise the same bytes, and must not be sent here.
      if (etag?.startsWith('"') === true) headers['If-Range'] = etag;
    }
    const response = await this.#http.getFile(this.name, headers, signal);
    try {
      return await this.#asPart(response, position);
    } catch (error) {
      await response.body.close();
      throw error;
    }
  }

  async #asPart({ status, headers, body }: HttpResponse, position: number): Promise<Part> {
    const encoding = headers.get('content-encoding');
    if (encoding !== null && encoding !== 'identity') throw this.#odd(`is encoded as "${encoding}"`);
    if (status === 200) {
      this.#checkIdentity(body.length, headers);
      return { start: 0, end: body.length, isPartial: false, body };
    }
    const range = headers.get('content-range') ?? '';
    // Apache refuses a range without a word about the size.
    if (status === 416 && range === '') return this.#nothing(body, position);
    const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/.exec(range);
    if (match === null) throw this.#odd(`has the Content-Range "${range}"`);
    const [, from, to, total] = match;
    const size = total === undefined ? null : Number(total);
    this.#checkIdentity(size, headers);
    if (status === 416) return this.#nothing(body, position);
    const end = Number(to) + 1;
    if (Number(from) !== position || end <= position) throw this.#odd(`has "${range}" for byte ${position}`);
    return { start: position, end, isPartial: true, body };
  }

  /** No bytes at `position`: right at the end of a file, wrong in the middle of it. The body is a page that says so. */
  async #nothing(body: HttpBody, position: number): Promise<Part> {
    await body.close();
    this.#identity ??= { size: position === 0 ? 0 : null, lastModified: null, etag: null };
    const { size } = this.#identity;
    if (size !== null && position < size) throw this.#odd(`denies that byte ${position} of ${size} exists`);
    return { start: position, end: null, isPartial: false, body: null };
  }

  #checkIdentity(size: number | null, headers: HttpResponse['headers']): void {
    const answer = { size, lastModified: headers.get('last-modified'), etag: headers.get('etag') };
    this.#identity ??= answer;
    if (!isSameFile(this.#identity, answer)) {
      throw new DarkserverError('network', `${this.name}: the file changed while it was read`);
    }
  }

  #odd(what: string): DarkserverError {
    return new DarkserverError('network', `${this.name}: the server's answer makes no sense: it ${what}`);
  }
}

/**
 * What both answers tell must agree. ETags count only where there are no dates: behind one name there may
 * be several servers, each with tags of its own.
 */
function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  const agree = <T>(one: T | null, other: T | null): boolean =>
    one === null || other === null || one === other;
  if (!agree(a.size, b.size) || !agree(a.lastModified, b.lastModified)) return false;
  return (a.lastModified !== null && b.lastModified !== null) || agree(a.etag, b.etag);
}

function grown(length: number | undefined): number | undefined {
  return length === undefined || length * GROWTH > LARGEST_PART ? undefined : length * GROWTH;
}

/** A generator that was never begun does not run its last lines when it is closed; the response must be. */
function closing(chunks: AsyncGenerator<Uint8Array>, first: Part): ChunkSource {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      return: async () => {
        await first.body?.close();
        return chunks.return(undefined);
      },
    }),
  };
}
