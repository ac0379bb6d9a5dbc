import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errorAnswer } from '../../../shared/api.ts';
import { startTestServer } from '../../support/http-server.ts';
import { rawExchange, rawJson, rawStatus } from '../../support/raw-http.ts';
import { seedStore } from '../../support/seed-store.ts';

/** Errors are the caller's, and say so in the one shape of errors; nothing that is sent makes a 5xx. */
function expectAnswer(status: number, body: unknown): void {
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  if (status >= 400) errorAnswer.strict().parse(body);
}

const PLACES = [
  '/buildids/',
  '/darkserver/buildids/',
  '/rpm2buildids/',
  '/package/',
  '/api/v1/buildids/',
  '/api/v1/buildids?prefix=',
  '/api/v1/buildids?limit=1&prefix=abcdef00&x=',
  '/api/v1/rpms/',
  '/api/v1/builds/',
  '/api/v1/packages/',
  '/api/v1/packages/hello?cursor=',
  '/api/v1/koji/',
  '/api/v1/koji/fedora/builds/',
  '/api/v1/files?path=',
  '/',
];

/** What may stand in a request line: any byte but blanks and line ends, %-escapes right and wrong. */
const target = fc.array(
  fc.oneof(
    fc.integer({ min: 0x21, max: 0xff }).map((byte) => String.fromCharCode(byte)),
    fc.integer({ min: 0, max: 0xff }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
    fc.constantFrom('%', '%g', '/', '..', '?', '#', ',', '-', '.rpm', 'ab', 'ABCD'),
  ),
  { maxLength: 60 },
);

test('whatever stands in a URL', async () => {
  const server = await startTestServer();
  await seedStore(server.store);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PLACES), target, async (place, rest) => {
      const request = `GET ${place}${rest.join('')} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      const response = await rawExchange(server.port, Buffer.from(request, 'latin1'));
      const status = rawStatus(response);
      expectAnswer(status, status >= 400 ? rawJson(response) : null);
    }),
    { numRuns: 400 },
  );
});

test.each(['/api/v1/buildids', '/push'])('whatever JSON is posted to %s', async (path) => {
  const server = await startTestServer();
  const almost = fc.record(
    {
      instance: fc.oneof(fc.constant('fedora'), fc.string()),
      koji_build_ids: fc.oneof(fc.array(fc.oneof(fc.integer(), fc.double(), fc.jsonValue())), fc.jsonValue()),
      build_ids: fc.oneof(fc.array(fc.oneof(fc.string(), fc.jsonValue())), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(almost, fc.jsonValue()), async (value) => {
      const response = await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      });
      expectAnswer(response.status, await response.json());
    }),
    { numRuns: 300 },
  );
});

/** Pieces of which requests are made, right and wrong, in any order. */
const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('GET ', 'POST ', 'HEAD ', '/healthz', '/push', '*', 'http://a/', ' HTTP/1.1'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('\r\n', '\r\n\r\n', '\n', '\r', ' ', '\t', ':', ',', ';', '\0', '0\r\n\r\n'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'Host: a\r\n',
      'Connection: close\r\n',
      'Connection: Upgrade\r\nUpgrade: h2c\r\n',
      'Content-Type: application/json\r\n',
      'Content-Length: 2\r\n',
      'Content-Length: ',
      'Transfer-Encoding: chunked\r\n',
      'Expect: 100-continue\r\n',
      'Accept-Encoding: gzip;q=',
      'If-None-Match: ',
      'X-Forwarded-For: ',
      'Range: bytes=',
    ),
  },
  fc.constantFrom(
    'GET /serverversion HTTP/1.1\r\nHost: a\r\n\r\n',
    '{"build_ids":[]}',
    '1\r\nx\r\n',
    'ffffffffffffffff',
  ),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xff }).map((byte) => String.fromCharCode(byte)),
    maxLength: 20,
  }),
);

test('whatever is no HTTP, or hardly', async () => {
  const server = await startTestServer({
    trustedProxies: ['127.0.0.1'],
    rateLimit: { requests: 1e6, window: 1000 },
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 25 }), async (pieces) => {
      const request = Buffer.from(pieces.join(''), 'latin1');
      const response = await rawExchange(server.port, request, { hangUp: true });
      // Nothing at all is an answer to who has hung up.
      if (response === '') return;
      const statuses = [...response.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g)].map(([, status]) =>
        Number(status),
      );
      expect(statuses.length).toBeGreaterThan(0);
      for (const status of statuses) expect(status).toBeLessThan(500);
    }),
    { numRuns: 500 },
  );
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});
