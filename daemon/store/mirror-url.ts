import { type Nvra, formatNvra } from '../../shared/nvr.ts';

/** The place of a package as it is kept: without the file's name where that is what it usually is. */
export function shortHref(href: string, nvra: Nvra): string {
  const usual = `${formatNvra(nvra)}.rpm`;
  if (!href.endsWith(usual)) return href;
  const directory = href.slice(0, -usual.length);
  return directory === '' || directory.endsWith('/') ? directory : href;
}

/** The URL of a package; `base` ends with "/". The reverse of shortHref is done here. */
export function mirrorUrl(base: string, href: string, nvra: Nvra): string {
  const whole = href === '' || href.endsWith('/') ? `${href}${formatNvra(nvra)}.rpm` : href;
  return isWholeUrl(whole) ? whole : base + whole.split('/').map(escapeSegment).join('/');
}

function isWholeUrl(href: string): boolean {
  return /^https?:\/\//i.test(href);
}

/**
 * What repodata has escaped stays as it is. All the rest but unreserved characters is escaped, "+" too: some file
 * servers take it for a blank.
 */
function escapeSegment(segment: string): string {
  return segment
    .split(/(%[0-9a-f]{2})/i)
    .map((part, at) => (at % 2 === 1 ? part : encodeURIComponent(part)))
    .join('');
}
