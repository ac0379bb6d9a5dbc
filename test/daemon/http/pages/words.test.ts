import { describe, expect, test } from '@jest/globals';
import {
  count,
  durationInWords,
  minute,
  sizeInWords,
  sourceInWords,
  stateInWords,
} from '../../../../daemon/http/pages/words.ts';

describe('words', () => {
  test.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [9_994_999, '9.99 MB'],
    [5e15, '5000 TB'],
  ])('%d bytes', (bytes, words) => {
    expect(sizeInWords(bytes)).toBe(words);
  });

  test.each([
    [0, '0 seconds'],
    [1.9, '1 second'],
    [119, '1 minute'],
    [7200, '2 hours'],
    [864_000, '10 days'],
  ])('%d seconds', (seconds, words) => {
    expect(durationInWords(seconds)).toBe(words);
  });

  test('counts', () => {
    expect([0, 1, 1234].map((number) => count(number, 'build'))).toEqual([
      '0 builds',
      '1 build',
      '1,234 builds',
    ]);
  });

  test('times are in UTC, and whole for machines', () => {
    expect(minute('2024-01-02T03:04:05.678Z').toString()).toBe(
      '<time datetime="2024-01-02T03:04:05.678Z">2024-01-02 03:04 UTC</time>',
    );
  });

  test('states say in words what is not as usual', () => {
    expect(stateInWords({ state: 'complete', draft: false }).toString()).toBe('complete');
    expect(stateInWords({ state: 'complete', draft: true }).toString()).toBe(
      'complete <strong class="mark">draft</strong>',
    );
    expect(stateInWords({ state: 'deleted', draft: false }).toString()).toContain('>deleted from Koji<');
    expect(stateInWords({ state: 'superseded', draft: false }).toString()).toContain('no longer listed');
  });

  test('sources of downloads', () => {
    const url = { url: 'https://a.example/', size: null, last_seen: null };
    expect(sourceInWords({ ...url, kind: 'mirror', repository: 'updates' })).toBe('Mirror, updates');
    expect(sourceInWords({ ...url, kind: 'koji-signed', sigkey: 'a15b79cc' })).toBe(
      'Koji, signed with a15b79cc',
    );
    expect(sourceInWords({ ...url, kind: 'koji' })).toBe('Koji');
    expect(sourceInWords({ ...url, kind: 'retrace' })).toBe('Retrace server');
  });
});
