import { beforeEach, describe, expect, test } from '@jest/globals';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  await seedStore(server.store);
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${server.url}${path}`, { method, headers });

const HIT = `/api/v1/buildids/${SEEDED.bin}`;
/** What else /api/v1 finds. */
const FOUND = [
  '/api/v1/buildids?prefix=aa110000',
  '/api/v1/rpms/hello-1.0-2.fc40.x86_64',
  '/api/v1/builds/hello-1.0-2.fc40',
  '/api/v1/koji/fedora/builds/1',
  '/api/v1/packages/hello',
  '/api/v1/files?path=/usr/bin/hello',
  '/openapi.json',
];
const MISS = `/api/v1/buildids/${SEEDED.absent}`;

describe('an answer', () => {
  test.each([HIT, `/buildids/${SEEDED.bin}`, '/package/hello-1.0-2.fc40.x86_64', '/serverversion', ...FOUND])(
    'that found something has a weak tag and may be kept for a minute: %s',
    async (path) => {
      const response = await get(path);
      expect(response.headers.get('etag')).toMatch(/^W\/"[^"]+"$/);
      expect(response.headers.get('cache-control')).toBe('public, max-age=60');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  test.each([
    `/buildids/${SEEDED.bin},${SEEDED.absent}`,
    `/buildids/${SEEDED.absent}`,
    '/rpm2buildids/nothing-1-1.noarch',
    '/package/nothing-1-1.noarch',
  ])('in which something is missing is not kept: %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    ['the tag', (tag: string) => tag],
    ['the tag as a strong one', (tag: string) => tag.slice(2)],
    ['a list with the tag', (tag: string) => `"other", ${tag}`],
    ['anything', () => '*'],
  ])('is a 304 without a body to who has %s', async (_what, ifNoneMatch) => {
    const whole = await get(HIT);
    const tag = whole.headers.get('etag') ?? '';
    const length = whole.headers.get('content-length');
    for (const method of ['GET', 'HEAD']) {
      const response = await get(HIT, { 'if-none-match': ifNoneMatch(tag) }, method);
      expect(response.status).toBe(304);
      expect(response.headers.get('etag')).toBe(tag);
      expect(response.headers.get('cache-control')).toBe('public, max-age=60');
      expect(response.headers.get('content-length') ?? length).toBe(length);
      expect(await response.text()).toBe('');
    }
  });

  test('is whole to who has another tag, and a different answer has a different tag', async () => {
    const response = await get(HIT, { 'if-none-match': 'W/"other"' });
    expect(response.status).toBe(200);
    const other = await get(`/api/v1/buildids/${SEEDED.library}`);
    expect(other.headers.get('etag')).not.toBe(response.headers.get('etag'));
  });

  test('that is an error has no tag and heeds none', async () => {
    const response = await get(MISS, { 'if-none-match': '*' });
    expect(response.status).toBe(404);
    expect(response.headers.get('etag')).toBeNull();
  });

  test('to a POST has no tag and heeds none', async () => {
    const response = await fetch(`${server.url}/api/v1/buildids`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'if-none-match': '*' },
      body: '{"build_ids":[]}',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('etag')).toBeNull();
  });

  test.each([
    HIT,
    MISS,
    ...FOUND,
    '/serverversion',
    '/healthz',
    '/readyz',
    '/metrics',
    '/api/v1/status',
    '/nowhere',
    '/buildids/x',
  ])('to HEAD is the head of that to GET: %s', async (path) => {
    const whole = await get(path);
    const head = await get(path, {}, 'HEAD');
    expect(head.status).toBe(whole.status);
    for (const name of ['content-type', 'cache-control', 'etag']) {
      // The metrics and the database's size are of the moment.
      if (name === 'etag' && /metrics|status/.test(path)) continue;
      expect([name, head.headers.get(name)]).toStrictEqual([name, whole.headers.get(name)]);
    }
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
    expect(await head.text()).toBe('');
  });

  test.each([HIT, MISS, '/serverversion', '/nowhere', '/buildids/x'])(
    'may be read by any web page: %s',
    async (path) => {
      const response = await get(path, { origin: 'https://page.example' });
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-expose-headers')).toBe('etag, retry-after');
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    },
  );

  test('to a preflight permits a batch', async () => {
    const response = await get(
      '/api/v1/buildids',
      {
        origin: 'https://page.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
      'OPTIONS',
    );
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(response.headers.get('access-control-allow-headers')).toContain('content-type');
  });
});
