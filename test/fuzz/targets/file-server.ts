import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { HttpRpmSource } from '../../../daemon/indexer/http-rpm-source.ts';
import { KojiHttp } from '../../../daemon/koji/http.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

/** One response: bytes as they go over the wire, after which the server hangs up or not. */
interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly bodyBytes: number;
  readonly hangsUp: boolean;
}

interface ServerInput {
  readonly start: number;
  readonly expect: number | undefined;
  /** In turn; the last again and again. */
  readonly answers: readonly Answer[];
}

const SIZE = 3000;
const READ_MAX = 100_000;
/** Requests for one reading: twice what growth and resumptions come to. */
const REQUESTS_MAX = 64;

const number = fc.oneof(
  fc.nat({ max: 20 }),
  fc.constantFrom(
    -1,
    999,
    1000,
    1001,
    SIZE - 1,
    SIZE,
    SIZE + 1,
    2 ** 31,
    2 ** 53,
    '9'.repeat(15),
    '9'.repeat(400),
    '*',
    '',
  ),
);
const contentRange = fc
  .tuple(fc.constantFrom('bytes ', 'bytes=', 'BYTES ', ''), number, number, number)
  .map(([unit, from, to, size]) => `${unit}${from}-${to}/${size}`);
const header = fc.oneof(
  fc.tuple(fc.constant('Content-Range'), contentRange),
  fc.tuple(fc.constant('Content-Length'), number.map(String)),
  fc.tuple(fc.constant('ETag'), fc.constantFrom('"a"', '"b"', 'W/"a"', '')),
  fc.tuple(fc.constant('Last-Modified'), fc.constantFrom('Thu, 01 Jan 1970 00:00:00 GMT', 'x')),
  fc.tuple(fc.constant('Content-Encoding'), fc.constantFrom('gzip', 'identity', '')),
  fc.tuple(fc.constant('Transfer-Encoding'), fc.constantFrom('chunked', 'x')),
  fc.tuple(
    fc.constant('Retry-After'),
    fc.constantFrom('0', '999999999', 'x', 'Thu, 01 Jan 1970 00:00:00 GMT'),
  ),
  fc.tuple(
    fc.constant('Location'),
    fc.constantFrom('/', '//', 'http://[', 'file:///etc/passwd', 'http://127.0.0.1:1/'),
  ),
  fc.tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 })),
);
/** What a server says that knows ranges and takes its part from somewhere else, or of another length. */
const honest = fc
  .tuple(fc.nat({ max: SIZE }), fc.nat({ max: SIZE }), fc.integer({ min: -1, max: 1 }))
  .map(([from, bytes, lie]): Answer => ({
    status: 206,
    headers: [
      ['Content-Range', `bytes ${from}-${Math.max(0, from + bytes - 1)}/${SIZE}`],
      ['Content-Length', String(Math.max(0, bytes + lie))],
    ],
    bodyBytes: bytes,
    hangsUp: lie > 0,
  }));
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    status: fc.constantFrom(200, 206, 206, 206, 416, 404, 301, 302, 500, 429, 100, 204, 0, 999),
    headers: fc.array(header, { maxLength: 4 }),
    bodyBytes: fc.constantFrom(0, 1, 1000, SIZE, 2 * SIZE),
    hangsUp: fc.constant(true),
  }),
  honest,
);

function onTheWire({ status, headers, bodyBytes }: Answer): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} X\r\n${lines}\r\n`, 'latin1'),
    Buffer.alloc(bodyBytes, 1),
  ]);
}

async function openTarget(): Promise<OpenTarget<ServerInput>> {
  let answers: readonly Answer[] = [];
  let requests = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const next = answers[Math.min(requests++, answers.length - 1)];
      // A server that goes silent is a matter of time limits, which have tests of their own.
      if (next === undefined || requests > REQUESTS_MAX) socket.destroy();
      else if (next.hangsUp) socket.end(onTheWire(next));
      else socket.write(onTheWire(next));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    inputs: fc.record({
      start: fc.constantFrom(0, 0, 1, 1000, SIZE - 1, SIZE, SIZE + 1),
      expect: fc.constantFrom(undefined, 1, 1000, SIZE, 2 * SIZE),
      answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
    }),
    errors: ['network', 'missing_file'],
    mayAllocate: () => 32 * 2 ** 20,
    read: async ({ start, expect, answers: given }) => {
      answers = given;
      requests = 0;
      const http = new KojiHttp({
        ...{ version: '1', contact: 'https://example.com', maxConnections: 2 },
        ...{ connectTimeout: 2000, silenceTimeout: 300 },
        retry: { attempts: 2, firstDelay: 1, longestDelay: 1 },
      });
      try {
        const source = new HttpRpmSource(http, `http://127.0.0.1:${port}/a.rpm`);
        const { chunks } = await source.open(start, expect === undefined ? {} : { expect });
        let read = 0;
        for await (const chunk of chunks) {
          read += chunk.length;
          if (read > READ_MAX) break;
        }
      } finally {
        http.close();
      }
      assert.ok(requests <= REQUESTS_MAX, 'it asks without end');
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

export const fileServer: FuzzTarget = { name: 'file-server', share: 10, open: openTarget };
