import type { ServerResponse } from 'node:http';
import type { PyValue } from './values.ts';

/** What can go wrong between a hub and its client. */
export type Trouble =
  /** The answer comes, but so many milliseconds late. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The connection is taken and nothing comes, ever. */
  | { readonly kind: 'hang' }
  /** The connection is reset in place of an answer. */
  | { readonly kind: 'reset' }
  /** Half of the answer, then the connection is gone. */
  | { readonly kind: 'cut' }
  /** Half of the answer, then nothing, on an open connection. */
  | { readonly kind: 'stall' }
  /** Another status with a page of HTML, e.g. 500, or 503 with a Retry-After of some seconds. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** A page of HTML with status 200: a proxy's notice of maintenance. */
  | { readonly kind: 'html' }
  /** XML that ends in the middle, delivered as if it were whole. */
  | { readonly kind: 'truncated' }
  /** Another value in place of the right one. */
  | { readonly kind: 'lie'; readonly lie: (answer: PyValue) => PyValue };

/** Which requests a trouble meets: the XML-RPC method, or the path of a file; all if not given. */
export interface TroubleTarget {
  readonly method?: string;
  readonly path?: RegExp;
  /** How many requests; without it all, until clear(). */
  readonly times?: number;
}

/** The troubles that were ordered and have not been met yet. */
export class Troubles {
  /** What happens to requests without having been ordered for them; null for nothing. */
  weather: () => Trouble | null = () => null;
  #pending: { target: TroubleTarget; trouble: Trouble; left: number }[] = [];

  order(target: TroubleTarget, trouble: Trouble): void {
    this.#pending.push({ target, trouble, left: target.times ?? Infinity });
  }

  clear(): void {
    this.#pending = [];
  }

  /** The trouble that this request meets, if any. */
  meet(request: { method?: string; path?: string }): Trouble | null {
    const met = this.#pending.find(({ target, left }) => {
      if (left === 0) return false;
      if (target.method !== undefined) return target.method === request.method;
      if (target.path !== undefined) return request.path !== undefined && target.path.test(request.path);
      return true;
    });
    if (met === undefined) return this.weather();
    met.left--;
    return met.trouble;
  }
}

/** Gives half an answer and then lets go of the connection, or keeps it in silence. */
export function answerHalf(response: ServerResponse, body: Uint8Array, then: 'cut' | 'stall'): void {
  response.setHeader('Content-Length', body.length);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    if (then === 'cut') response.destroy();
  });
}

export function answerHtml(response: ServerResponse, status: number, retryAfter?: number): void {
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  response.writeHead(status, { 'Content-Type': 'text/html; charset=iso-8859-1' });
  response.end(
    `<!DOCTYPE html>\n<html><head><title>Trouble ${status}</title></head><body>ordered</body></html>\n`,
  );
}
