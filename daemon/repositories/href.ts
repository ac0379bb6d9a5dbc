import type { Attributes } from './xml-reader.ts';

/** Characters of a location with its xml:base. */
const HREF_MAX = 2048;

/**
 * Where a <location> of repodata leads: a path below the repository, or, where it or its xml:base is one, a whole
 * URL. Null for what leads elsewhere: out of the repository, to another kind of address, or nowhere.
 */
export function locationOf({ href = '', 'xml:base': base = '' }: Attributes): string | null {
  if (href === '' || base.length + href.length > HREF_MAX || hasControl(base + href)) return null;
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return wholeUrl(href);
  if (!isRelative(href)) return null;
  return base === '' ? href : wholeUrl(withSlash(base) + href);
}

/** The URL of a location below `base`, which ends with "/". */
export function urlBelow(base: string, location: string): string {
  return /^https?:/.test(location)
    ? location
    : base + encodeURI(location).replaceAll('#', '%23').replaceAll('?', '%3F');
}

/** With one "/" at its end. Without the look behind, a long row of slashes that is not at the end takes hours. */
export function withSlash(url: string): string {
  return url.replace(/(?<!\/)\/*$/, '/');
}

function isRelative(href: string): boolean {
  return (
    !href.startsWith('/') && !href.includes('\\') && href.split('/').every((part) => !/^\.\.?$/.test(part))
  );
}

function wholeUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  return isHttp && url.username === '' && url.password === '' ? url.href : null;
}

function hasControl(text: string): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(text);
}
