import type { LocatedRpm, PackageAnswer } from '../../../shared/api.ts';
import type { Lookup, NotFound, PageRequest } from '../../lookup/types.ts';
import { pageAddress } from './addresses.ts';
import { buildLink, downloads } from './cells.ts';
import type { Page } from './layout.ts';
import { markup, name } from './markup.ts';
import { type Column, nextPage, table } from './table.ts';
import { minute, numberInWords, sizeInWords, stateInWords } from './words.ts';

type Build = PackageAnswer['builds'][number];

const COLUMNS: readonly Column<Build>[] = [
  { heading: 'Build', cell: buildLink },
  { heading: 'State', cell: stateInWords },
  {
    heading: 'Completed',
    cell: ({ completed_at: at }) => (at === null ? markup`<small>not said</small>` : minute(at)),
  },
  { heading: 'Koji', cell: ({ instance }) => name(instance) },
  { heading: 'RPMs', cell: ({ rpms }) => markup`${numberInWords(rpms)}`, isNumber: true },
];

const LOCAL_COLUMNS: readonly Column<LocatedRpm>[] = [
  {
    heading: 'RPM',
    cell: ({ rpm }) => markup`<a class="id" href="${pageAddress('rpm', rpm.nvra)}">${name(rpm.nvra)}</a>`,
  },
  { heading: 'Size', cell: ({ rpm }) => markup`${sizeInWords(rpm.size)}`, isNumber: true },
  { heading: 'Download', cell: ({ urls }) => downloads(urls) },
];

/** The history of a package. */
export async function packagePage(lookup: Lookup, text: string, page: PageRequest): Promise<Page | NotFound> {
  const answer = await lookup.package(text, page);
  if ('notFound' in answer) return answer;
  const next = answer.next_cursor;
  return {
    title: `Package ${text}`,
    body: markup`<h1><small>Package</small>${name(text)}</h1>
${answer.builds.length > 0 && table('Its builds, newest first', COLUMNS, answer.builds)}
${answer.local_rpms.length > 0 && table('RPMs of this machine', LOCAL_COLUMNS, answer.local_rpms)}
${nextPage(next === null ? null : pageAddress('package', text, next))}`,
  };
}
