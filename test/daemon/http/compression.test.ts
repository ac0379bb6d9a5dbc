import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { COMPRESS_FROM, COMPRESS_IN_THREAD_FROM } from '../../../daemon/http/limits.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';

let server: TestServer;

/** Some rows of upstream's route, and very many. */
const LARGE = '/rpm2buildids/many-1-1.x86_64';
const HUGE = '/rpm2buildids/very-many-1-1.x86_64';
const SMALL = '/serverversion';

const filesNamed = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    storedFile(`/usr/lib/${name}/${i}`, i.toString(16).padStart(40, 'a') as BuildId),
  );

beforeEach(async () => {
  server = await startTestServer();
  const facts = { version: '1', release: '1' };
  await server.store.index.replaceBuild('fedora', kojiBuild(1, { name: 'many', ...facts }), [
    indexedRpm(1, { name: 'many', ...facts, files: filesNamed('many', 30) }),
    indexedRpm(2, { name: 'very-many', ...facts, files: filesNamed('very-many', 200) }),
  ]);
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly body: Buffer;
}

/** fetch would unpack. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}${path}`, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.once('error', reject).end();
  });
}

const GZIP = { 'accept-encoding': 'gzip' };

describe('an answer', () => {
  test.each([
    ['large', LARGE],
    ['huge', HUGE],
  ])('that is %s is packed, and the same', async (_how, path) => {
    const plain = await ask(path);
    const packed = await ask(path, GZIP);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body)).toEqual(plain.body);
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
    expect(packed.headers['content-length']).toBe(String(packed.body.length));
    for (const { headers } of [plain, packed]) expect(headers.vary).toBe('accept-encoding');
    expect(packed.headers.etag).toBe(plain.headers.etag);
  });

  test('is of the sizes that these tests are for', async () => {
    expect((await ask(SMALL)).body.length).toBeLessThan(COMPRESS_FROM);
    const { length } = (await ask(LARGE)).body;
    expect(length).toBeGreaterThan(COMPRESS_FROM);
    expect(length).toBeLessThan(COMPRESS_IN_THREAD_FROM);
    expect((await ask(HUGE)).body.length).toBeGreaterThan(COMPRESS_IN_THREAD_FROM);
  });

  test('that is small is as it was', async () => {
    const { headers, body } = await ask(SMALL, GZIP);
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers.vary).toBeUndefined();
    expect(body.toString()).toBe('{"server-version":"9.8.7"}');
  });

  test.each([LARGE, HUGE, SMALL])('to HEAD has the head of that to GET: %s', async (path) => {
    const get = await ask(path, GZIP);
    const head = await ask(path, GZIP, 'HEAD');
    for (const { headers } of [get, head]) delete headers.date;
    expect(head.headers).toEqual(get.headers);
    expect(head.body).toHaveLength(0);
  });

  test.each([
    ['GET', GZIP],
    ['GET', {}],
    ['HEAD', GZIP],
    ['HEAD', {}],
  ])('that is known already is a 304, whatever form is known: %s %j', async (method, headers) => {
    const { headers: known } = await ask(LARGE, GZIP);
    const again = await ask(LARGE, { ...headers, 'if-none-match': String(known.etag) }, method);
    expect(again.status).toBe(304);
    expect(again.body).toHaveLength(0);
    expect(again.headers.etag).toBe(known.etag);
    expect(again.headers.vary).toBe('accept-encoding');
    expect(again.headers['content-encoding']).toBeUndefined();
  });

  test.each([
    ['gzip, deflate, br, zstd', 'gzip'],
    ['deflate, gzip;q=1.0, *;q=0.5', 'gzip'],
    ['GZip', 'gzip'],
    ['*', 'gzip'],
    ['gzip;q=0.2, identity;q=0.1', 'gzip'],
    ['gzip, identity;q=0', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0, *', undefined],
    ['gzip;q=0.5, identity', undefined],
    ['identity', undefined],
    ['br', undefined],
    ['', undefined],
    // Nothing is left that could be sent, and an answer in plain is better than none.
    ['identity;q=0', undefined],
    ['br, *;q=0', undefined],
    [';;q=,,=;q=gzip', undefined],
  ])('to Accept-Encoding: "%s" is packed with %s', async (acceptEncoding, encoding) => {
    const answer = await ask(LARGE, { 'accept-encoding': acceptEncoding });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(answer.headers.vary).toBe('accept-encoding');
  });
});

test('metrics, which are no JSON, are packed too', async () => {
  const { headers, body } = await ask('/metrics', GZIP);
  expect(headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(body).toString()).toContain('process_cpu');
});

describe('a body that is packed', () => {
  const post = (encoding: string) =>
    fetch(`${server.url}/api/v1/buildids`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      body: '{"build_ids":[]}',
    });

  test.each(['gzip', 'br', 'gzip, identity', 'X-NEW'])('with %s is a 415 that says how', async (encoding) => {
    const response = await post(encoding);
    expect(response.status).toBe(415);
    expect(response.headers.get('accept-encoding')).toBe('identity');
    expect(await response.json()).toMatchObject({ error: { code: 'unsupported_media_type' } });
  });

  test('with nothing is taken', async () => {
    expect((await post('identity')).status).toBe(200);
  });
});
