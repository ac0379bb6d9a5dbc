import { type Markup, markup, name } from './markup.ts';
import type { Question, QuestionKind } from './question.ts';

/**
 * Addresses relative to that of the pages, so that they also work where a proxy serves this under a path of
 * its own. One address for each question and page of its answer: what can be bookmarked. Without `as` the text is
 * taken for what is likeliest.
 */
export function pageAddress(as: QuestionKind | null, text: string, cursor: string | null = null): string {
  const query = new URLSearchParams({ q: text });
  if (as !== null) query.set('as', as);
  if (cursor !== null) query.set('cursor', cursor);
  return `?${query.toString()}`;
}

/** A name that leads to the page about it. */
export function link(as: QuestionKind, text: string, shown: Markup = name(text)): Markup {
  return markup`<a href="${pageAddress(as, text)}">${shown}</a>`;
}

/** Where the same is to be had as JSON; null where a GET cannot ask it. */
export function jsonAddress(question: Question): string | null {
  const text = encodeURIComponent(question.text);
  switch (question.as) {
    case 'build-id':
      return `api/v1/buildids/${text}?siblings=1`;
    case 'build-ids':
      return null;
    case 'prefix':
      return `api/v1/buildids?prefix=${text}`;
    case 'rpm':
      return `api/v1/rpms/${text}`;
    case 'build':
      return `api/v1/builds/${text}`;
    case 'koji-build':
      return `api/v1/koji/${encodeURIComponent(question.instance)}/builds/${question.kojiBuildId}`;
    case 'package':
      return `api/v1/packages/${text}`;
    case 'path':
      return `api/v1/files?path=${text}`;
  }
}
