import type { NotFound } from '../../lookup/types.ts';
import { pageAddress } from './addresses.ts';
import type { Page } from './layout.ts';
import { type Markup, markup, name } from './markup.ts';
import type { Question, QuestionKind } from './question.ts';
import { adviceOn } from './words.ts';

const KINDS: Readonly<Record<QuestionKind, string>> = {
  'build-id': 'a build-id',
  'build-ids': 'several build-ids',
  prefix: 'the beginning of a build-id',
  rpm: 'an RPM',
  build: 'a build',
  'koji-build': 'a build by the number that Koji gave it',
  package: 'a package',
  path: 'a path',
};

const WHAT_CAN_BE_TYPED = markup`<h2>What can be typed</h2>
<ul>
<li>a build-id in hex digits, or its first 8 or more; a Breakpad module id</li>
<li>an RPM: <code>name-version-release.arch</code>, with or without <code>.rpm</code></li>
<li>a build: <code>name-version-release</code>, or <code>INSTANCE/NUMBER</code> as Koji counts them</li>
<li>the name of a package</li>
<li>a path from its first slash on: <code>/usr/bin/bash</code></li>
</ul>
`;

/** A reading that had no answer. */
export interface Tried {
  readonly question: Question;
  readonly answer: NotFound;
}

/** What was looked for and is not there, in each reading that was tried, why, and what to do. */
export function nothingFoundPage(searched: string, tried: readonly Tried[]): Page {
  const advice = new Set(tried.map(({ answer }) => adviceOn(answer.notFound.reason)));
  return {
    title: `Nothing found: ${searched}`,
    found: 'none',
    body: markup`<h1>Nothing found</h1>
<dl>
${tried.map(
  ({ question, answer }) =>
    markup`<dt>As ${KINDS[question.as]}</dt><dd>${name(sentence(answer.notFound.message))}</dd>
`,
)}</dl>
${[...advice].map((sentence) => markup`<p>${sentence}</p>\n`)}${WHAT_CAN_BE_TYPED}`,
  };
}

/** Above the answer to another reading: what is known of why a likelier one has none. */
export function reservations(tried: readonly Tried[]): Markup {
  const known = tried.filter(({ answer }) => answer.notFound.reason !== 'unknown');
  return markup`${known.map(
    ({ answer }) => markup`<p class="note">${name(sentence(answer.notFound.message))}</p>
`,
  )}`;
}

/** The other things that a text may mean. */
export function otherReadings(others: readonly Question[]): Markup {
  if (others.length === 0) return markup``;
  return markup`<p class="more soft">It may also be ${others.map(
    ({ as, text }, index) =>
      markup`${index > 0 && ' or '}<a href="${pageAddress(as, text)}">${KINDS[as]}</a>`,
  )}.</p>`;
}

/** A text that is nothing of what can be asked. */
export function unreadablePage(as: QuestionKind | null): Page {
  return {
    title: 'Not understood',
    body: markup`<h1>This is ${as === null ? 'nothing that can be looked for' : `not ${KINDS[as]}`}</h1>
${WHAT_CAN_BE_TYPED}`,
  };
}

const HEADINGS: Readonly<Record<number, string>> = {
  400: 'This cannot be understood',
  404: 'There is nothing here',
  405: 'Not in this way',
  413: 'This is too much at once',
  429: 'Too many requests',
  503: 'Not at the moment',
};

/** Any other failure; `message` is what the API says of it. */
export function errorPage(status: number, message: string): Page {
  const heading = HEADINGS[status] ?? (status < 500 ? 'This cannot be answered' : 'Something failed here');
  return {
    title: heading,
    body: markup`<h1>${heading}</h1>
<p>${name(sentence(message))}</p>
<p class="soft">Status ${status}</p>`,
  };
}

/** Messages of the API begin small and end without a stop. */
function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
