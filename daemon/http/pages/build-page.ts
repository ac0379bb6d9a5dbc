import type { BuildAnswer } from '../../../shared/api.ts';
import type { NotFound, PageRequest } from '../../lookup/types.ts';
import { link, pageAddress } from './addresses.ts';
import { archiveCell, buildCell, downloads, troubles } from './cells.ts';
import type { Page } from './layout.ts';
import { type Markup, markup, name } from './markup.ts';
import type { Question } from './question.ts';
import { type Column, nextPage, table } from './table.ts';
import { minute, numberInWords, sizeInWords, stateInWords } from './words.ts';

type Rpm = BuildAnswer['rpms'][number];
type Archive = BuildAnswer['archives'][number];

const CONTENT: readonly Column<Rpm | Archive>[] = [
  {
    heading: 'Files with a build-id',
    cell: ({ files }) => markup`${numberInWords(files)}`,
    isNumber: true,
  },
  { heading: 'Download', cell: ({ urls }) => downloads(urls) },
];

const RPMS: readonly Column<Rpm>[] = [
  { heading: 'RPM', cell: (entry) => markup`${link('rpm', entry.rpm.nvra)}${troubles(entry)}` },
  { heading: 'Size', cell: ({ rpm }) => markup`${sizeInWords(rpm.size)}`, isNumber: true },
  ...CONTENT,
];

const ARCHIVES: readonly Column<Archive>[] = [
  { heading: 'Archive', cell: (entry) => markup`${archiveCell(entry.archive)}${troubles(entry)}` },
  ...CONTENT,
];

/** A build and what it holds. */
export function buildPage(
  answer: BuildAnswer | NotFound,
  question: Question,
  page: PageRequest,
): Page | NotFound {
  if ('notFound' in answer) return answer;
  const { build, rpms, archives, others, next_cursor: next } = answer;
  const isEmpty = rpms.length + archives.length === 0;
  return {
    title: `Build ${build.nvr}`,
    body: markup`<h1><small>Build</small>${name(build.nvr)}</h1>
${facts(answer)}
${rpms.length > 0 && table('RPMs', RPMS, rpms)}
${archives.length > 0 && table('Archives', ARCHIVES, archives)}
${isEmpty && markup`<p>${page.cursor === undefined ? 'No RPM or archive of it is in the index.' : 'There is no more.'}</p>`}
${nextPage(next === null ? null : pageAddress(question.as, question.text, next))}
${
  others.length > 0 &&
  markup`<h2>Others of this name</h2>
<ul>${others.map((other) => markup`<li>${buildCell(other)}</li>`)}</ul>`
}`,
  };
}

function facts({ build, job, indexed_at: indexedAt }: BuildAnswer): Markup {
  return markup`<dl>
<dt>State</dt><dd>${stateInWords(build)}</dd>
${build.completed_at !== null && markup`<dt>Completed</dt><dd>${minute(build.completed_at)}</dd>`}
<dt>Koji</dt><dd>${name(build.instance)}, build ${
    build.web_url === null
      ? String(build.koji_build_id)
      : markup`<a href="${build.web_url}">${build.koji_build_id}</a>`
  }</dd>
<dt>Last asked about</dt><dd>${minute(indexedAt)}</dd>
${job !== null && markup`<dt>In the queue</dt><dd>${waiting(job)}</dd>`}
</dl>`;
}

const JOB_STATES = {
  queued: 'it waits to be read',
  running: 'it is being read',
  failed: 'it could not be read, and will be tried again',
  parked: 'it could not be read',
} as const;

function waiting({ state, error }: NonNullable<BuildAnswer['job']>): Markup {
  return markup`${JOB_STATES[state]}${error !== null && markup`: ${name(error.message)}`}`;
}
