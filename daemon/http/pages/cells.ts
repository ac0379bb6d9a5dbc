import type {
  ArchiveFactsAnswer,
  LocatedRpm,
  Match,
  MatchBuild,
  MatchUrl,
  NamedMatch,
  RpmAnswer,
  RpmFactsAnswer,
} from '../../../shared/api.ts';
import { link } from './addresses.ts';
import { type Markup, markup, name } from './markup.ts';
import type { Column } from './table.ts';
import { day, sizeInWords, sourceInWords, stateInWords } from './words.ts';

/** What the columns of several tables have in common. */

/** Where a file is, and what kind of file it is. */
export function fileCell({ path, kind }: Pick<Match, 'path' | 'kind'>): Markup {
  // In layers of images paths begin with no slash, and what is typed is a path by its slash: both spellings are found.
  const asked = path.startsWith('/') ? path : `/${path}`;
  return markup`${link('path', asked, markup`<span class="id">${name(path)}</span>`)}<br><small>${kind}</small>`;
}

function rpmCell(rpm: RpmFactsAnswer): Markup {
  return markup`${link('rpm', rpm.nvra)}<br><small>${sizeInWords(rpm.size)}</small>`;
}

export function archiveCell(archive: ArchiveFactsAnswer): Markup {
  return markup`${name(archive.filename)}<br><small>${name(archive.btype)} archive, ${sizeInWords(archive.size)}</small>`;
}

export function holderCell({ rpm, archive }: Match): Markup {
  return rpm === undefined ? archiveCell(archive) : rpmCell(rpm);
}

/** By Koji's own number: drafts and several Kojis share an NVR. */
export function buildLink(build: MatchBuild): Markup {
  return link('koji-build', `${build.instance}/${build.koji_build_id}`, name(build.nvr));
}

export function buildCell(build: MatchBuild | null): Markup {
  if (build === null) return markup`<small>none: no Koji knows this RPM</small>`;
  return markup`${buildLink(build)}<br><small>${stateInWords(build)}${
    build.completed_at !== null && markup`, ${day(build.completed_at)}`
  }, ${name(build.instance)}</small>`;
}

/** What is wrong with an RPM or an archive, if anything is. */
export function troubles({
  superseded,
  error,
}: Pick<RpmAnswer['rpms'][number], 'superseded' | 'error'>): Markup {
  return markup`${superseded && markup`<br><strong class="mark">no longer listed by Koji in its build</strong>`}${
    error !== null &&
    markup`<br><strong class="mark">could not be read</strong> <small>${name(error.message)}</small>`
  }`;
}

/** Links, best first. What no browser would follow from here is shown as text. */
export function downloads(urls: readonly MatchUrl[]): Markup {
  if (urls.length === 0) return markup`<small>nowhere known</small>`;
  return markup`<ul>${urls.map((each) => markup`<li>${download(each)}</li>`)}</ul>`;
}

function download(url: MatchUrl): Markup {
  const source = sourceInWords(url);
  if (!/^https?:\/\//.test(url.url)) return markup`${source}: <code>${name(url.url)}</code>`;
  const facts = [
    url.size === null ? null : sizeInWords(url.size),
    url.last_seen === null ? null : markup`seen ${day(url.last_seen)}`,
  ].filter((fact) => fact !== null);
  return markup`<a class="get" href="${url.url}">${source}</a><small>${facts.map((fact) => markup`, ${fact}`)}</small>`;
}

/** What a debugger needs beside a program, with the best address of each. */
export function siblingsCell(match: Match): Markup {
  if (match.rpm === undefined || match.siblings === undefined) return markup``;
  const { rpm, siblings } = match;
  const others = [...siblings.debuginfo, ...siblings.debugsource, ...siblings.source].filter(
    (sibling) => sibling.rpm.nvra !== rpm.nvra,
  );
  if (others.length === 0) return markup`<small>nothing known</small>`;
  return markup`<ul>${others.map((sibling) => markup`<li>${siblingLinks(sibling)}</li>`)}</ul>`;
}

function siblingLinks({ rpm, urls }: LocatedRpm): Markup {
  const [best] = urls;
  return markup`${link('rpm', rpm.nvra)}${best !== undefined && markup`<br>${download({ ...best, last_seen: null })}`}`;
}

/** The columns of every table of files; pages put their own in front, between or behind. */
export const FILE = { heading: 'File', cell: fileCell } satisfies Column<Match>;
export const BUILD_ID = {
  heading: 'Build-id',
  cell: ({ build_id: buildId }) => markup`<span class="id">${link('build-id', buildId)}</span>`,
} satisfies Column<NamedMatch>;
export const PACKAGE = { heading: 'RPM', cell: holderCell } satisfies Column<Match>;
export const BUILD = { heading: 'Build', cell: ({ build }) => buildCell(build) } satisfies Column<Match>;
export const DOWNLOAD = { heading: 'Download', cell: ({ urls }) => downloads(urls) } satisfies Column<Match>;
