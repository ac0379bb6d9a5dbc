import { beforeEach, describe, expect, test } from '@jest/globals';
import { errorAnswer } from '../../../shared/api.ts';
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

describe('an answer', () => {
  test.each([
    '/nowhere',
    '/api/v1',
    '/api/v2/buildids/aabb',
    '/buildids',
    '/buildids/aabb/ccdd',
    '/BUILDIDS/aabb',
    '/__proto__',
    '/darkserver',
  ])('at a path where nothing is, is a 404 in JSON: %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const { error } = errorAnswer.strict().parse(await response.json());
    expect(error).toStrictEqual({ code: 'not_found', message: 'there is nothing at this path' });
  });

  test.each([
    ['POST', HIT, 'GET, HEAD'],
    ['DELETE', '/api/v1/buildids', 'GET, HEAD, POST'],
    ['PUT', '/serverversion', 'GET, HEAD'],
    ['PATCH', '/darkserver/package/hello-1-1.noarch', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['HEAD', '/push', 'POST'],
    ['DELETE', '/push', 'POST'],
  ])('to %s %s is a 405 that names %s', async (method, path, allowed) => {
    const response = await get(path, {}, method);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')?.split(', ').sort().join(', ')).toBe(allowed);
    if (method !== 'HEAD') {
      expect(errorAnswer.parse(await response.json()).error.code).toBe('method_not_allowed');
    }
  });

  test('to a wrong method is the same whatever body comes with it', async () => {
    const response = await fetch(`${server.url}${HIT}`, { method: 'POST', body: '<xml/>' });
    expect(response.status).toBe(405);
  });
});
