import { setTimeout as sleep } from 'node:timers/promises';
import { DarkserverError } from '../../shared/errors.ts';

/** What asking the same server once more may cure; a plain `network` error is one that it will not. */
export class PassingError extends DarkserverError {
  /** Milliseconds that the server asked to be left alone for, null if it did not say. */
  readonly retryAfter: number | null;

  constructor(message: string, options: { cause?: unknown; retryAfter?: number | null } = {}) {
    super('network', message, { cause: options.cause });
    this.retryAfter = options.retryAfter ?? null;
  }
}

/** The error of work that was called off by its signal. */
export function stoppedError(what: string): DarkserverError {
  return new DarkserverError('stopped', `${what}: called off`);
}

/** How node-fetch begins, which repeats the URL. Of a host with several addresses no word follows, only a code. */
const FETCH_FAILED = /^request to \S+ failed, reason: /;

/** What an error says, also where it comes from another realm or is none. */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  const reason = String(error.message).replace(FETCH_FAILED, '');
  return reason === '' && 'code' in error ? String(error.code) : reason;
}

/** Retry-After of RFC 9110 (seconds or a date) as milliseconds from now; null if absent or unreadable. */
export function parseRetryAfter(value: string | null): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled before each further one. */
  readonly firstDelay: number;
  /** A server that asks for more milliseconds than this is left to whoever called. */
  readonly longestDelay: number;
}

/** Between half and all of the delay, so that many clients cut off together do not return together. */
function withJitter(delay: number): number {
  return delay * (0.5 + Math.random() / 2);
}

/**
 * Runs `attempt` until it does not fail with a PassingError. Reads only: what is tried again has been
 * done twice. Throws the last error, or `stopped` if the signal called it off.
 */
export async function retrying<T>(
  policy: RetryPolicy,
  what: string,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof PassingError) || made >= policy.attempts) throw error;
      const backOff = withJitter(Math.min(policy.firstDelay * 2 ** (made - 1), policy.longestDelay));
      const delay = Math.max(backOff, error.retryAfter ?? 0);
      if (delay > policy.longestDelay) throw error;
      try {
        await sleep(delay, undefined, { signal });
      } catch {
        throw stoppedError(what);
      }
    }
  }
}
