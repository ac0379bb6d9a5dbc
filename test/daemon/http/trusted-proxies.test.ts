import { describe, expect, test } from '@jest/globals';
import { startTestServer } from '../../support/http-server.ts';
import { rawExchange, rawStatus } from '../../support/raw-http.ts';
import { recordingLog } from '../../support/recording-log.ts';

/** Loopback is where the tests' requests come from, and so the proxy. */
const PROXY = '127.0.0.1';

describe('a push without a token, through a proxy', () => {
  async function statusOf(trustedProxies: readonly string[], headers: Record<string, string>) {
    const server = await startTestServer({ trustedProxies });
    const { status } = await fetch(`${server.url}/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"instance":"fedora","koji_build_ids":[1]}',
    });
    expect((await server.store.jobs.countByState()).queued).toBe(status === 202 ? 1 : 0);
    return status;
  }

  test.each([
    ['has come from this machine', [PROXY], { 'x-forwarded-for': '127.0.0.1' }],
    ['has come over IPv6', [PROXY], { 'x-forwarded-for': '::1' }],
    [
      'says more than the address',
      [PROXY],
      { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-real-ip': '127.0.0.1' },
    ],
    ['was not used at all', [PROXY], {}],
  ])('that %s is taken', async (_what, trusted, headers: Record<string, string>) => {
    expect(await statusOf(trusted, headers)).toBe(202);
  });

  test.each([
    ['is not trusted', ['192.0.2.1'], { 'x-forwarded-for': '127.0.0.1' }],
    ['has come from elsewhere', [PROXY], { 'x-forwarded-for': '203.0.113.9' }],
    // What a client writes stands first, what the proxy has seen last.
    ['carries what its client made up', [PROXY], { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' }],
    [
      'carries what somebody in a trusted network made up',
      [PROXY, '10.0.0.0/8'],
      { 'x-forwarded-for': '127.0.0.1, 10.1.2.3' },
    ],
    ['has passed another proxy', [PROXY], { 'x-forwarded-for': '203.0.113.9, 127.0.0.1' }],
    ['does not say from where it comes', [PROXY], { 'x-forwarded-proto': 'https' }],
    ['says it where nobody reads it', [PROXY], { forwarded: 'for=127.0.0.1' }],
    ['says no address', [PROXY], { 'x-forwarded-for': 'unknown' }],
    ['says the address as a number', [PROXY], { 'x-forwarded-for': '2130706433' }],
    ['brings a page of a browser', [PROXY], { 'x-forwarded-for': '127.0.0.1', origin: 'https://a.example' }],
  ])('that %s is refused', async (_what, trusted, headers: Record<string, string>) => {
    expect(await statusOf(trusted, headers)).toBe(401);
  });
});

test('a header of the proxy counts however many its client has sent before it', async () => {
  const server = await startTestServer();
  const body = '{"instance":"fedora","koji_build_ids":[1]}';
  const request = (...forwarded: string[]): string =>
    [
      'POST /push HTTP/1.1',
      'Host: a',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
      ...Array.from({ length: 4000 }, (_, i) => `A${i}:`),
      ...forwarded,
      '',
      body,
    ].join('\r\n');
  expect(rawStatus(await rawExchange(server.port, request('X-Forwarded-For: 203.0.113.9')))).toBe(401);
  expect(rawStatus(await rawExchange(server.port, request()))).toBe(202);
});

describe('the log', () => {
  async function peerOf(trustedProxies: readonly string[], forwardedFor: string) {
    const log = recordingLog();
    const server = await startTestServer({ trustedProxies, log });
    await fetch(`${server.url}/healthz`, { headers: { 'x-forwarded-for': forwardedFor } });
    return log.lines.find(({ message }) => message === 'request')?.fields['peer'];
  }

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['unknown', '127.0.0.1'],
    ['9'.repeat(5000), '127.0.0.1'],
  ])('names the client that a trusted proxy forwards for: %s', async (forwardedFor, peer) => {
    expect(await peerOf([PROXY, '10.0.0.0/8'], forwardedFor)).toBe(peer);
  });

  test('names the connection where no proxy is trusted', async () => {
    expect(await peerOf([], '203.0.113.9')).toBe('127.0.0.1');
    expect(await peerOf(['192.0.2.0/24'], '203.0.113.9')).toBe('127.0.0.1');
  });
});
