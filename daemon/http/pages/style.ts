import { hash } from 'node:crypto';
import { Markup } from './markup.ts';

/**
 * The style sheet stands in every page: one request, and a page that was saved looks the same. Its lengths are
 * in em, so that text at 200 % on a wide screen is laid out as on a narrow one. Below 62 em a table becomes a
 * list of cards, one for each row, which name their columns themselves.
 */
const CSS = `
:root{color-scheme:light dark;--back:#fff;--text:#1c1e21;--soft:#5b6069;--line:#d4d7dc;--card:#f5f6f8;--link:#0a55c4;--mark:#8a3b00;--mark-back:#fdeedd}
@media (prefers-color-scheme:dark){:root{--back:#15171b;--text:#e6e8eb;--soft:#a3a9b3;--line:#393e47;--card:#1e2126;--link:#8ab6ff;--mark:#ffc48a;--mark-back:#40290f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:84em;padding:0 1em 2em;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
a{color:var(--link)}
a:focus-visible,input:focus-visible,textarea:focus-visible,button:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99em}
.skip:focus{left:1em;top:.5em;background:var(--back)}
header{display:flex;flex-wrap:wrap;gap:.5em 1.5em;align-items:baseline;padding:1em 0;border-bottom:1px solid var(--line)}
header>a{font-weight:700;font-size:1.25em;color:inherit;text-decoration:none}
form{display:flex;flex-wrap:wrap;gap:.5em;flex:1 1 18em;min-width:0;max-width:52em}
form label{flex:1 0 100%}
input,textarea,button{font:inherit;color:inherit;padding:.5em .7em;border:1px solid var(--soft);border-radius:.4em;background:var(--back)}
input{flex:1 1 12em;min-width:0}
textarea{flex:1 0 100%;width:100%;min-height:8em;font:.9em/1.4 ui-monospace,monospace}
button{background:var(--link);border-color:var(--link);color:var(--back);font-weight:600;cursor:pointer}
h1{font-size:1.5em;line-height:1.25;margin:1em 0 .5em}
h2{font-size:1.15em;margin:1.6em 0 .4em}
h1 small{display:block;font-size:.6em;font-weight:600;color:var(--soft)}
p,ul,dl{margin:.5em 0}
p{max-width:50em}
code,.id{font:.92em/1.4 ui-monospace,monospace}
bdi i{font-size:.8em;border:1px solid;border-radius:.3em;padding:0 .2em;margin:0 .1em}
small,.soft{color:var(--soft);font-size:.9em}
.mark{color:var(--mark);background:var(--mark-back);border-radius:.3em;padding:0 .35em;font-weight:600}
.note{border-left:.25em solid var(--line);padding:.3em 0 .3em .9em}
summary{cursor:pointer;padding:.3em 0}
dl{display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.2em 1.2em}
dt{color:var(--soft)}
dd{margin:0}
td ul{margin:0;padding:0;list-style:none}
td li+li{margin-top:.3em}
.ids{columns:26em;padding:0;list-style:none}
table{border-collapse:collapse;width:100%;margin:.5em 0}
caption{text-align:left;font-size:1.15em;font-weight:700;padding:1em 0 .3em}
th,td{text-align:left;vertical-align:top;padding:.5em .8em .5em 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{font-weight:600;color:var(--soft);font-size:.9em;border-bottom-width:2px}
td,th{min-width:9em}
td.n,th.n{text-align:right;width:1%;min-width:6em;padding-right:2em;white-space:nowrap}
th.n{white-space:normal}
footer{margin-top:3em;padding-top:.7em;border-top:1px solid var(--line);color:var(--soft);font-size:.9em}
@media (max-width:62em){
table,caption,tbody,tr,th,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{background:var(--card);border-radius:.5em;padding:.6em .8em;margin:.6em 0}
tbody th,td,td.n{border:0;padding:.2em 0;text-align:left;width:auto;min-width:0;white-space:normal}
td:empty{display:none}
td[data-is]::before{content:attr(data-is);display:block;color:var(--soft);font-size:.85em}
}
@media (min-width:22em){time{white-space:nowrap}}
@media (min-width:22em) and (max-width:62em){
td[data-is]{padding-left:7em;display:flow-root}
td[data-is]::before{float:left;width:6.6em;margin-left:-7em;font-size:1em}
}
@media (max-width:22em){dl{display:block}dd{margin:0 0 .5em}}
@media print{header form,.skip,.more,details{display:none}body{max-width:none}.get::after{content:" <" attr(href) ">";font-size:.8em}tr{break-inside:avoid}}
`.trim();

/** Digits of a sha256 in base64, by which the Content-Security-Policy knows the style sheet. */
const STYLE_HASH = hash('sha256', CSS, 'base64');

export const STYLE: Markup = Markup.trusted(CSS);

/**
 * Headers of every page. Nothing is loaded, nothing runs, and a page cannot be put into a frame; a link tells
 * nobody which build-id was looked for.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
};
