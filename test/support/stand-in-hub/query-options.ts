import { notImitated, pythonException } from './faults.ts';
import { isStruct } from './values.ts';
import type { PyStruct, PyValue } from './values.ts';

function compare(a: PyValue | undefined, b: PyValue | undefined): number {
  if (a === b) return 0;
  // PostgreSQL sorts NULL last.
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return a < b ? -1 : 1;
}

function sorted(rows: readonly PyStruct[], order: string, columns: readonly string[]): PyStruct[] {
  const keys = order
    .split(',')
    .map((key) => ({ column: key.replace(/^-/, ''), sign: key.startsWith('-') ? -1 : 1 }));
  // An empty table does not show here which columns it has.
  const unknown = columns.length === 0 ? undefined : keys.find(({ column }) => !columns.includes(column));
  if (unknown !== undefined) throw pythonException('Exception', `Invalid order: ${unknown.column}`);
  return rows.toSorted((a, b) => {
    for (const { column, sign } of keys) {
      const order = compare(a[column], b[column]) * sign;
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** Koji's queryOpts: order, offset, limit, countOnly. `columns` are what a list may be ordered by. */
export function applyQueryOptions(
  rows: readonly PyStruct[],
  queryOpts: PyValue | undefined,
  columns: readonly string[],
): PyValue {
  if (queryOpts === null || queryOpts === undefined) return rows;
  if (!isStruct(queryOpts)) throw notImitated('queryOpts that are no struct');
  const { order = null, offset = null, limit = null, countOnly = null, ...others } = queryOpts;
  const [strange] = Object.keys(others);
  if (strange !== undefined) throw notImitated(`the query option ${strange}`);
  const inOrder = typeof order === 'string' ? sorted(rows, order, columns) : rows;
  const from = Number(offset ?? 0);
  const page = inOrder.slice(from, limit === null ? undefined : from + Number(limit));
  return countOnly === true ? page.length : page;
}
