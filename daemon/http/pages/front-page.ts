import type { NamedMatch, StatusAnswer } from '../../../shared/api.ts';
import type { Lookup } from '../../lookup/types.ts';
import { MAX_IDS_ON_PAGE } from '../limits.ts';
import { pageAddress } from './addresses.ts';
import type { Page } from './layout.ts';
import { type Markup, markup, name } from './markup.ts';
import type { QuestionKind } from './question.ts';
import { durationInWords, minute, numberInWords } from './words.ts';

/** What this is, how much it knows, and what can be typed, with examples that are in this index. */
export async function frontPage(lookup: Lookup): Promise<Page> {
  const [status, newest] = await Promise.all([lookup.status(), lookup.newest()]);
  return {
    title: null,
    body: markup`<h1>Which package is this build-id from?</h1>
<p>Give the GNU build-id of a program or library, from a core dump, a process or a stripped file, and Darkserver
names the exact Koji build that it came from, and where to download its RPM, its debuginfo and its source. It
also knows what is in an RPM or a build, the history of a package, and everything that was ever at a path.</p>
${newest !== null && examples(newest)}
<details>
<summary>Several build-ids at once, as of a core dump</summary>
<form action="./" method="post">
<label for="ids">Up to ${numberInWords(MAX_IDS_ON_PAGE)}, in any text that holds them, such as what <code>eu-unstrip -n --core FILE</code> prints</label>
<textarea id="ids" name="q" rows="8" required autocomplete="off" spellcheck="false"></textarea>
<button>Search for all</button>
</form>
</details>
${numbers(status)}
${scripts(newest)}`,
  };
}

function examples(newest: NamedMatch): Markup {
  const { build_id: buildId, path, rpm, build } = newest;
  const rows: readonly (readonly [what: string, as: QuestionKind, text: string | undefined])[] = [
    ['A build-id', 'build-id', buildId],
    ['Its first 8 digits or more', 'prefix', buildId.length > 8 ? buildId.slice(0, 12) : undefined],
    ['An RPM', 'rpm', rpm?.nvra],
    ['A build', 'build', build?.nvr],
    ['A package', 'package', build === null ? undefined : packageOf(build.nvr)],
    ['A path', 'path', path],
  ];
  return markup`<h2>What can be typed</h2>
<dl>
${rows.map(
  ([what, as, text]) =>
    text !== undefined &&
    markup`<dt>${what}</dt><dd><a class="id" href="${pageAddress(as, text)}">${name(text)}</a></dd>
`,
)}</dl>
<p class="soft">Build-ids may be Breakpad module ids, or padded with zeros. What can be read in several ways is
taken for a build-id first, then for a path, an RPM, a build and a package; the page says what else it may be.</p>`;
}

/** The name in an NVR, whose version and release hold no dash. */
function packageOf(nvr: string): string {
  return nvr.split('-').slice(0, -2).join('-');
}

function numbers({ builds, rpms, files, build_ids: buildIds, queue, koji }: StatusAnswer): Markup {
  const waiting = queue.queued + queue.running;
  return markup`<h2>What is in the index</h2>
<dl>
<dt>Builds</dt><dd>${numberInWords(builds)}${waiting > 0 && `, and ${numberInWords(waiting)} waiting to be read`}</dd>
<dt>RPMs</dt><dd>${numberInWords(rpms)}</dd>
<dt>Files with a build-id</dt><dd>${numberInWords(files)}, ${numberInWords(buildIds)} different build-ids</dd>
${Object.entries(koji).map(
  ([instance, facts]) => markup`<dt>${name(instance)}</dt><dd>${recency(facts)}</dd>
`,
)}</dl>`;
}

/** Less is what a build takes to be read. */
const UP_TO_DATE = 60;

function recency({ lag_seconds: lag, last_reconciled: compared }: StatusAnswer['koji'][string]): Markup {
  if (compared === null) return markup`not compared with yet`;
  const behind = lag < UP_TO_DATE ? 'up to date' : `${durationInWords(lag)} behind`;
  return markup`${behind}, last compared with ${minute(compared)}`;
}

function scripts(newest: NamedMatch | null): Markup {
  const buildId = newest?.build_id ?? 'BUILD-ID';
  const one = `api/v1/buildids/${buildId}`;
  return markup`<h2 id="scripts">For scripts</h2>
<p>What these pages show is there as JSON, too, linked at their foot: a build-id is <a href="${one}"><code>${one}</code></a>. Up to
5,000 at once are a POST to <code>api/v1/buildids</code>. <a href="openapi.json">openapi.json</a> describes all of it,
with limits and errors; <a href="api/v1/status">api/v1/status</a> has the numbers above.</p>`;
}
