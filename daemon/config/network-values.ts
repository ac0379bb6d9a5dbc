import { isIP } from 'node:net';
import * as z from 'zod/mini';
import { readable } from './values.ts';

/** The kinds of value that settings of a public server have. */

export interface RateLimit {
  readonly requests: number;
  /** Milliseconds. */
  readonly window: number;
}

const WINDOW_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** "600/m" */
export function rateLimit() {
  return readable(
    'give requests and a unit of time (s, m or h), as in "600/m" or "10/s"',
    (text): RateLimit | null => {
      const match = /^(\d{1,7})\s*\/\s*([smh])$/.exec(text.trim());
      const requests = Number(match?.[1]);
      return match === null || requests === 0
        ? null
        : { requests, window: WINDOW_MS[match[2] as keyof typeof WINDOW_MS] };
    },
  );
}

/** IP addresses and ranges of them. */
export function networks() {
  const error =
    'give a list of IP addresses and ranges, as in ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]; [] trusts nobody';
  return z.array(z.string({ error }).check(z.trim(), z.refine(isNetwork, { error })), { error });
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  // A length of 0 would let everyone say what their address is.
  const bits = version === 4 ? 32 : 128;
  return length === undefined || (/^[1-9]\d{0,2}$/.test(length) && Number(length) <= bits);
}
