import { expect, test } from '@jest/globals';
import { errorAnswer } from '../../../shared/api.ts';
import { startTestServer } from '../../support/http-server.ts';
import { rawExchange, rawJson } from '../../support/raw-http.ts';

async function exchange(request: string): Promise<{ answer: string; statuses: number[] }> {
  const server = await startTestServer();
  const answer = await rawExchange(server.port, Buffer.from(request, 'latin1'));
  // Whatever came, the next caller is answered.
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  return {
    answer,
    statuses: [...answer.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g)].map(([, status]) => Number(status)),
  };
}

const CLOSE = 'Connection: close\r\n';
const BODY = '{"build_ids":[]}';
const CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n`;
/** What somebody wants to slip past a proxy that finds another end of the request. */
const SMUGGLED = `GET /serverversion HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`;
const post = (headers: string, rest: string) =>
  `POST /api/v1/buildids HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}\r\n${rest}`;
const get = (headers: string) => `GET /healthz HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;

test.each([
  ['lengths that agree', post('Content-Length: 16\r\nContent-Length: 16\r\n', BODY)],
  ['a list of lengths', post('Content-Length: 16, 16\r\n', BODY)],
  ['a length with a sign', post('Content-Length: +16\r\n', BODY)],
  ['a length below nothing', post('Content-Length: -16\r\n', BODY)],
  ['a length in hex', post('Content-Length: 0x10\r\n', BODY)],
  ['a length past all integers', post('Content-Length: 99999999999999999999\r\n', BODY)],
  ['chunks and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `${CHUNK}0\r\n\r\n`)],
  ['chunks twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', `${CHUNK}0\r\n\r\n`)],
  ['chunks that are not last', post('Transfer-Encoding: chunked, identity\r\n', `${CHUNK}0\r\n\r\n`)],
  ['chunks by another name', post('Transfer-Encoding: xchunked\r\n', `${CHUNK}0\r\n\r\n`)],
  ['a blank before the colon', post('Transfer-Encoding : chunked\r\n', `${CHUNK}0\r\n\r\n`)],
  ['a folded header', post('Transfer-Encoding:\r\n chunked\r\n', `${CHUNK}0\r\n\r\n`)],
  [
    'a length in the trailer',
    post('Transfer-Encoding: chunked\r\n', `${CHUNK}0\r\nContent-Length: 5\r\n\r\n`),
  ],
  ['a chunk that ends its line early', post('Transfer-Encoding: chunked\r\n', `10\n${BODY}\r\n0\r\n\r\n`)],
  [
    'a chunk past all integers',
    post('Transfer-Encoding: chunked\r\n', `${'f'.repeat(17)}\r\n${BODY}\r\n0\r\n\r\n`),
  ],
  ['a chunk with a prefix', post('Transfer-Encoding: chunked\r\n', `0x10\r\n${BODY}\r\n0\r\n\r\n`)],
  [
    'a chunk of nothing but extensions',
    post('Transfer-Encoding: chunked\r\n', `10;${'a'.repeat(2 ** 17)}\r\n${BODY}\r\n`),
  ],
  ['lines that end early', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
  ['lines that never end', 'GET /healthz HTTP/1.1\rHost: a\r\r'],
  ['a NUL in a value', get('X: a\0b\r\n')],
  ['a NUL in a name', get('X\0: ab\r\n')],
  ['a line without a colon', get('nonsense\r\n')],
  ['a blank in the URL', 'GET /health z HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no slash', 'GET healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a version that is to come', 'GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
])('%s is a 400 and the end of the connection', async (_what, request) => {
  const { answer, statuses } = await exchange(request + SMUGGLED);
  expect(statuses).toEqual([400]);
  errorAnswer.strict().parse(rawJson(answer));
});

test.each([
  ['a body to GET', `${get('Content-Length: 5\r\n')}hello`, [200, 200]],
  ['a request in a body', `${get(`Content-Length: ${SMUGGLED.length}\r\n`)}${SMUGGLED}`, [200, 200]],
  ['chunks', post('Transfer-Encoding: chunked\r\n', `${CHUNK}0\r\n\r\n`), [200, 200]],
  [
    'a chunk with an extension',
    post('Transfer-Encoding: chunked\r\n', `10;a=b\r\n${BODY}\r\n0\r\n\r\n`),
    [200, 200],
  ],
  ['a trailer', post('Transfer-Encoding: chunked\r\n', `${CHUNK}0\r\nX-Sum: 1\r\n\r\n`), [200, 200]],
  [
    'a client that asks before it sends',
    post('Expect: 100-continue\r\nContent-Length: 16\r\n', BODY),
    [100, 200, 200],
  ],
  ['an expectation of wonders', post(`Expect: wonders\r\nContent-Length: 16\r\n`, BODY), [417, 200]],
  ['bytes past ASCII in a header', get('X: \xff\xfe\r\n'), [200, 200]],
  ['thousands of empty headers', get('a:\r\n'.repeat(8000)), [200, 200]],
  ['blank lines before it', `\r\n\r\n${get('')}`, [200, 200]],
  ['a range, which is not served', get('Range: bytes=0-0,0-0\r\n'), [200, 200]],
  ['an anchor', 'GET /healthz#top HTTP/1.1\r\nHost: a\r\n\r\n', [200, 200]],
  ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', [200]],
  ['HTTP/1.0 that stays', 'GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', [200, 200]],
])('%s is read as any proxy reads it', async (_what, request, expected) => {
  const { answer, statuses } = await exchange(request + SMUGGLED);
  expect(statuses).toEqual(expected);
  // Only what follows the request is a request of its own, and only where the connection stays.
  expect(answer.match(/"server-version"/g)?.length ?? 0).toBe(expected.length > 1 ? 1 : 0);
});

test.each(['Connection: Upgrade\r\nUpgrade: websocket\r\n', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'])(
  'an upgrade is passed over: %j',
  async (headers) => {
    const server = await startTestServer();
    const answer = await rawExchange(server.port, get(headers.replace('Upgrade', 'Upgrade, close')));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toMatch(/^upgrade:/im);
  },
);

test('a hundred requests in one piece are answered, each once and in order', async () => {
  const ids = Array.from({ length: 99 }, (_, i) => i.toString(16).padStart(40, '0'));
  const requests = ids.map((id) => `GET /api/v1/buildids/${id} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const { answer, statuses } = await exchange(requests.join('') + SMUGGLED);
  expect(statuses).toEqual([...ids.map(() => 404), 200]);
  const named = [...answer.matchAll(/build-id ([0-9a-f]{40})/g)].map(([, id]) => id);
  expect(named).toEqual(ids);
});
