import type { RepositoryConfig } from '../config/types.ts';
import { collect } from '../koji/http-body.ts';
import type { KojiHttp } from '../koji/http.ts';
import { DarkserverError, type ErrorCode, toDarkserverError } from '../../shared/errors.ts';
import { type MirrorList, readMetalink, readMirrorlist } from './metalink.ts';

/** Bytes of a list of mirrors. Of those in use the largest have a hundredth. */
const LIST_MAX = 4 * 1024 * 1024;

/** Mirrors that are asked in a refresh until one works. */
const MIRRORS_TRIED = 5;

/** Characters of an error that is kept and shown: some of it is what a server says. */
export const MESSAGE_MAX = 1000;

/** What may be wrong with one mirror and right with the next. */
export const FAULTS_OF_MIRRORS: readonly ErrorCode[] = [
  'network',
  'missing_file',
  'hub_protocol',
  'format',
  'limit',
];

/** One server's at a time: a mirror that is down must not make the next one wait. */
export type Http = Pick<KojiHttp, 'getFile' | 'close'>;
export type OpenHttp = () => Http;
/** For what is at this URL, which was configured, and for what it names. */
export type OpenSource = (url: string) => Http;

export interface SmallFile {
  /** 200, or 304 where a condition was set. */
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** The whole of a file. Throws as KojiHttp.getFile, and `hub_protocol` if it is larger than `maxBytes`. */
export async function fetchSmall(
  http: Http,
  url: string,
  {
    headers = {},
    maxBytes,
    signal,
  }: { headers?: Record<string, string>; maxBytes: number; signal: AbortSignal },
): Promise<SmallFile> {
  const { status, headers: answered, body } = await http.getFile(url, headers, signal);
  if (status !== 200 && status !== 304) {
    await body.close();
    throw new DarkserverError('network', `${url}: HTTP ${status}, which was not asked for`);
  }
  const bytes = await collect(body, maxBytes, url);
  const [etag, lastModified] = [answered.get('etag'), answered.get('last-modified')];
  return { status, bytes, etag, lastModified };
}

/** Where a repository may be had. Throws as fetchSmall, and `format` for a list that is none or without mirrors. */
export async function findMirrors(
  { kind, url }: RepositoryConfig['source'],
  openHttp: OpenHttp,
  signal: AbortSignal,
): Promise<MirrorList> {
  if (kind === 'baseurl') return { baseUrls: [`${url}/`], repomds: null };
  const http = openHttp();
  try {
    const { bytes } = await fetchSmall(http, url, { maxBytes: LIST_MAX, signal });
    const list = kind === 'metalink' ? readMetalink(bytes, url) : readMirrorlist(bytes);
    if (list.baseUrls.length > 0) return list;
    throw new DarkserverError('format', `${url}: it names no mirror by http or https`);
  } finally {
    http.close();
  }
}

/**
 * What the first of these mirrors answers that works. Throws the error of the only one, or one that holds the
 * reasons of all; what is no mirror's fault is thrown at once.
 */
export async function askMirrors<T>(
  baseUrls: readonly string[],
  openHttp: OpenHttp,
  ask: (baseUrl: string, http: Http) => Promise<T>,
): Promise<T> {
  const errors: DarkserverError[] = [];
  for (const baseUrl of baseUrls.slice(0, MIRRORS_TRIED)) {
    const http = openHttp();
    try {
      return await ask(baseUrl, http);
    } catch (thrown) {
      const error = toDarkserverError(thrown);
      if (!FAULTS_OF_MIRRORS.includes(error.code)) throw error;
      errors.push(error);
    } finally {
      http.close();
    }
  }
  const [first] = errors;
  if (first === undefined) throw new DarkserverError('internal', 'there is no mirror to ask');
  const messages = errors.map(({ message }) => message).join('; ');
  const message = errors.length === 1 ? messages : `none of ${errors.length} mirrors works: ${messages}`;
  throw new DarkserverError(first.code, message.slice(0, MESSAGE_MAX), { cause: first });
}
