import * as z from 'zod/mini';

/** The kinds of value that settings have. Each schema's error says what is allowed, for the reader of it. */

export interface ListenAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/**
 * A text that `read` understands; null from `read` means that it is none. One schema, and not a string's with what
 * becomes of it: every command makes all of them.
 */
export function readable<T>(allowed: string, read: (text: string) => T | null) {
  return z.transform((value: unknown, context): T => {
    const understood = typeof value === 'string' ? read(value) : null;
    if (understood !== null) return understood;
    context.issues.push({ code: 'custom', message: allowed, input: value });
    return z.NEVER;
  });
}

export function wholeNumber(least: number, most: number) {
  const error = `give a whole number from ${least} to ${most}`;
  return z.int({ error }).check(z.minimum(least, { error }), z.maximum(most, { error }));
}

export function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.enum(names, { error: `give one of ${names.map((name) => `"${name}"`).join(', ')}` });
}

export function listenAddress() {
  return readable(
    'give HOST:PORT, as in "127.0.0.1:8080" or "[::1]:8080" (port 0: any free one)',
    readListen,
  );
}

export function httpUrl() {
  return readable('give an http:// or https:// URL without user, query or fragment', readHttpUrl);
}

/** The address of a list of mirrors, which is told by its query what to list. */
export function listUrl() {
  return readable(
    'give an http:// or https:// URL without user or fragment, $releasever and $basearch written out',
    (text) => (text.includes('$') ? null : readHttpUrl(text, { query: true })),
  );
}

/** A URL in which names in braces stand for what is put there later; at least one must. */
export function urlTemplate(names: readonly string[]) {
  const allowed = names.map((name) => `{${name}}`).join(', ');
  return readable(`give an http:// or https:// URL with at least one of ${allowed} in it`, (text) => {
    const placeholders = [...text.matchAll(/\{(.*?)\}/g)].map(([, name = '']) => name);
    const isKnown = placeholders.length > 0 && placeholders.every((name) => names.includes(name));
    const filled = text.replace(/\{\w+\}/g, 'x');
    // What is put there comes from packages: it must not choose the server.
    const isFixed = /^https?:\/\/[^/{}]+\//.test(text);
    return isKnown && isFixed && readHttpUrl(filled, { query: true }) !== null ? text : null;
  });
}

export function filePath() {
  return readable('give the path of a file', (text) => (text === '' || text.includes('\0') ? null : text));
}

/** In milliseconds. */
export function duration(least: string, most: string) {
  const [from, to] = [readDuration(least) ?? 0, readDuration(most) ?? Infinity];
  return readable(
    `give a number and a unit (s, m, h or d), as in "90s" or "5m", from ${least} to ${most}`,
    (text) => {
      const milliseconds = readDuration(text);
      return milliseconds === null || milliseconds < from || milliseconds > to ? null : milliseconds;
    },
  );
}

/** In bytes. */
export function byteCount(least: string, most: string) {
  const [from, to] = [readBytes(least) ?? 0, readBytes(most) ?? Infinity];
  return readable(
    `give a number and a unit (K, M or G bytes), as in "20M", from ${least} to ${most}`,
    (text) => {
      const bytes = readBytes(text);
      return bytes === null || bytes < from || bytes > to ? null : bytes;
    },
  );
}

function readListen(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}

function readHttpUrl(text: string, { query = false } = {}): string | null {
  if (!URL.canParse(text) || /\s/.test(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  // A password here would be printed in logs and in answers.
  if (url.username !== '' || url.password !== '' || text.includes('#')) return null;
  if (query) return text;
  if (text.includes('?')) return null;
  return text.replace(/\/+$/, '');
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const UNIT_BYTES = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

function readBytes(text: string): number | null {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)\s*([KMG])$/i.exec(text.trim());
  if (match === null) return null;
  return Math.floor(Number(match[1]) * UNIT_BYTES[match[2]?.toUpperCase() as keyof typeof UNIT_BYTES]);
}

function readDuration(text: string): number | null {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}
