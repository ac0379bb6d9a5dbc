import { type Socket, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { errorAnswer } from '../../../shared/api.ts';
import { afterTest } from '../../support/after-test.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { rawJson, rawStatus } from '../../support/raw-http.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';

/** Much shorter than the real ones; the order of things is the same. */
const bounds = { headersTimeout: 400, requestTimeout: 600, checkInterval: 50 };

/** Sends a byte now and then, whether it is answered or not, and tells what came back until it was cut off. */
function trickle(server: TestServer, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let sent = 0;
    let received = '';
    const timer = setInterval(() => socket.write(request[sent++] ?? ' '), 20);
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      resolve(received);
    });
    afterTest(() => socket.destroy());
  });
}

const LONG_HEADERS = `GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ${'a'.repeat(1000)}`;
const BODY =
  'POST /api/v1/buildids HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{';

test.each([
  ['request line', `GET /${'a'.repeat(1000)}`],
  ['headers', LONG_HEADERS],
  // Fills lines of its own, so that the connection is never quiet.
  ['header lines', `GET /healthz HTTP/1.1\r\n${'A:b\r\n'.repeat(300)}`],
])('a client that trickles its %s is cut off with a 408', async (_what, request) => {
  const answer = await trickle(await startTestServer({ bounds }), request);
  expect(rawStatus(answer)).toBe(408);
  errorAnswer.strict().parse(rawJson(answer));
});

test('a client that trickles its body is cut off with a 408', async () => {
  const server = await startTestServer({ bounds });
  const socket = connect(server.port, '127.0.0.1');
  let answer = '';
  socket.write(BODY);
  const timer = setInterval(() => socket.write(' '), 20);
  socket.on('data', (chunk) => (answer += chunk.toString('latin1'))).on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  expect(rawStatus(answer)).toBe(408);
});

test('a client that says nothing at all is cut off', async () => {
  const server = await startTestServer({ bounds });
  const socket = connect(server.port, '127.0.0.1').resume();
  await new Promise((resolve) => socket.once('close', resolve));
});

/** A kept connection on which a request was answered. */
async function openIdle(server: TestServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  afterTest(() => socket.destroy());
  socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

test('300 idle and 50 slow clients keep nobody else from being answered', async () => {
  const server = await startTestServer({ bounds });
  await seedStore(server.store);
  const idle = await Promise.all(Array.from({ length: 300 }, () => openIdle(server)));
  let slowOnes = 50;
  const allCut = Promise.all(
    Array.from({ length: 50 }, async () => {
      const answer = await trickle(server, LONG_HEADERS);
      slowOnes--;
      return rawStatus(answer);
    }),
  );
  let answered = 0;
  while (slowOnes > 0) {
    const response = await fetch(`${server.url}/api/v1/buildids/${SEEDED.bin}`);
    expect(response.status).toBe(200);
    await response.arrayBuffer();
    answered++;
  }
  expect(new Set(await allCut)).toEqual(new Set([408]));
  expect(answered).toBeGreaterThan(0);
  // The idle ones are still there, and still served.
  expect(idle.filter(({ destroyed }) => destroyed)).toEqual([]);
  const last = idle.at(-1) as Socket;
  last.write('GET /serverversion HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let answer = '';
  last.on('data', (chunk) => (answer += chunk.toString('latin1')));
  await new Promise((resolve) => last.once('close', resolve));
  expect(rawStatus(answer)).toBe(200);
});
