import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fetch, { FetchError } from 'node-fetch';
import type { Headers, RequestInit } from 'node-fetch';
import pLimit from 'p-limit';
import { DarkserverError } from '../../shared/errors.ts';
import { ByteRate } from './byte-rate.ts';
import { createHttpAgents } from './http-agents.ts';
import type { HttpAgents } from './http-agents.ts';
import { HttpBody, collect, decodeContent, excerpt } from './http-body.ts';
import { HttpPace } from './http-pace.ts';
import type { Ending } from './http-pace.ts';
import { PassingError, parseRetryAfter, reasonOf, retrying, stoppedError } from './http-retry.ts';
import type { RetryPolicy } from './http-retry.ts';
import type { MayBeLocal } from './local-addresses.ts';

const MAX_REDIRECTS = 5;

export interface KojiHttpOptions {
  /** Darkserver's version and where its operator can be reached, for the User-Agent. */
  readonly version: string;
  readonly contact: string;
  /** Responses under way at once, at most; a response is under way until its body is read or closed. */
  readonly maxConnections: number;
  /** Of answers' bodies in a second; null or left out: as they come. */
  readonly maxBytesPerSecond?: number | null;
  /** Milliseconds. */
  readonly connectTimeout?: number;
  /** Any if left out. */
  readonly mayBeLocal?: MayBeLocal;
  /** Milliseconds without a byte: before the headers (a hub may think for long) and between parts. */
  readonly silenceTimeout?: number;
  readonly retry?: RetryPolicy;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: HttpBody;
}

interface Exchange {
  readonly url: string;
  /** Requests that take alike long. */
  readonly what: string;
  readonly init: RequestInit;
  readonly signal: AbortSignal | undefined;
}

/** Apart, because TypeScript would not believe that a signal's state changes while something is awaited. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function isPassingStatus(status: number): boolean {
  return status >= 500 || status === 429;
}

/** Some servers deny that they may show what they do not have. */
function isAbsent(status: number): boolean {
  return status === 404 || status === 410 || status === 403;
}

/** How an answer's headers speak of the server's health. */
function endingOf(status: number, headers: Headers, what: string, milliseconds: number): Ending {
  if (status === 429 || status === 503) {
    return { ended: 'refused', retryAfter: parseRetryAfter(headers.get('retry-after')) };
  }
  return status >= 500 ? { ended: 'failed' } : { ended: 'answered', what, milliseconds };
}

