import type { MatchBuild, MatchUrl, NotFoundReason } from '../../../shared/api.ts';
import { type Markup, markup } from './markup.ts';

/** What the API says by codes and numbers, for people. */

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** 12345 → "12.3 kB": powers of 1000, three digits. */
export function sizeInWords(bytes: number): string {
  let unit = 0;
  let size = bytes;
  // 999.5 would be rounded to 1000 of its own unit.
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${size.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

const NUMBERS = new Intl.NumberFormat('en');

/** 1234567 → "1,234,567". */
export function numberInWords(number: number): string {
  return NUMBERS.format(number);
}

/** "1 build", "2 builds". */
export function count(number: number, thing: string): string {
  return `${numberInWords(number)} ${thing}${number === 1 ? '' : 's'}`;
}

const DURATIONS: readonly (readonly [seconds: number, thing: string])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** Rounded down to one unit: 3700 → "1 hour". */
export function durationInWords(seconds: number): string {
  const [length, thing] = DURATIONS.find(([each]) => seconds >= each) ?? [1, 'second'];
  return count(Math.floor(seconds / length), thing);
}

/** A day in UTC out of ISO 8601; machines are told the whole time. */
export function day(iso: string): Markup {
  return markup`<time datetime="${iso}">${iso.slice(0, 10)}</time>`;
}

/** The same to the minute. */
export function minute(iso: string): Markup {
  return markup`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}

const STATES: Readonly<Record<MatchBuild['state'], string>> = {
  building: 'still being built',
  complete: 'complete',
  deleted: 'deleted from Koji',
  failed: 'failed',
  canceled: 'canceled',
  superseded: 'no longer listed by Koji in this build',
};

/** The state of a build. What makes it less than a usual one stands out, by words and not by colour alone. */
export function stateInWords({ state, draft }: Pick<MatchBuild, 'state' | 'draft'>): Markup {
  const stateWords = STATES[state];
  return markup`${state === 'complete' ? stateWords : markup`<strong class="mark">${stateWords}</strong>`}${
    draft && markup` <strong class="mark">draft</strong>`
  }`;
}

/** Where a URL leads. */
export function sourceInWords({ kind, repository, sigkey }: MatchUrl): string {
  switch (kind) {
    case 'mirror':
      return repository === undefined ? 'Mirror' : `Mirror, ${repository}`;
    case 'koji-signed':
      return sigkey === undefined ? 'Koji, signed' : `Koji, signed with ${sigkey}`;
    case 'koji':
      return 'Koji';
    case 'retrace':
      return 'Retrace server';
    case 'file':
      return 'File on the server';
  }
}

/** What to do where nothing was found. */
export function adviceOn(reason: NotFoundReason): string {
  switch (reason) {
    case 'unknown':
      return (
        'It may come from a distribution, a build or a time that this index does not cover, or have been built ' +
        'elsewhere. Look whether it was copied whole, or search for the package or the path.'
      );
    case 'queued':
      return 'Its build waits to be read. Ask again in a minute.';
    case 'failed':
      return 'Where another try may help, who runs this server can see to it (darkserver jobs --state failed).';
    case 'absent':
      return 'The package is in the index and was read. Look whether it is the right version and architecture.';
  }
}
