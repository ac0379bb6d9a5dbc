import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { Lookup, NotFound, PageRequest } from '../../lookup/types.ts';
import { link, pageAddress } from './addresses.ts';
import { onlyBuildIdPage } from './build-id-page.ts';
import type { Page } from './layout.ts';
import { markup } from './markup.ts';
import { nextPage } from './table.ts';

/** The build-ids that begin alike; a single one is answered at once. */
export async function prefixPage(
  lookup: Lookup,
  prefix: string,
  page: PageRequest,
): Promise<Page | NotFound> {
  const { build_ids: buildIds, next_cursor: next } = await lookup.byPrefix(prefix, page);
  const [first, second] = buildIds;
  if (first === undefined && page.cursor === undefined) {
    return {
      notFound: { reason: 'unknown', message: `no build-id in the index begins with ${prefix}` },
    };
  }
  if (first !== undefined && second === undefined && page.cursor === undefined) {
    const answer = await lookup.byBuildId(requireAskedBuildId(first), { siblings: true, verify: false });
    if (!('notFound' in answer)) return onlyBuildIdPage(answer, prefix);
  }
  return {
    title: `Build-ids that begin with ${prefix}`,
    body: markup`<h1><small>Build-ids that begin with</small><span class="id">${prefix}</span></h1>
<ul class="ids">
${buildIds.map((buildId) => markup`<li class="id">${link('build-id', buildId)}</li>\n`)}</ul>
${nextPage(next === null ? null : pageAddress('prefix', prefix, next))}`,
  };
}
