import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { answerClientError } from '../../../daemon/http/client-errors.ts';
import { MAX_HEADER_BYTES, MAX_URL_BYTES } from '../../../daemon/http/limits.ts';
import { errorAnswer } from '../../../shared/api.ts';
import { startTestServer } from '../../support/http-server.ts';
import { rawExchange, rawJson, rawStatus } from '../../support/raw-http.ts';

describe('what no client would send', () => {
  const exchange = async (request: string | Uint8Array) => {
    const server = await startTestServer();
    const response = await rawExchange(server.port, request);
    // Whatever came, the next caller is answered.
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    return response;
  };

  const head = (path: string, ...headers: string[]) =>
    [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n');

  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['TLS', Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0), 400],
    ['a NUL in the path', head('/buildids/ab\0cd'), 400],
    ['a bare escape', head('/buildids/%'), 400],
    ['an escape that is no UTF-8', head('/buildids/%c3%28'), 400],
    ['raw bytes past ASCII in the path', Buffer.from(head('/buildids/\xff\xfe'), 'latin1'), 400],
    [
      'two lengths',
      'POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'a length and chunks',
      'POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'a chunk that is none',
      'POST /push HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    [
      'a header bomb',
      head('/healthz', ...Array.from({ length: 1200 }, (_, i) => `X-Bomb-${i}: ${'b'.repeat(30)}`)),
      431,
    ],
    ['one huge header', head('/healthz', `Cookie: ${'c'.repeat(MAX_HEADER_BYTES)}`), 431],
    ['a long URL', head(`/buildids/${'ab'.repeat(MAX_URL_BYTES / 2)}`), 414],
    ['a long query', head(`/api/v1/buildids?prefix=${'a'.repeat(MAX_URL_BYTES)}`), 414],
    ['a URL that is longer than all headers may be', head(`/${'a'.repeat(MAX_HEADER_BYTES)}`), 431],
    ['a URL with a host', head('http://elsewhere.example/healthz'), 200],
    ['a path that climbs', head('/../../etc/passwd'), 404],
    ['a method of its own', 'BREW /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
  ])('%s is answered: %#', async (_what, request, status) => {
    const response = await exchange(request);
    expect(rawStatus(response)).toBe(status);
    if (status !== 200) {
      errorAnswer.strict().parse(rawJson(response));
      expect(response).toMatch(/^x-content-type-options: nosniff\r$/im);
    }
  });

  test('without a Host is refused by Node itself, without a body', async () => {
    const response = await exchange('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(rawStatus(response)).toBe(400);
  });

  test('what does not arrive in time is a 408, and the connection is closed', async () => {
    // As Node reports it after HEADERS_TIMEOUT or REQUEST_TIMEOUT, which are longer than a test may last.
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    const listener = createServer((socket) => {
      answerClientError(late, socket);
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const response = await rawExchange((listener.address() as AddressInfo).port, 'GET / HT');
    expect(rawStatus(response)).toBe(408);
    errorAnswer.strict().parse(rawJson(response));
    await new Promise((resolve) => listener.close(resolve));
  });

  test('requests in one piece are answered in order', async () => {
    const first = head('/serverversion').replace('Connection: close\r\n', '');
    const response = await exchange(first + first + head('/healthz'));
    expect(response.match(/\{"server-version":"9\.8\.7"\}|\{"status":"ok"\}/g)).toStrictEqual([
      '{"server-version":"9.8.7"}',
      '{"server-version":"9.8.7"}',
      '{"status":"ok"}',
    ]);
  });

  test('a client that hangs up in the middle harms nobody', async () => {
    const server = await startTestServer();
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      'POST /push HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"inst',
    );
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await server.store.jobs.countByState()).queued).toBe(0);
  });
});
