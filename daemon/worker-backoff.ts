import { type ErrorCode, jobDispositionOf } from '../shared/errors.ts';

const FIRST_WAIT = 30_000;
export const LONGEST_WAIT = 6 * 3600_000;

/** Waits differ by up to this part, so that jobs that failed together do not come back together. */
const JITTER = 0.2;

/**
 * What may pass, but after this many attempts (the last one an hour after the first) has not: a file that
 * Koji lists and its server lacks, and a defect of ours. A hub or a network that is down is asked for as long
 * as it takes.
 */
const MOST_ATTEMPTS: Partial<Record<ErrorCode, number>> = { missing_file: 8, internal: 8 };

/**
 * What becomes of a job after an attempt that failed with this code. `attempts` counts this one too; `now` is
 * in milliseconds since the epoch, `random` is from 0 to 1.
 */
export function afterFailure(
  code: ErrorCode,
  attempts: number,
  now: number,
  random: number,
): { state: 'failed'; runAt: number } | { state: 'parked' } {
  if (jobDispositionOf(code) === 'park' || attempts >= (MOST_ATTEMPTS[code] ?? Infinity)) {
    return { state: 'parked' };
  }
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempts - 1));
  return { state: 'failed', runAt: Math.round(now + wait * (1 + JITTER * (2 * random - 1))) };
}
