import { DarkserverError } from '../../shared/errors.ts';
import { type Checksum, readChecksum, strongest } from './checksum.ts';
import { withSlash } from './href.ts';
import { REPOMD } from './repomd.ts';
import { type Attributes, readXml } from './xml-reader.ts';

/** URLs of a metalink that are kept: lists of mirrors have hundreds, and a few are tried. */
const URLS_MAX = 1000;

/** Files repomd.xml may be that are kept: it is compared with each. MirrorManager lists a few. */
const REPOMDS_MAX = 100;

/** Digests that nobody can find another file for. */
const TRUSTED: readonly string[] = ['sha512', 'sha384', 'sha256'];

export interface MirrorList {
  /** URLs of repositories, best first; they end with "/". */
  readonly baseUrls: readonly string[];
  /** repomd.xml is one of these; null where nothing is said of it. */
  readonly repomds: readonly Checksum[] | null;
}

/**
 * Reads a Metalink 3.0 for repomd.xml, as MirrorManager makes it: mirrors by preference, the newest repomd.xml by
 * its digest, and under mm0:alternates those that mirrors may still have. Throws `format` for what is none, or
 * gives no SHA-2 digest.
 */
export function readMetalink(bytes: Uint8Array, url: string): MirrorList {
  let root = '';
  let inRepomd = false;
  let attributesOfText: Attributes = {};
  let alternative: Checksum[] = [];
  const repomds: Checksum[] = [];
  const urls: { readonly url: string; readonly preference: number }[] = [];
  // The digests of one file, of which only the strongest counts.
  const endAlternative = (): void => {
    const best = strongest(alternative.filter(({ type }) => TRUSTED.includes(type)));
    if (best !== null && repomds.length < REPOMDS_MAX) repomds.push(best);
    alternative = [];
  };
  readXml(bytes, url, {
    open: (name, attributes, depth) => {
      if (depth === 1) root = name;
      if (name === 'file') inRepomd = attributes['name'] === 'repomd.xml';
      attributesOfText = attributes;
      return inRepomd && (name === 'url' || name === 'hash');
    },
    close: (name, text) => {
      if (!inRepomd) return;
      if (name === 'hash') {
        const checksum = readChecksum(attributesOfText['type'], text);
        if (checksum !== null) alternative.push(checksum);
      } else if (name === 'verification') endAlternative();
      else if (name === 'url' && urls.length < URLS_MAX) {
        const baseUrl = baseOf(text.trim());
        const preference = Number(attributesOfText['preference'] ?? 0) || 0;
        if (baseUrl !== null) urls.push({ url: baseUrl, preference });
      } else if (name === 'file') inRepomd = false;
    },
  });
  if (root !== 'metalink') throw formatError(url, `it begins with <${root}> and is no metalink`);
  if (repomds.length === 0) throw formatError(url, 'it gives no SHA-256 or SHA-512 of repomd.xml');
  const baseUrls = urls.sort((a, b) => b.preference - a.preference).map((each) => each.url);
  return { baseUrls: [...new Set(baseUrls)], repomds };
}

/** Reads a list of base URLs, one a line, "#" before a comment. */
export function readMirrorlist(bytes: Uint8Array): MirrorList {
  const lines = new TextDecoder().decode(bytes).split('\n', 10 * URLS_MAX);
  const baseUrls = lines.flatMap((line) => baseOf(withSlash(line.trim()) + REPOMD) ?? []);
  return { baseUrls: [...new Set(baseUrls)].slice(0, URLS_MAX), repomds: null };
}

/** Null for what is no address of a repomd.xml that can be asked for: rsync, ftp, a sentence, a comment. */
function baseOf(url: string): string | null {
  if (!/^https?:\/\//i.test(url) || !url.endsWith(`/${REPOMD}`) || !URL.canParse(url)) return null;
  const parsed = new URL(url);
  const isPlain = parsed.username === '' && parsed.password === '' && !/[?#]/.test(url);
  return isPlain ? parsed.href.slice(0, -REPOMD.length) : null;
}

function formatError(url: string, message: string): DarkserverError {
  return new DarkserverError('format', `${url}: ${message}`);
}
