import { beforeEach, describe, expect, test } from '@jest/globals';
import { errorAnswer } from '../../../shared/api.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  await seedStore(server.store);
});

async function errorOf(path: string): Promise<string> {
  const response = await fetch(`${server.url}${path}`);
  expect([path, response.status]).toEqual([path, 400]);
  const { error } = errorAnswer.strict().parse(await response.json());
  expect(error.code).toBe('bad_input');
  return error.message;
}

const ONE = `/api/v1/buildids/${SEEDED.bin}`;

describe('parameters', () => {
  test.each([
    [`${ONE}?sibling=1`, 'there is no parameter "sibling"; did you mean "siblings"?'],
    [`${ONE}?verfy`, 'there is no parameter "verfy"; did you mean "verify"?'],
    ['/api/v1/buildids?prefix=aabbccdd&Limit=5', 'there is no parameter "Limit"; did you mean "limit"?'],
    ['/api/v1/files?file=/usr/bin/hello', 'there is no parameter "file"; did you mean "'],
    ['/api/v1/status?full=1', 'this path takes no parameters, and was given "full"'],
    [`${ONE}?__proto__=1`, 'there is no parameter "__proto__"'],
    [`${ONE}?constructor=1`, 'there is no parameter "constructor"'],
  ])('that are unknown are refused, and the nearest is named: %s', async (path, message) => {
    expect(await errorOf(path)).toContain(message);
  });

  test.each([
    [`${ONE}?siblings=1&siblings=0`, 'siblings is given more than once'],
    ['/api/v1/files?path=/a&path=/b', 'path is given more than once'],
    ['/api/v1/packages/hello?limit=1&limit=1', 'limit is given more than once'],
  ])('that are given twice are refused: %s', async (path, message) => {
    expect(await errorOf(path)).toBe(message);
  });

  test.each(['%', '%E9', '%zz', '%C3%28', 'a%'])(
    'with escapes that are no UTF-8 are refused: %s',
    async (wrong) => {
      expect(await errorOf(`/api/v1/files?path=/usr/bin/${wrong}`)).toContain('%-escapes');
      expect(await errorOf(`${ONE}?rpm=${wrong}`)).toContain('%-escapes');
    },
  );

  test.each([
    [`${ONE}?siblings=yes`, 'siblings: give 1 or 0'],
    [`${ONE}?siblings`, 'siblings: give 1 or 0'],
    [`${ONE}?build=hello`, '"hello" is not an NVR'],
    [`${ONE}?rpm=hello-1-1`, '"hello-1-1" is not an NVRA'],
    [`${ONE}?build=${'a'.repeat(513)}`, 'build: '],
    ['/api/v1/files', 'path: give a path'],
    ['/api/v1/files?path=', 'path: give a path'],
    [`/api/v1/files?path=/${'a'.repeat(4096)}`, 'path: '],
    ['/api/v1/buildids', 'prefix: give the first 8 or more hex digits'],
    ['/api/v1/buildids?prefix=abc', 'prefix: give the first 8 or more hex digits'],
    ['/api/v1/packages/hello?limit=0', 'limit: '],
    ['/api/v1/packages/hello?limit=1001', 'limit: '],
    ['/api/v1/packages/hello?limit=1.5', 'limit: '],
    ['/api/v1/packages/hello?limit=all', 'limit: give a whole number from 1 to 1000'],
    ['/api/v1/packages/hello?cursor=', 'cursor: '],
    ['/api/v1/packages/hello?cursor=abc', 'cursor'],
    [`/api/v1/packages/hello?cursor=${'a'.repeat(2049)}`, 'cursor: '],
  ])('that are malformed are named: %#', async (path, message) => {
    const got = await errorOf(path);
    expect(got).toContain(message);
    expect(got.length).toBeLessThan(300);
  });

  test.each(['?', '?siblings=0&verify=false', '?siblings=true', '?build=%20hello-1.0-2.fc40%20'])(
    'that are well-formed are taken: %s',
    async (query) => {
      expect((await fetch(`${server.url}${ONE}${query}`)).status).toBe(200);
    },
  );

  test('of upstream’s routes are not looked at, as ever', async () => {
    expect((await fetch(`${server.url}/buildids/${SEEDED.bin}?x=1&x=%`)).status).toBe(200);
  });
});
