import { describe, expect, test } from '@jest/globals';
import { errorAnswer } from '../../../shared/api.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';

/** A window that does not end within a test. */
const THREE_AN_HOUR = { requests: 3, window: 3_600_000 };
const TRUSTED = { trustedProxies: ['127.0.0.1'], rateLimit: THREE_AN_HOUR };

/** The statuses of requests made one after the other. */
async function ask(server: TestServer, path: string, times: number, forwardedFor = ''): Promise<number[]> {
  const headers: Record<string, string> = forwardedFor === '' ? {} : { 'x-forwarded-for': forwardedFor };
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) {
    const response = await fetch(`${server.url}${path}`, { headers });
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  return statuses;
}

describe('more requests than the limit', () => {
  test('are answered with 429, when to ask again, and what else there is', async () => {
    const server = await startTestServer({ rateLimit: THREE_AN_HOUR });
    expect(await ask(server, '/serverversion', 3)).toEqual([200, 200, 200]);
    const response = await fetch(`${server.url}/serverversion`);
    expect(response.status).toBe(429);
    const after = Number(response.headers.get('retry-after'));
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThanOrEqual(3600);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const { error } = errorAnswer.strict().parse(await response.json());
    expect(error.code).toBe('too_many_requests');
    expect(error.message).toContain('POST /api/v1/buildids');
  });

  test('are counted over all paths, those where nothing is too', async () => {
    const server = await startTestServer({ rateLimit: THREE_AN_HOUR });
    expect(await ask(server, '/nowhere', 2)).toEqual([404, 404]);
    expect(await ask(server, '/serverversion', 2)).toEqual([200, 429]);
    expect(await ask(server, '/nowhere', 1)).toEqual([429]);
  });

  test('are no matter once the window is over', async () => {
    const server = await startTestServer({ rateLimit: { requests: 1, window: 1 } });
    await ask(server, '/serverversion', 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await ask(server, '/serverversion', 1)).toEqual([200]);
  });

  // Clients of debuginfod remember an error for ten minutes; who watches must see; hubs have a token.
  test.each([
    '/buildid/aabb/debuginfo',
    '/metadata?key=buildid&value=aabb',
    '/healthz',
    '/readyz',
    '/metrics',
  ])('are answered at %s', async (path) => {
    const server = await startTestServer({ rateLimit: THREE_AN_HOUR });
    expect(await ask(server, '/serverversion', 4)).toContain(429);
    expect(await ask(server, path, 5)).not.toContain(429);
  });

  test('are answered where hubs push', async () => {
    const server = await startTestServer({ rateLimit: THREE_AN_HOUR });
    await ask(server, '/serverversion', 4);
    const { status } = await fetch(`${server.url}/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"instance":"fedora","koji_build_ids":[1]}',
    });
    expect(status).toBe(202);
  });

  test('are answered where no limit is set', async () => {
    const server = await startTestServer();
    expect(await ask(server, '/serverversion', 50)).toEqual(Array.from({ length: 50 }, () => 200));
  });
});

describe('addresses', () => {
  test.each([
    ['of two clients are two', '192.0.2.1', '192.0.2.2', 200],
    ['of one IPv6 network are one', '2001:db8:0:1::1', '2001:db8:0:1:ffff::2', 429],
    ['of two IPv6 networks are two', '2001:db8:0:1::1', '2001:db8:0:2::1', 200],
    ['of IPv4 in IPv6 are those of IPv4', '::ffff:192.0.2.1', '192.0.2.1', 429],
    ['with ports are those without', '192.0.2.1:1000', '192.0.2.1:2000', 429],
    ['that are none are the proxy', 'unknown', '_hidden', 429],
    ['that a client made up do not count', '192.0.2.1', '198.51.100.7, 192.0.2.1', 429],
  ])('%s', async (_what, first, second, status) => {
    const server = await startTestServer(TRUSTED);
    await ask(server, '/serverversion', 3, first);
    expect(await ask(server, '/serverversion', 1, second)).toEqual([status]);
  });

  test('that an untrusted proxy forwards do not count', async () => {
    const server = await startTestServer({ rateLimit: THREE_AN_HOUR });
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      await ask(server, '/serverversion', 1, address);
    }
    expect(await ask(server, '/serverversion', 1, '192.0.2.4')).toEqual([429]);
  });
});