function lengthOf(headers: Headers): number | null {
  const length = headers.get('content-length');
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/**
 * HTTP to one Koji: its hub and its file server. Connections are kept and bounded in number, fewer of them while
 * the servers are slow or in trouble; silence is bounded in time, and what may pass (connections that fail, 5xx,
 * 429) is tried again after a while.
 */
export class KojiHttp {
  readonly #agents: HttpAgents;
  readonly #slots: ReturnType<typeof pLimit>;
  readonly #pace: HttpPace;
  readonly #byteRate: ByteRate;
  readonly #userAgent: string;
  readonly #silenceTimeout: number;
  readonly #retry: RetryPolicy;
  /** What went wrong when a request last did. */
  #trouble = '';

  constructor(options: KojiHttpOptions) {
    this.#agents = createHttpAgents(options.maxConnections, options.connectTimeout ?? 10_000, {
      mayBeLocal: options.mayBeLocal,
    });
    this.#slots = pLimit(options.maxConnections);
    this.#userAgent = `darkserver/${options.version} (+${options.contact})`;
    this.#silenceTimeout = options.silenceTimeout ?? 60_000;
    this.#retry = options.retry ?? { attempts: 4, firstDelay: 500, longestDelay: 30_000 };
    const rests = { first: this.#retry.firstDelay * 2, longest: this.#retry.longestDelay };
    this.#pace = new HttpPace(options.maxConnections, rests, (requests) => {
      this.#slots.concurrency = requests;
    });
    this.#byteRate = new ByteRate(options.maxBytesPerSecond ?? null);
  }

  /** Milliseconds for which this Koji is not to be asked: it said so, or it failed again and again. */
  get rest(): number {
    return this.#pace.rest;
  }

  /**
   * Posts XML and reads all of the answer, which must be a 200. The request may be sent several times.
   * `what` is common to requests that take alike long. Throws `network`, `hub_protocol` (another status, larger
   * than `maxBytes`), `stopped`.
   */
  async postXml(
    url: string,
    xml: string,
    maxBytes: number,
    signal?: AbortSignal,
    what = 'post',
  ): Promise<Buffer> {
    const headers = {
      'Content-Type': 'text/xml',
      'Accept-Encoding': 'gzip',
      'User-Agent': this.#userAgent,
    };
    const init: RequestInit = { method: 'POST', headers, body: xml, redirect: 'manual' };
    return retrying(this.#retry, url, signal, async () => {
      const response = await this.#send({ url, what, init, signal });
      await this.#checkPosted(url, response);
      const bytes = await collect(response.body, maxBytes, url);
      return decodeContent(bytes, response.headers.get('content-encoding'), maxBytes, url);
    });
  }

  /**
   * Asks for a file, or the part of it that `headers` name: the answer is a 200, 206 or 416, or a 304 where they
   * have If-None-Match or If-Modified-Since, whose body the caller reads or closes. Throws `missing_file` (404, 410,
   * 403), `network`, `stopped`.
   */
  async getFile(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<HttpResponse> {
    const init: RequestInit = {
      headers: { ...headers, 'Accept-Encoding': 'identity', 'User-Agent': this.#userAgent },
      follow: MAX_REDIRECTS,
    };
    const isConditional = 'If-None-Match' in headers || 'If-Modified-Since' in headers;
    return retrying(this.#retry, url, signal, async () => {
      const response = await this.#send({ url, what: 'file', init, signal });
      const { status } = response;
      if (status === 200 || status === 206 || status === 416) return response;
      if (status === 304 && isConditional) return response;
      await response.body.close();
      if (isAbsent(status)) {
        throw new DarkserverError('missing_file', `${url}: HTTP ${status}; the file is not there (yet)`);
      }
      throw this.#badStatus(url, response);
    });
  }

  /**
   * Asks whether a file is there: its bytes, null where the server does not tell; null in all for none (404, 410,
   * 403). Throws `network`, `stopped`.
   */
  async headFile(url: string, signal?: AbortSignal): Promise<{ readonly size: number | null } | null> {
    const headers = { 'Accept-Encoding': 'identity', 'User-Agent': this.#userAgent };
    const init: RequestInit = { method: 'HEAD', headers, follow: MAX_REDIRECTS };
    return retrying(this.#retry, url, signal, async () => {
      const response = await this.#send({ url, what: 'head', init, signal });
      await response.body.close();
      const { status } = response;
      if (status === 200) return { size: lengthOf(response.headers) };
      if (isAbsent(status)) return null;
      throw this.#badStatus(url, response);
    });
  }

  /** Closes every connection; what is under way fails. */
  close(): void {
    this.#agents.destroy();
  }

  async #checkPosted(url: string, response: HttpResponse): Promise<void> {
    const { status, headers, body } = response;
    if (status === 200) return;
    if (status >= 400 && !isPassingStatus(status)) {
      const isText = headers.get('content-type')?.startsWith('text/plain') === true;
      const said = isText ? `: ${await excerpt(body)}` : '';
      await body.close();
      throw new DarkserverError('hub_protocol', `${url}: HTTP ${status}${said}`);
    }
    await body.close();
    throw this.#badStatus(url, response);
  }

  #badStatus(url: string, { status, headers }: HttpResponse): DarkserverError {
    if (isPassingStatus(status)) {
      const retryAfter = parseRetryAfter(headers.get('retry-after'));
      const asked = retryAfter === null ? '' : `, asks to wait ${Math.ceil(retryAfter / 1000)} s`;
      return new PassingError(`${url}: HTTP ${status}${asked}`, { retryAfter });
    }
    const location = headers.get('location');
    const where = location === null ? '' : `, moved to ${location}: configure that address`;
    return new DarkserverError('network', `${url}: HTTP ${status}${where}`);
  }

  /** Waits for one of the slots, which is held until the response's body is closed. */
  #send(exchange: Exchange): Promise<HttpResponse> {
    const { url, signal } = exchange;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        reject(stoppedError(url));
      };
      if (isAborted(signal)) {
        stop();
        return;
      }
      signal?.addEventListener('abort', stop);
      void this.#slots(async () => {
        signal?.removeEventListener('abort', stop);
        if (isAborted(signal)) return;
        await new Promise<void>((release) => {
          resolve(this.#exchangeInTime(exchange, release));
        });
      });
    });
  }

  /** Leaves the server alone for as long as it must be; a time that is too long is left to whoever called. */
  async #exchangeInTime(exchange: Exchange, onClosed: () => void): Promise<HttpResponse> {
    const { url, signal } = exchange;
    for (let rest = this.#pace.rest; rest > 0; rest = this.#pace.rest) {
      if (rest > this.#retry.longestDelay) {
        onClosed();
        const seconds = Math.ceil(rest / 1000);
        throw new PassingError(`${url}: not asked for another ${seconds} s, because of ${this.#trouble}`, {
          retryAfter: rest,
        });
      }
      try {
        await sleep(rest, undefined, { signal });
      } catch {
        onClosed();
        throw stoppedError(url);
      }
    }
    return this.#exchange(exchange, onClosed);
  }

  async #exchange({ url, what, init, signal }: Exchange, onClosed: () => void): Promise<HttpResponse> {
    const began = performance.now();
    const silenceTimeout = this.#silenceTimeout;
    const controller = new AbortController();
    const abort = (): void => {
      controller.abort();
    };
    signal?.addEventListener('abort', abort);
    const timer = setTimeout(abort, silenceTimeout);
    try {
      const { status, headers, body } = await fetch(url, {
        ...init,
        agent: (parsed: URL) => this.#agents.for(parsed),
        // Bodies are decoded here: node-fetch takes a gzip that ends early for whole.
        compress: false,
        signal: controller.signal,
      });
      const ending = endingOf(status, headers, what, performance.now() - began);
      if (ending.ended !== 'answered') this.#trouble = `${url}: HTTP ${status}`;
      this.#pace.note(ending);
      const pay = (bytes: number): Promise<void> => this.#byteRate.pay(bytes, signal);
      // What HEAD tells of a body does not come.
      const length = init.method === 'HEAD' ? 0 : lengthOf(headers);
      const options = { url, silenceTimeout, length, signal, onClosed, pay };
      return { status, headers, body: new HttpBody(body as Readable, options) };
    } catch (error) {
      onClosed();
      if (isAborted(signal)) throw stoppedError(url);
      const failure = this.#failure(url, error, controller.signal.aborted);
      this.#trouble = failure.message;
      this.#pace.note({ ended: 'failed' });
      throw failure;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #failure(url: string, error: unknown, wasSilent: boolean): DarkserverError {
    if (wasSilent) return new PassingError(`${url}: no answer for ${this.#silenceTimeout / 1000} s`);
    if (error instanceof FetchError && error.type !== 'system') {
      return new DarkserverError('network', `${url}: ${error.message}`, { cause: error });
    }
    return new PassingError(`${url}: ${reasonOf(error)}`, { cause: error });
  }
}
