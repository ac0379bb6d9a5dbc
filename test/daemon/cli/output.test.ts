import { describe, expect, test } from '@jest/globals';
import { formatBytes, formatSeconds, formatTable, printable } from '../../../daemon/cli/output.ts';

describe('formatTable', () => {
  test('aligns columns of any width, and leaves no blanks at the ends of lines', () => {
    const rows = [
      ['1', 'short', 'x'],
      ['22', 'a longer text', ''],
      ['3', 'ä漢', 'z'],
    ];
    expect(formatTable(['id', 'text', 'last'], rows).split('\n')).toEqual([
      'id  text           last',
      '1   short          x',
      '22  a longer text',
      '3   ä漢            z',
    ]);
  });

  test('shows headings where there are no rows', () => {
    expect(formatTable(['id', 'text'], [])).toBe('id  text');
  });

  test('keeps the columns of many rows under the headings', () => {
    const rows = Array.from({ length: 500 }, (_, at) => [String(at), 'x'.repeat(at % 70)]);
    const lines = formatTable(['number', 'text'], rows).split('\n');
    expect(lines).toHaveLength(501);
    expect(lines.slice(1).map((line) => line.split(/ +/))).toEqual(
      rows.map(([at, text]) => (text === '' ? [at] : [at, text])),
    );
    const column = lines[0]?.indexOf('text');
    for (const line of lines.slice(2, 70)) expect(line.indexOf('x')).toBe(column);
  });

  test('shows control characters for what they are', () => {
    expect(formatTable(['path'], [['/a\nb\u001b[31m']])).toBe('path\n/a\\u000ab\\u001b[31m');
  });
});

test.each([
  ['plain ä 漢', 'plain ä 漢'],
  ['\u0000\u007f\u009b', '\\u0000\\u007f\\u009b'],
  ['a\u202eb\u2066', 'a\\u202eb\\u2066'],
])('%j is printable as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
  [3 * 1024 ** 5, '3072.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.2, '0s'],
  [59.6, '1m'],
  [200, '3m 20s'],
  [3600, '1h'],
  [3725, '1h 2m'],
  [90_061, '1d 1h'],
  [86_460, '1d'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
