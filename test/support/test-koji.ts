import type { UrlChecks } from '../../daemon/lookup/url-checks.ts';

const KOJI_DEFAULTS = { reconcileInterval: 60_000, retrace: null, repositories: [] };

/** The Kojis that a test's lookups know; names of .example lead nowhere. */
export const TEST_KOJI = [
  {
    ...{ name: 'fedora', topurl: 'https://kojipkgs.example', web: 'https://koji.example/koji' },
    ...KOJI_DEFAULTS,
  },
  { name: 'plain', topurl: 'https://plain.example/top', web: null, ...KOJI_DEFAULTS },
] as const;

/** URL checks for servers whose Kojis are nowhere: none is ever asked. */
export const NO_CHECKS: UrlChecks = {
  check: (urls) => Promise.resolve(new Map(urls.map((url) => [url, url]))),
};
