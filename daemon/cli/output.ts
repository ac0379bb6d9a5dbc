import Table from 'cli-table3';
import picocolors from 'picocolors';

/** What subcommands print: answers to stdout, everything else to stderr. */

/** Colours only where a person sees them, and not where NO_COLOR is set (no-color.org). */
export const colours = picocolors.createColors(
  process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
);

/**
 * `darkserver jobs | head` closes the pipe when head has seen enough; that is no failure of ours and
 * nothing that is printed afterwards has a reader.
 */
export function leaveQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  // Without a reader of stderr there is nobody to tell.
  process.stderr.on('error', () => undefined);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The one document of --json. */
export function printJson(document: unknown): void {
  print(JSON.stringify(document, null, 2));
}

/**
 * Text of packages and hubs as a terminal may show it: file names may hold anything, escape sequences
 * too, and must not move the cursor of who asks.
 */
export function printable(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what this looks for
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** cli-table3's time grows with the square of the rows: 50,000 at once took minutes, this way seconds. */
const ROWS_AT_ONCE = 50;

const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'mid', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((corner) => [`${side}${corner}`, '']),
  ),
);

/** Columns under headings, without lines around them, so that they can be cut and searched. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const colWidths = heads.map((head, column) =>
    cells.reduce((most, row) => Math.max(most, widthAtMost(row[column] ?? '')), head.length),
  );
  const lines: string[] = [];
  for (let start = 0; start === 0 || start < cells.length; start += ROWS_AT_ONCE) {
    const table = new Table({
      head: start === 0 ? heads.map((head) => colours.bold(head)) : [],
      colWidths,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      chars: { ...NO_LINES, middle: '  ' },
    });
    table.push(...cells.slice(start, start + ROWS_AT_ONCE));
    lines.push(...table.toString().split('\n'));
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Columns that a text takes at most: a character that is not ASCII may be two wide. */
function widthAtMost(text: string): number {
  return text.length + (text.match(/[^\x20-\x7e]/g)?.length ?? 0);
}

/** 1536 as "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Seconds as a person says them, in the two largest units: "3m 20s". */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
