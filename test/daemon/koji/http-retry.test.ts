import { Agent } from 'node:http';
import { describe, expect, jest, test } from '@jest/globals';
import fetch from 'node-fetch';
import { PassingError, parseRetryAfter, reasonOf, retrying } from '../../../daemon/koji/http-retry.ts';
import { DarkserverError } from '../../../shared/errors.ts';

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['soon', null],
    ['99999999999', null],
    [null, null],
  ])('%j is %j milliseconds', (value, milliseconds) => {
    expect(parseRetryAfter(value)).toBe(milliseconds);
  });

  test('a date is the time until then, one that has passed none', () => {
    const inAnHour = parseRetryAfter(new Date(Date.now() + 3_600_000).toUTCString()) ?? 0;
    expect(inAnHour).toBeGreaterThan(3_500_000);
    expect(inAnHour).toBeLessThanOrEqual(3_600_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
  });
});

describe('attempts', () => {
  const policy = { attempts: 3, firstDelay: 1, longestDelay: 5 };

  test('end with the first that succeeds', async () => {
    const attempt = jest.fn<() => Promise<string>>();
    attempt.mockRejectedValueOnce(new PassingError('down')).mockResolvedValueOnce('up');
    expect(await retrying(policy, 'x', undefined, attempt)).toBe('up');
    expect(attempt).toHaveBeenCalledTimes(2);
  });

  test('end with the last error', async () => {
    const attempt = jest.fn(() => Promise.reject(new PassingError('down')));
    await expect(retrying(policy, 'x', undefined, attempt)).rejects.toMatchObject({
      code: 'network',
      message: 'down',
    });
    expect(attempt).toHaveBeenCalledTimes(3);
  });

  test('end with what will not pass', async () => {
    const attempt = jest.fn(() => Promise.reject(new DarkserverError('network', 'moved')));
    await expect(retrying(policy, 'x', undefined, attempt)).rejects.toMatchObject({ message: 'moved' });
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  test('end when they are called off', async () => {
    const controller = new AbortController();
    const attempt = jest.fn(() => {
      controller.abort();
      return Promise.reject(new PassingError('down'));
    });
    const slow = { attempts: 3, firstDelay: 60_000, longestDelay: 60_000 };
    await expect(retrying(slow, 'x', controller.signal, attempt)).rejects.toMatchObject({
      code: 'stopped',
      message: 'x: called off',
    });
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});

test('what an error says', () => {
  expect(reasonOf(new Error('a'))).toBe('a');
  expect(reasonOf({ message: 'from another realm' })).toBe('from another realm');
  expect(reasonOf('a string')).toBe('a string');
  expect(reasonOf(null)).toBe('null');
});

test('what node-fetch says of a host that has several addresses, none of which answers', async () => {
  // Port 9 is discard's, and nobody listens there.
  const agent = new Agent({
    lookup: (_host, _options, answer) => {
      answer(null, [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    },
  });
  const error: unknown = await fetch('http://koji.invalid:9/x', { agent }).catch((thrown: unknown) => thrown);
  expect(reasonOf(error)).toBe('ECONNREFUSED');
});
