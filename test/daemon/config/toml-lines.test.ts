import { expect, test } from '@jest/globals';
import { lineOf, linesOfKeys } from '../../../daemon/config/toml-lines.ts';

const lines = linesOfKeys(
  [
    'top = 1',
    '# [comment]',
    '[http] # loopback',
    '  listen = "a = b"',
    'text = """',
    'fake = 1',
    '[fake]',
    '"""',
    '"quoted key" = 2',
    'dotted . key = 3',
    '[[koji]]',
    'name = "a"',
    '[[koji]]',
    'name = "b"',
    'inline = { hub = "x" }',
    '[[koji.repository]]',
    'name = "c"',
    '[[koji.repository]]',
    '[[koji]]',
    '[[koji.repository]]',
    'name = "d"',
  ].join('\n'),
);

test.each([
  ['top', 1],
  ['http', 3],
  ['http.listen', 4],
  ['http.text', 5],
  ['http.quoted key', 9],
  ['http.dotted.key', 10],
  ['koji', 11],
  ['koji.0.name', 12],
  ['koji.1', 13],
  ['koji.1.name', 14],
  ['koji.1.inline.hub', 15],
  ['koji.1.repository.0.name', 17],
  ['koji.1.repository.1', 18],
  ['koji.2.repository.0.name', 21],
])('%s is in line %i', (key, line) => {
  expect(lineOf(lines, key.split('.'))).toBe(line);
});

test('what a multi-line string holds is no key', () => {
  expect(lines.has('http.fake')).toBe(false);
  expect(lines.has('fake')).toBe(false);
});

test('a key that is nowhere has no line', () => {
  expect(lineOf(lines, ['push', 'token_file'])).toBeNull();
});
