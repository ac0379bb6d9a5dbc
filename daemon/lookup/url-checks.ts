import type { Agent } from 'node:http';
import pLimit from 'p-limit';
import type { MatchUrl } from '../../shared/api.ts';
import { isoTime } from './iso-time.ts';

/** URLs that one answer has checked at most; the others are given as they are. */
export const MAX_CHECKED = 200;

/** Requests under way at once, all answers together. */
const CONCURRENCY = 16;

/** Milliseconds for one server to answer; after that nothing is known, and the URL stays. */
const TIMEOUT = 5_000;

/** Milliseconds for all checks of one answer; URLs that are not checked by then stay. */
const PATIENCE = 10_000;

/** Checks that wait for others, all answers together; URLs beyond them are given as they are. */
const MAX_WAITING = 500;

/**
 * Milliseconds for which a check is good: what is there stays longer than what is about to be written. A server in
 * trouble is left alone for a while.
 */
const GOOD_FOR = { there: 600_000, gone: 60_000, unknown: 30_000 };

/** Checks that are remembered. */
const MAX_REMEMBERED = 20_000;

const MAX_REDIRECTS = 5;

/** What a server says of a URL. */
interface Check {
  readonly result: keyof typeof GOOD_FOR;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly size: number | null;
}

export interface UrlChecks {
  /** Each URL as it is to be given, with what was learnt of it; one that is dead is left out. */
  check(urls: readonly MatchUrl[]): Promise<ReadonlyMap<MatchUrl, MatchUrl>>;
}

export interface UrlCheckOptions {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The connections to a server. Refuses those that a mirror or a redirect must not lead to. */
  readonly agentFor: (url: URL) => Agent;
  /** Milliseconds for one server to answer; for tests. */
  readonly timeout?: number;
}

/**
 * Asks servers with HEAD whether URLs work. 404, 403 and 410 mean that they do not; a server that is silent, fails or
 * knows no HEAD says nothing about its files. Addresses are those of the answer, which come from the configuration and
 * from what repositories list, and where they redirect to; each is asked at most once in GOOD_FOR, whoever wants to know.
 */
export function createUrlChecks({ timeout = TIMEOUT, ...options }: UrlCheckOptions): UrlChecks {
  const { now } = options;
  const slots = pLimit(CONCURRENCY);
  const known = new Map<string, Check>();
  const underWay = new Map<string, Promise<Check | null>>();

  const ask = (url: string): Promise<Check | null> => {
    const remembered = known.get(url);
    const age = remembered === undefined ? Infinity : now() - remembered.at;
    if (remembered !== undefined && age >= 0 && age < GOOD_FOR[remembered.result]) {
      return Promise.resolve(remembered);
    }
    const already = underWay.get(url);
    if (already !== undefined) return already;
    if (slots.pendingCount >= MAX_WAITING) return Promise.resolve(null);
    const inVain = performance.now() + PATIENCE;
    const asked = slots(async () => {
      // Who asked has left.
      if (performance.now() > inVain) return null;
      const check = await head(url, { ...options, timeout });
      remember(url, check);
      return check;
    }).finally(() => {
      underWay.delete(url);
    });
    underWay.set(url, asked);
    return asked;
  };

  const remember = (url: string, check: Check): void => {
    known.delete(url);
    known.set(url, check);
    const [oldest] = known.keys();
    if (known.size > MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
  };

  return {
    check: async (urls) => {
      const results = new Map(urls.map((url) => [url, url]));
      const checks = urls
        .filter(isAskable)
        .slice(0, MAX_CHECKED)
        .map(async (url) => {
          const check = await ask(url.url);
          if (check === null || check.result === 'unknown') return;
          if (check.result === 'there')
            results.set(url, { ...url, size: check.size ?? url.size, last_seen: isoTime(check.at) });
          else results.delete(url);
        });
      await Promise.race([Promise.all(checks), patience()]);
      return new Map(results);
    },
  };
}

/** Files of this machine are on no server. */
export function isAskable({ kind }: MatchUrl): boolean {
  return kind !== 'file';
}

function patience(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE).unref();
  });
}

async function head(
  url: string,
  { version, now, agentFor, timeout }: Required<UrlCheckOptions>,
): Promise<Check> {
  // Loaded for the first check: `darkserver lookup` makes none.
  const { default: fetch } = await import('node-fetch');
  try {
    const { status, headers } = await fetch(url, {
      method: 'HEAD',
      headers: { 'User-Agent': `darkserver/${version}`, 'Accept-Encoding': 'identity' },
      follow: MAX_REDIRECTS,
      agent: agentFor,
      signal: AbortSignal.timeout(timeout),
    });
    if (status === 404 || status === 410 || status === 403) return { result: 'gone', at: now(), size: null };
    if (status !== 200) return { result: 'unknown', at: now(), size: null };
    const length = headers.get('content-length');
    const size = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
    return { result: 'there', at: now(), size };
  } catch {
    return { result: 'unknown', at: now(), size: null };
  }
}
