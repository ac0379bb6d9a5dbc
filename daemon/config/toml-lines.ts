/**
 * Finds the line of each key of a TOML file that has been parsed already: the parser gives values
 * without positions. Keys are written with dots, elements of arrays of tables by their number
 * ("koji.0.hub"). A key that this does not find (inside an inline table) has the line of its parent.
 */
export function linesOfKeys(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = '';
  let closing: string | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    if (closing !== null) {
      if (line.includes(closing)) closing = null;
      continue;
    }
    const header = /^\s*(\[\[?)\s*([^\]]+?)\s*\]/.exec(line);
    if (header !== null) {
      table = inLists(plainKey(header[2] ?? ''), counts);
      if (header[1] === '[[') {
        const number = counts.get(table) ?? 0;
        counts.set(table, number + 1);
        remember(lines, table, index + 1);
        table = `${table}.${number}`;
      }
      remember(lines, table, index + 1);
      continue;
    }
    const pair = /^\s*((?:[\w-]+|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=(.*)$/.exec(line);
    if (pair === null) continue;
    remember(lines, `${table === '' ? '' : `${table}.`}${plainKey(pair[1] ?? '')}`, index + 1);
    closing = unclosedString(pair[2] ?? '');
  }
  return lines;
}

/** A table below others that are repeated belongs to the last one of each. */
function inLists(table: string, counts: ReadonlyMap<string, number>): string {
  const parts = table.split('.');
  return parts.reduce((path, part, at) => {
    const known = path === '' ? part : `${path}.${part}`;
    const count = at === parts.length - 1 ? undefined : counts.get(known);
    return count === undefined ? known : `${known}.${count - 1}`;
  }, '');
}

/** The line of a key, or of the nearest table around it that has one. */
export function lineOf(lines: ReadonlyMap<string, number>, path: readonly PropertyKey[]): number | null {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(path.slice(0, length).join('.'));
    if (line !== undefined) return line;
  }
  return null;
}

function remember(lines: Map<string, number>, key: string, line: number): void {
  if (!lines.has(key)) lines.set(key, line);
}

function plainKey(text: string): string {
  return text
    .split('.')
    .map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .join('.');
}

/** The delimiter that a multi-line string of this value still waits for, else null. */
function unclosedString(value: string): string | null {
  const start = /^\s*("""|''')/.exec(value);
  const delimiter = start?.[1];
  if (delimiter === undefined) return null;
  return value.indexOf(delimiter, value.indexOf(delimiter) + 3) === -1 ? delimiter : null;
}
