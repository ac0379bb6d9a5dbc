import { describe, expect, test } from '@jest/globals';
import { afterFailure } from '../../daemon/worker-backoff.ts';
import type { ErrorCode } from '../../shared/errors.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3600_000;

/** The wait in seconds, null for parked. */
function wait(code: ErrorCode, attempts: number, random = 0.5): number | null {
  const next = afterFailure(code, attempts, NOW, random);
  return next.state === 'parked' ? null : (next.runAt - NOW) / 1000;
}

describe('after a failure', () => {
  test('that may pass, the wait doubles from half a minute to six hours', () => {
    expect([1, 2, 3, 4].map((attempts) => wait('network', attempts))).toEqual([30, 60, 120, 240]);
    expect([10, 11, 50, 2000].map((attempts) => wait('network', attempts))).toEqual([
      15_360, 21_600, 21_600, 21_600,
    ]);
  });

  test('the wait is spread, by a fifth at most', () => {
    expect(wait('network', 1, 0)).toBe(24);
    expect(wait('network', 1, 0.75)).toBe(33);
    expect(wait('network', 1, 1)).toBe(36);
  });

  test.each<ErrorCode>(['network', 'hub_protocol', 'hub_fault', 'store', 'stopped', 'configuration'])(
    '%s is tried again for as long as it takes',
    (code) => {
      expect(wait(code, 1000)).toBe((6 * HOUR) / 1000);
    },
  );

  test.each<ErrorCode>(['missing_file', 'internal'])('%s is given up after eight attempts', (code) => {
    expect(wait(code, 7)).toBe(30 * 2 ** 6);
    expect(wait(code, 8)).toBeNull();
    expect(wait(code, 9)).toBeNull();
  });

  test.each<ErrorCode>(['format', 'limit', 'bad_input'])('%s is parked at once', (code) => {
    expect(wait(code, 1)).toBeNull();
  });
});
