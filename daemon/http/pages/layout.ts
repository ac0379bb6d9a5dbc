import { type Markup, markup, plainName } from './markup.ts';
import { STYLE } from './style.ts';

/** What is different from page to page. */
export interface Page {
  /** Names what was asked; "Darkserver" is added. Null on the front page. */
  readonly title: string | null;
  readonly body: Markup;
  /** What stands in the search field. */
  readonly searched?: string;
  /** The same as JSON, relative to the pages. */
  readonly json?: string | null;
  /** How much of what was asked for is there; all of it unless it is said. */
  readonly found?: 'all' | 'some' | 'none';
}

/** Characters: what was searched for may be as long as a URL. */
const TITLE_LENGTH = 200;

/** A magnifying glass, so that no browser asks for /favicon.ico. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' " +
  "stroke='%23388bfd' stroke-width='2.5' stroke-linecap='round'%3E%3Ccircle cx='6.5' cy='6.5' r='4.5'/%3E" +
  "%3Cpath d='M10 10l4.5 4.5'/%3E%3C/svg%3E";

/** A whole document. `root`: the address of the pages, relative to where this one is shown. */
export function renderPage({ title, body, searched = '', json = null }: Page, root = './'): string {
  const page = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title === null ? '' : `${plainName(title.slice(0, TITLE_LENGTH))} – `}Darkserver</title>
<link rel="icon" href="${ICON}">
${json !== null && markup`<link rel="alternate" type="application/json" href="${json}">`}
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<a href="${root}">Darkserver</a>
<form action="${root}" method="get" role="search">
<label for="q">Build-id, RPM, build, package or path</label>
<input id="q" name="q" type="search" value="${searched}" required autocomplete="off" autocapitalize="none" spellcheck="false">
<button>Search</button>
</form>
</header>
<main id="main">
${body}
</main>
<footer>
<a href="${root}#scripts">For scripts</a> \u00b7 <a href="${root}openapi.json">OpenAPI</a> \u00b7 <a href="${root}api/v1/status">Status as JSON</a>${
    json !== null && markup` \u00b7 <a href="${json}">This page as JSON</a>`
  }
</footer>
</body>
</html>
`;
  return page.toString();
}
