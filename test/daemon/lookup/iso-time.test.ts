import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isoTime } from '../../../daemon/lookup/iso-time.ts';

/** The last time that there is, and minus that the first. */
const END = 8.64e15;

test('a time is written as Date writes it', () => {
  fc.assert(
    fc.property(fc.integer({ min: -END, max: END }), (time) => {
      expect(isoTime(time)).toBe(new Date(time).toISOString());
    }),
  );
});

test.each([0, -1, 999, 1000, 59_999, 3_599_999, 86_399_999, 86_400_000, -86_400_000, -86_400_001, END, -END])(
  'so is %d, the first time and from what is remembered of its day',
  (time) => {
    for (let i = 0; i < 2; i++) expect(isoTime(time)).toBe(new Date(time).toISOString());
  },
);

test.each([1_700_028_309_123.456, -1.5, -0.5])(
  'parts of a millisecond are cut off as Date does: %d',
  (time) => {
    expect(isoTime(time)).toBe(new Date(time).toISOString());
  },
);

test.each([Number.NaN, Infinity, END + 1, -END - 1])('%d is no time', (time) => {
  expect(isoTime(time)).toBeNull();
});
