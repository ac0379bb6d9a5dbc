import { type Markup, markup } from './markup.ts';

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => Markup;
  /** Sizes and counts stand to the right. */
  readonly isNumber?: boolean;
}

/**
 * A table whose first column heads its rows. The roles say again what the elements mean: shown as cards on a
 * narrow screen, they are no table any more to a browser, and would be none to a screen reader.
 */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Markup {
  const [first, ...others] = columns;
  if (first === undefined) return markup``;
  const numeric = (column: Column<Row>) => column.isNumber === true && markup` class="n"`;
  return markup`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(
    (column) => markup`<th role="columnheader" scope="col"${numeric(column)}>${column.heading}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">
${rows.map(
  (row) => markup`<tr role="row"><th role="rowheader" scope="row">${first.cell(row)}</th>${others.map(
    (column) =>
      markup`<td role="cell" data-is="${column.heading}"${numeric(column)}>${column.cell(row)}</td>`,
  )}</tr>
`,
)}</tbody>
</table>`;
}

/** The link to the rows that follow. */
export function nextPage(address: string | null): Markup {
  return address === null
    ? markup``
    : markup`<p class="more"><a href="${address}" rel="next">The next of them</a></p>`;
}
