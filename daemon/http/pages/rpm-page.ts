import type { NamedMatch, RpmAnswer } from '../../../shared/api.ts';
import { type Nvra, formatNvra } from '../../../shared/nvr.ts';
import type { Lookup, NotFound, PageRequest } from '../../lookup/types.ts';
import { pageAddress } from './addresses.ts';
import { BUILD, BUILD_ID, FILE, buildCell, downloads, troubles } from './cells.ts';
import type { Page } from './layout.ts';
import { markup, name } from './markup.ts';
import { type Column, nextPage, table } from './table.ts';
import { count, numberInWords, sizeInWords } from './words.ts';

type Listed = RpmAnswer['rpms'][number];

const RPM_COLUMNS: readonly Column<Listed>[] = [
  { heading: 'Build', cell: (listed) => markup`${buildCell(listed.build)}${troubles(listed)}` },
  { heading: 'Size', cell: ({ rpm }) => markup`${sizeInWords(rpm.size)}`, isNumber: true },
  {
    heading: 'Files with a build-id',
    cell: ({ files }) => markup`${numberInWords(files)}`,
    isNumber: true,
  },
  { heading: 'Download', cell: ({ urls }) => downloads(urls) },
];

/** An RPM, in each build that has one of this name, and the files in it. */
export async function rpmPage(lookup: Lookup, nvra: Nvra, page: PageRequest): Promise<Page | NotFound> {
  const answer = await lookup.byNvra(nvra, page);
  if ('notFound' in answer) return answer;
  const { rpms, matches, next_cursor: next } = answer;
  const text = formatNvra(nvra);
  const columns: Column<NamedMatch>[] = rpms.length > 1 ? [FILE, BUILD_ID, BUILD] : [FILE, BUILD_ID];
  return {
    title: `RPM ${text}`,
    body: markup`<h1><small>RPM</small>${name(text)}</h1>
${table(rpms.length > 1 ? `${count(rpms.length, 'RPM')} of this name, best first` : 'Where it is from', RPM_COLUMNS, rpms)}
${
  matches.length === 0
    ? markup`<p>${page.cursor === undefined ? 'No file with a build-id is known in it.' : 'There are no more.'}</p>`
    : table('Files with a build-id, by path', columns, matches)
}${nextPage(next === null ? null : pageAddress('rpm', text, next))}`,
  };
}
