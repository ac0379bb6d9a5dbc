import type { Attributes } from './xml-reader.ts';

const HREF_MAX = 2048;

/**
 * Where a <location> of repodata leads: a path below the repository, or, where it or its xml:base is one, a whole
 * URL. Null for what leads elsewhere: out of the repository, to another kind of address, or nowhere.
 */
export function locationOf({ href, 'xml:base': base }: Attributes): string | null {
  if (href === undefined || href.length === 0 || href.length > HREF_MAX || hasControl(href)) return null;
  if (base !== undefined && base !== '' && isRelative(href)) {
    return hasControl(base) ? null : wholeUrl(`${base.replace(/\/*$/, '/')}${href}`);
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return wholeUrl(href);
  return isRelative(href) ? href : null;
}

/** The URL of a location below `base`, which ends with "/". */
export function urlBelow(base: string, location: string): string {
  return /^https?:/.test(location)
    ? location
    : base + encodeURI(location).replaceAll('#', '%23').replaceAll('?', '%3F');
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
