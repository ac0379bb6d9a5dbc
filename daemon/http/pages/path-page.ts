import type { Lookup, NotFound, PageRequest } from '../../lookup/types.ts';
import { pageAddress } from './addresses.ts';
import { BUILD, BUILD_ID, DOWNLOAD, PACKAGE } from './cells.ts';
import type { Page } from './layout.ts';
import { markup, name } from './markup.ts';
import { nextPage, table } from './table.ts';

/** Every build-id that a path ever had. */
export async function pathPage(lookup: Lookup, path: string, page: PageRequest): Promise<Page | NotFound> {
  const answer = await lookup.byPath(path, page);
  if ('notFound' in answer) return answer;
  const next = answer.next_cursor;
  return {
    title: `Path ${path}`,
    body: markup`<h1><small>Path</small><span class="id">${name(path)}</span></h1>
${table('What was ever there, the newest in the index first', [BUILD_ID, PACKAGE, BUILD, DOWNLOAD], answer.matches)}
${nextPage(next === null ? null : pageAddress('path', path, next))}`,
  };
}
