import { expect, test } from '@jest/globals';
import { ByteRate } from '../../../daemon/koji/byte-rate.ts';

function rateOf(bytesPerSecond: number | null): {
  take: (bytes: number) => number;
  pass: (ms: number) => void;
} {
  let now = 5000;
  const rate = new ByteRate(bytesPerSecond, () => now);
  return {
    take: (bytes) => rate.take(bytes),
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

test('a second of the rate may come at once, then each byte has its time', () => {
  const { take, pass } = rateOf(100_000);
  expect(take(100_000)).toBe(0);
  expect(take(50_000)).toBeCloseTo(500);
  expect(take(50_000)).toBeCloseTo(1000);
  pass(1000);
  expect(take(10_000)).toBeCloseTo(100);
});

test('over a long time no more than the rate is taken', () => {
  const { take, pass } = rateOf(1_000_000);
  let taken = 0;
  let seconds = 0;
  for (let i = 0; i < 1000; i++) {
    const wait = take(64 * 1024);
    taken += 64 * 1024;
    pass(wait);
    seconds += wait / 1000;
  }
  expect(taken / seconds).toBeLessThan(1.05e6);
  expect(taken / seconds).toBeGreaterThan(1e6);
});

test('what was not taken in a pause is lost, but for a second of it', () => {
  const { take, pass } = rateOf(100_000);
  pass(60_000);
  expect(take(100_000)).toBe(0);
  expect(take(100_000)).toBeCloseTo(1000);
});

test('without a rate nothing waits', () => {
  const { take } = rateOf(null);
  for (let i = 0; i < 100; i++) expect(take(1e12)).toBe(0);
});

test('whoever is called off does not wait for the bytes to be paid', async () => {
  const rate = new ByteRate(1);
  await rate.pay(1e9, AbortSignal.abort());
});
