import type { RequestListener, Server } from 'node:http';
import { type Socket, connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { type ConnectionBounds, boundConnections } from '../../../daemon/http/connections.ts';
import { MAX_ARRIVING_BYTES } from '../../../daemon/http/limits.ts';
import { afterTest } from '../../support/after-test.ts';
import { listen } from '../../support/listen.ts';
import { recordingLog } from '../../support/recording-log.ts';

const PATIENT: ConnectionBounds = { maxConnections: 10, answerTimeout: 60_000, checkInterval: 20 };
const HALF = 'GET / HTTP/1.1\r\nHost: a\r\n';
const WHOLE = `${HALF}\r\n`;

async function bounded(
  bounds: Partial<ConnectionBounds>,
  handler: RequestListener = (_, response) => response.end('x'),
) {
  const log = recordingLog();
  const listening = await listen(handler);
  const { server, url } = listening;
  afterTest(() => listening.close());
  boundConnections(server, { ...PATIENT, ...bounds }, log);
  return { server, port: Number(new URL(url).port), log };
}

/** A connection on which this was sent, once it is there on the server's side. */
async function open(server: Server, port: number, request: string): Promise<Socket> {
  const accepted = new Promise((resolve) => server.once('connection', resolve));
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  afterTest(() => socket.destroy());
  socket.write(request);
  await accepted;
  return socket;
}

const firstBytes = (socket: Socket): Promise<Buffer> =>
  new Promise((resolve) => socket.once('data', resolve));
const end = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.resume().once('close', () => {
      resolve();
    });
  });

describe('connections beyond the bound', () => {
  test('are refused while all others have something under way, and one line says so', async () => {
    const { server, port, log } = await bounded({});
    const busy: Socket[] = [];
    for (let i = 0; i < 10; i++) busy.push(await open(server, port, HALF));
    for (let i = 0; i < 3; i++) {
      const refused = connect(port, '127.0.0.1').on('error', () => undefined);
      await end(refused);
    }
    const said = log.lines.filter(({ message }) => message.includes('refused'));
    expect(said).toHaveLength(1);
    expect(said[0]?.message).toContain('10 are open');
    // Those that are there are answered, and make room.
    busy[0]?.write('\r\n');
    expect(String(await firstBytes(busy[0] as Socket))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('push aside those that are idle', async () => {
    const { server, port, log } = await bounded({});
    const idle: Socket[] = [];
    for (let i = 0; i < 9; i++) {
      const socket = await open(server, port, WHOLE);
      await firstBytes(socket);
      idle.push(socket);
    }
    const ended = Promise.all(idle.map(end));
    const busy = await open(server, port, HALF);
    await ended;
    for (let i = 0; i < 8; i++) await open(server, port, HALF);
    busy.write('\r\n');
    expect(String(await firstBytes(busy))).toMatch(/^HTTP\/1\.1 200 /);
    expect(log.lines.map(({ message }) => message)).toEqual([
      '10 of 10 connections are open; idle ones are cut',
    ]);
  });
});

test('without a bound of one’s own it is that of the open files', async () => {
  const { server, log } = await bounded({ maxConnections: null });
  expect(server.maxConnections).toBeGreaterThan(100);
  expect(server.maxConnections).toBeLessThanOrEqual(12_000);
  // Either all of them, or a line that says why not.
  expect(log.lines).toHaveLength(server.maxConnections === 12_000 ? 0 : 1);
});

describe('an answer that its client does not take', () => {
  const LARGE = Buffer.alloc(70 * 2 ** 20);

  test('is given up when its time is over', async () => {
    const { server, port } = await bounded({ answerTimeout: 100 }, (_, response) => response.end(LARGE));
    const cut = new Promise((resolve) =>
      server.once('connection', (socket: Socket) => socket.once('close', resolve)),
    );
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.pause().write(WHOLE);
    await cut;
    await end(socket);
    expect(socket.bytesRead).toBeLessThan(LARGE.length);
  });

  test('waits as long as some of it is taken', async () => {
    const pieces = 200;
    const { port } = await bounded({ answerTimeout: 1500 }, (_, response) => {
      let left = pieces;
      const more = (): void => {
        if (left-- === 0) response.end();
        else response.write(Buffer.alloc(2 ** 17), more);
      };
      more();
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\n\r\n');
    // Longer in all than the time in which some must be taken.
    let paused = 0;
    socket.on('data', () => {
      if (socket.bytesRead < (paused + 1) * 2 ** 20) return;
      paused++;
      socket.pause();
      setTimeout(() => socket.resume(), 100);
    });
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.bytesRead).toBeGreaterThan(pieces * 2 ** 17);
  });

  test('is given up, the largest first, when all that wait are too much', async () => {
    const { server, port } = await bounded({}, (request, response) =>
      response.end(request.url === '/large' ? LARGE : LARGE.subarray(0, 2 ** 25)),
    );
    const closed: string[] = [];
    let noteClosed = (): void => undefined;
    const someClosed = new Promise<void>((resolve) => (noteClosed = resolve));
    for (const path of ['/smaller', '/large', '/large']) {
      expect(closed).toEqual([]);
      server.once('connection', (socket: Socket) =>
        socket.once('close', () => {
          closed.push(path);
          noteClosed();
        }),
      );
      const asked = new Promise((resolve) => server.once('request', resolve));
      (await open(server, port, WHOLE.replace('/ ', `${path} `))).pause();
      await asked;
    }
    await someClosed;
    expect(closed).toEqual(['/large']);
  });
});

test('bodies that arrive are given up, the largest first, when all of them are too much', async () => {
  const { port } = await bounded({}, (request, response) => {
    request.resume().once('end', () => response.end());
  });
  const post = (bytes: number): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    afterTest(() => socket.destroy());
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes + 1}\r\n\r\n`);
    socket.write(Buffer.alloc(bytes));
    return socket;
  };
  const small = post(2 ** 20);
  const large = post(MAX_ARRIVING_BYTES);
  await end(large);
  // The other one is heard to its end.
  small.write('x');
  expect(String(await firstBytes(small))).toMatch(/^HTTP\/1\.1 200 /);
});
