import { expect, test } from '@jest/globals';
import { locationOf, withSlash } from '../../../daemon/repositories/href.ts';

test.each([
  [{ href: 'Packages/a.rpm' }, 'Packages/a.rpm'],
  [{ href: 'a.rpm', 'xml:base': '' }, 'a.rpm'],
  [{ href: 'a.rpm', 'xml:base': 'http://x.example/y//' }, 'http://x.example/y/a.rpm'],
  [{ href: 'http://x.example/a.rpm', 'xml:base': 'http://y.example' }, 'http://x.example/a.rpm'],
  [{}, null],
  [{ href: '' }, null],
  [{ href: '/a.rpm' }, null],
  [{ href: '../a.rpm' }, null],
  [{ href: 'a\n.rpm' }, null],
  [{ href: 'a.rpm', 'xml:base': 'http://x.example/\n' }, null],
  [{ href: 'a.rpm', 'xml:base': 'file:///srv' }, null],
  [{ href: 'a.rpm', 'xml:base': 'http://user:word@x.example/' }, null],
])('%j leads to %j', (attributes, location) => {
  expect(locationOf(attributes)).toBe(location);
});

test('a location is bounded with its base: thousands of them are kept', () => {
  expect(locationOf({ href: 'x'.repeat(2048) })).toHaveLength(2048);
  expect(locationOf({ href: 'x'.repeat(2049) })).toBeNull();
  expect(locationOf({ href: 'a.rpm', 'xml:base': `http://x.example/${'x'.repeat(2048)}` })).toBeNull();
});

test('a URL ends with one slash, and a long row of them elsewhere is no trouble', () => {
  expect(['x', 'x/', 'x///'].map(withSlash)).toEqual(['x/', 'x/', 'x/']);
  const row = `http://x.example/${'/'.repeat(300_000)}x`;
  expect(withSlash(row)).toBe(`${row}/`);
});
