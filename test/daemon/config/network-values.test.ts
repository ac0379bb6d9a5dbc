import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { networks, rateLimit } from '../../../daemon/config/network-values.ts';
import { loadConfig } from '../../../daemon/config/load.ts';

test.each([
  ['600/m', { requests: 600, window: 60_000 }],
  ['10/s', { requests: 10, window: 1000 }],
  [' 20000 / h ', { requests: 20_000, window: 3_600_000 }],
])('%s is a rate', (text, rate) => {
  expect(rateLimit().parse(text)).toEqual(rate);
});

test.each(['600', '0/m', '-1/m', '1.5/s', '600/d', 'm', '10/5m', 600, null])('%j is no rate', (value) => {
  const { error } = rateLimit().safeParse(value);
  expect(error?.issues[0]?.message).toMatch(/^give requests and a unit of time/);
});

test.each([['127.0.0.1'], ['10.0.0.0/8'], ['192.0.2.7/32'], ['::1'], ['fd00::/8'], ['2001:db8::1/128']])(
  '%s is a network',
  (text) => {
    expect(networks().parse([text])).toEqual([text]);
  },
);

test.each([
  ...['', 'localhost', 'loopback', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/8/8'],
  // Whom everybody may claim to stand before, nobody can believe.
  ...['0.0.0.0/0', '::/0', '::/129', 'fe80::1%eth0', '10.0.0.0/255.0.0.0'],
])('"%s" is no network', (text) => {
  expect(networks().safeParse(['127.0.0.1', text]).success).toBe(false);
});

test('both can be given by the environment', () => {
  const environment = {
    DARKSERVER_HTTP_TRUSTED_PROXIES: '127.0.0.1, ::1',
    DARKSERVER_HTTP_RATE_LIMIT: '9/s',
  };
  const { http } = loadConfig({ file: undefined, environment, flags: [], readToken: false }).config;
  expect(http.trustedProxies).toEqual(['127.0.0.1', '::1']);
  expect(http.rateLimit).toEqual({ requests: 9, window: 1000 });
});

test('a list that is none is an error which says what one is', () => {
  expect(z.prettifyError(networks().safeParse('10.0.0.0/8').error ?? new z.ZodError([]))).toContain(
    '[] trusts',
  );
});
