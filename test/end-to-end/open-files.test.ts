import { type Socket, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { afterTest } from '../support/after-test.ts';
import { databasePath } from '../support/database-file.ts';
import { push, startServing } from '../support/serving.ts';

/** A hub where nobody listens: only connections are of interest. */
const ENVIRONMENT = {
  DARKSERVER_KOJI_HUB: 'http://127.0.0.1:9/kojihub',
  DARKSERVER_KOJI_TOPURL: 'http://127.0.0.1:9',
};

/** Connections with half a request on them, which is nothing that could be cut as idle. */
function occupy(port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => {
            socket.write('GET / HT');
            resolve(socket);
          });
          socket.resume().on('error', () => undefined);
          afterTest(() => socket.destroy());
        }),
    ),
  );
}

test('more connections than files may be open leave it alive, and the queue writable', async () => {
  const server = await startServing(['--database', databasePath()], ENVIRONMENT, [
    'prlimit',
    '--nofile=200:200',
  ]);
  await server.printed('stderr', /at most 100 connections are taken at once, as only 200 files may be open/);
  const sockets = await occupy(Number(new URL(server.url).port), 400);
  await server.printed('stderr', /a connection was refused: 100 are open/);
  for (const socket of sockets) socket.destroy();
  // Those that were refused at first are not held against anybody.
  for (;;) {
    const status = await push(server.url, 'fedora', [1]).catch(() => null);
    if (status !== null) {
      expect(status).toBe(202);
      break;
    }
  }
  server.signal('SIGTERM');
  const { code, stderr } = await server.ended;
  expect(code).toBe(0);
  expect(stderr.match(/a connection was refused/g)).toHaveLength(1);
  expect(stderr).not.toMatch(/EMFILE|this is a defect/);
});
