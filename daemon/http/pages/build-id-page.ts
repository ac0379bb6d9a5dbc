import type { BuildIdAnswer } from '../../../shared/api.ts';
import type { AskedBuildId } from '../../../shared/build-id-forms.ts';
import type { Lookup, NotFound } from '../../lookup/types.ts';
import { BUILD, DOWNLOAD, FILE, PACKAGE, siblingsCell } from './cells.ts';
import type { Page } from './layout.ts';
import { type Markup, markup } from './markup.ts';
import { table } from './table.ts';
import { count } from './words.ts';

/** Files that are shown: a library may be in thousands of images. */
const SHOWN = 100;

/** Everything that has a build-id, best first, and what goes with it. */
export async function buildIdPage(lookup: Lookup, asked: AskedBuildId): Promise<Page | NotFound> {
  const answer = await lookup.byBuildId(asked, { siblings: true, verify: false });
  return 'notFound' in answer ? answer : pageOf(answer, reading(answer, asked.asked));
}

/** The same of the only build-id that begins with what was asked. */
export function onlyBuildIdPage(answer: BuildIdAnswer, prefix: string): Page {
  const note = markup`<p class="note">It is the only build-id in the index that begins with <span class="id">${prefix}</span>.</p>`;
  return pageOf(answer, note);
}

function pageOf({ build_id: buildId, matches }: BuildIdAnswer, note: Markup): Page {
  const hasSiblings = matches.some((match) => match.rpm !== undefined);
  return {
    title: `Build-id ${buildId}`,
    body: markup`<h1><small>Build-id</small><span class="id">${buildId}</span></h1>
${note}${table(
      `${count(matches.length, 'file')} with this build-id, best first`,
      [
        FILE,
        PACKAGE,
        BUILD,
        DOWNLOAD,
        ...(hasSiblings ? [{ heading: 'Goes with it', cell: siblingsCell }] : []),
      ],
      matches.slice(0, SHOWN),
    )}
${matches.length > SHOWN && markup`<p class="soft">The best ${SHOWN} of them; this page as JSON has all.</p>`}`,
  };
}

const FORMS = {
  'first-16-bytes': 'the first 16 bytes of it',
  guid: 'the first 16 bytes of it in the order of a GUID, as Breakpad writes them',
  'zero-padded': 'it, filled up with zeros',
} as const;

function reading({ form }: BuildIdAnswer, asked: string): Markup {
  if (form === undefined) return markup``;
  return markup`<p class="note">Asked for was <span class="id">${asked}</span>: ${FORMS[form]}.</p>
`;
}
