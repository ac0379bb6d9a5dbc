import type { BatchAnswer, Group, Match, MatchBuild, NotFoundReason } from '../../../shared/api.ts';
import type { AskedBuildId } from '../../../shared/build-id-forms.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import type { Lookup } from '../../lookup/types.ts';
import { MAX_IDS_ON_PAGE } from '../limits.ts';
import { link } from './addresses.ts';
import { buildCell, downloads, fileCell, holderCell } from './cells.ts';
import type { Page } from './layout.ts';
import { type Markup, markup } from './markup.ts';
import { type Column, table } from './table.ts';
import { adviceOn, count, numberInWords } from './words.ts';

/** One of those asked for, with the match that fits best to the others. */
interface Found {
  readonly asked: string;
  readonly match: Match;
  /** Beside that one. */
  readonly others: number;
}

interface Missing {
  readonly asked: string;
  readonly why: string;
}

/**
 * Several build-ids: which builds explain most of them, as one core comes from one set of packages, and what
 * each of them is. Throws `too_large`.
 */
export async function batchPage(lookup: Lookup, asked: readonly AskedBuildId[]): Promise<Page> {
  if (asked.length > MAX_IDS_ON_PAGE) {
    throw new DarkserverError(
      'too_large',
      `${asked.length} build-ids are more than the ${MAX_IDS_ON_PAGE} of one page; give them in parts, or POST ` +
        'them to /api/v1/buildids',
    );
  }
  const { results, group } = await lookup.byBuildIds(asked, { siblings: false, verify: false, group: true });
  const { found, missing } = divide(results, group);
  return {
    title: count(asked.length, 'build-id'),
    found: missing.length === 0 ? 'all' : found.length > 0 ? 'some' : 'none',
    body: markup`<h1>${count(asked.length, 'build-id')}</h1>
${group !== undefined && group.builds.length > 0 && summary(group, asked.length)}
${found.length > 0 && table(`${numberInWords(found.length)} found`, FOUND, found)}
${missing.length > 0 && table(`${numberInWords(missing.length)} not found`, MISSING, missing)}
${missing.length > 0 && markup`<p>${adviceOn('unknown')}</p>`}`,
  };
}

function divide(
  results: BatchAnswer['results'],
  group: Group | undefined,
): { found: Found[]; missing: Missing[] } {
  const inGroup = new Set(group?.builds.map(({ build }) => keyOf(build)));
  const found: Found[] = [];
  const missing: Missing[] = [];
  for (const [asked, { matches, reason = 'unknown' }] of Object.entries(results)) {
    const match = matches.find(({ build }) => build !== null && inGroup.has(keyOf(build))) ?? matches[0];
    if (match === undefined) missing.push({ asked, why: REASONS[reason] });
    else found.push({ asked, match, others: matches.length - 1 });
  }
  return { found, missing };
}

const keyOf = ({ instance, koji_build_id: kojiBuildId }: MatchBuild) => `${instance}/${kojiBuildId}`;

const REASONS: Readonly<Record<NotFoundReason, string>> = {
  unknown: 'nothing in the index has it',
  queued: 'its build waits to be read',
  failed: 'its build could not be read',
  absent: 'its package is in the index and does not have it',
};

const FOUND: readonly Column<Found>[] = [
  {
    heading: 'Build-id',
    cell: ({ asked, others }) =>
      markup`<span class="id">${link('build-id', asked)}</span>${
        others > 0 && markup`<br><small>and ${numberInWords(others)} more with it</small>`
      }`,
  },
  { heading: 'File', cell: ({ match }) => fileCell(match) },
  { heading: 'RPM', cell: ({ match }) => holderCell(match) },
  { heading: 'Build', cell: ({ match }) => buildCell(match.build) },
  { heading: 'Download', cell: ({ match }) => downloads(match.urls) },
];

const MISSING: readonly Column<Missing>[] = [
  { heading: 'Build-id', cell: ({ asked }) => markup`<span class="id">${asked}</span>` },
  { heading: 'Why', cell: ({ why }) => markup`${why}` },
];

const EXPLAINING: readonly Column<Group['builds'][number]>[] = [
  { heading: 'Build', cell: ({ build }) => buildCell(build) },
  {
    heading: 'Build-ids in it',
    cell: ({ build_ids: buildIds }) => markup`${numberInWords(buildIds.length)}`,
    isNumber: true,
  },
];

function summary({ builds, explained }: Group, asked: number): Markup {
  const these =
    builds.length === 1 ? 'This build explains' : `These ${count(builds.length, 'build')} explain`;
  return markup`${table(`${these} ${numberInWords(explained)} of ${numberInWords(asked)}`, EXPLAINING, builds)}
<p class="soft">At most one build of each package, the one that explains most first.</p>`;
}
