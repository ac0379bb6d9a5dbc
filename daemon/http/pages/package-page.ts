import type { PackageAnswer } from '../../../shared/api.ts';
import type { Lookup, NotFound, PageRequest } from '../../lookup/types.ts';
import { pageAddress } from './addresses.ts';
import { buildLink } from './cells.ts';
import type { Page } from './layout.ts';
import { markup, name } from './markup.ts';
import { type Column, nextPage, table } from './table.ts';
import { minute, numberInWords, stateInWords } from './words.ts';

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

/** The history of a package. */
export async function packagePage(lookup: Lookup, text: string, page: PageRequest): Promise<Page | NotFound> {
  const answer = await lookup.package(text, page);
  if ('notFound' in answer) return answer;
  const next = answer.next_cursor;
  return {
    title: `Package ${text}`,
    body: markup`<h1><small>Package</small>${name(text)}</h1>
${table('Its builds, newest first', COLUMNS, answer.builds)}
${nextPage(next === null ? null : pageAddress('package', text, next))}`,
  };
}
