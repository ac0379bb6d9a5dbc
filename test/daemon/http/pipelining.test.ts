import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { altered } from '../../support/altered.ts';
import { startTestServer } from '../../support/http-server.ts';
import { rawExchange } from '../../support/raw-http.ts';

const PIECE = 50;

/** A server whose look-ups of paths take some turns, and how many it had in hand at once at most. */
async function counting() {
  let asked = 0;
  let inHand = 0;
  let most = 0;
  const server = await startTestServer({
    wrapStore: (store) =>
      altered(store, {
        index: altered(store.index, {
          findByPath: async () => {
            asked++;
            most = Math.max(most, ++inHand);
            for (let turn = 0; turn < 5; turn++) await nextTurn();
            inHand--;
            return { matches: [], next: null };
          },
        }),
      }),
  });
  return { ...server, asked: () => asked, most: () => most };
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;

test('requests in one piece are worked on one after the other, and answered in their order', async () => {
  const server = await counting();
  const paths = Array.from({ length: PIECE }, (_, number) => `/at/${number}`);
  const requests = paths.map((path) => get(`/api/v1/files?path=${path}`));
  const answer = await rawExchange(server.port, requests.join('') + get('/healthz', 'Connection: close\r\n'));
  expect([...answer.matchAll(/build-id at (\/at\/\d+)"/g)].map(([, path]) => path)).toEqual(paths);
  expect(answer).toContain('{"status":"ok"}');
  expect([server.asked(), server.most()]).toEqual([PIECE, 1]);
});

test('bodies among them are read', async () => {
  const server = await counting();
  const body = JSON.stringify({ build_ids: ['x'.repeat(100_000)] });
  const post =
    'POST /api/v1/buildids HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const first = get('/api/v1/files?path=/first');
  const answer = await rawExchange(
    server.port,
    first + post + post + get('/healthz', 'Connection: close\r\n'),
  );
  expect([...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual([
    ...['404', '400', '400', '200'],
  ]);
});

test('what a client has asked for that hangs up is not looked for', async () => {
  const server = await counting();
  const socket = connect(server.port, '127.0.0.1');
  socket.write(get('/api/v1/files?path=/x').repeat(PIECE));
  while (server.asked() === 0) await nextTurn();
  socket.destroy();
  for (let at = 0; at < 3; at++) await fetch(`${server.url}/api/v1/files?path=/y`);
  expect(server.asked()).toBeLessThan(PIECE);
});
