import { Agent, get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createHttpServer } from '../../../daemon/http/server.ts';
import { silentLog } from '../../../daemon/log.ts';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import { errorAnswer } from '../../../shared/api.ts';
import { altered } from '../../support/altered.ts';
import { startTestServer } from '../../support/http-server.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';
import { rawExchange, rawJson, rawStatus } from '../../support/raw-http.ts';

describe('listening', () => {
  test('on a taken port is an error of configuration that names the address', async () => {
    const { port, store } = await startTestServer();
    const server = createHttpServer({
      lookup: createLookup({ store, koji: TEST_KOJI, checks: NO_CHECKS, now: Date.now }),
      store,
      log: silentLog,
      instances: [],
      pushToken: null,
      version: '1',
      isIndexing: () => true,
      wakeWorkers: () => undefined,
      now: Date.now,
    });
    await expect(server.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(`127.0.0.1:${port}`) as unknown,
    });
    await server.close();
  });
});

describe('closing', () => {
  /** A server whose pushes wait until they are let go. */
  async function serverWithSlowPush() {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let entered = (): void => undefined;
    const inHand = new Promise<void>((resolve) => (entered = resolve));
    const server = await startTestServer({
      wrapStore: (store) =>
        altered(store, {
          jobs: altered(store.jobs, {
            enqueue: async (...args) => {
              entered();
              await released;
              return store.jobs.enqueue(...args);
            },
          }),
        }),
    });
    return { server, inHand, release };
  }

  const PUSH = '{"instance":"fedora","koji_build_ids":[1]}';
  const pushHead = (...headers: string[]) =>
    [
      'POST /push HTTP/1.1',
      'Host: a',
      'Content-Type: application/json',
      `Content-Length: ${PUSH.length}`,
      ...headers,
      '',
      '',
    ].join('\r\n');

  test('finishes the request in hand, then its connection, and takes no other', async () => {
    const { server, inHand, release } = await serverWithSlowPush();
    const response = rawExchange(server.port, pushHead() + PUSH);
    await inHand;
    const closed = server.close();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    release();
    // rawExchange ends when the server ends the connection, though the client asked to keep it.
    const answer = await response;
    expect(rawStatus(answer)).toBe(202);
    expect(answer).toMatch(/^connection: close\r$/im);
    await closed;
    expect((await server.store.jobs.countByState()).queued).toBe(1);
  });

  test('says so to who asks on a connection that is still open', async () => {
    const { server, inHand, release } = await serverWithSlowPush();
    const readyz = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n';
    const push = rawExchange(server.port, pushHead() + PUSH);
    await inHand;
    let answer = '';
    const socket = connect(server.port, '127.0.0.1');
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write(readyz.slice(0, 10));
    // By the time that another request is answered, this half of one has arrived.
    await fetch(`${server.url}/healthz`);
    const closed = server.close();
    socket.write(readyz.slice(10));
    await ended;
    expect(rawStatus(answer)).toBe(503);
    expect(errorAnswer.parse(rawJson(answer)).error).toStrictEqual({
      code: 'stopped',
      message: 'the server is stopping',
    });
    release();
    await push;
    await closed;
  });

  test('cuts idle connections at once', async () => {
    const server = await startTestServer();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      httpGet(`${server.url}/healthz`, { agent }, (response) => {
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
    // The grace, and the time that a connection is kept, are both longer than a test may last.
    await server.close(60_000);
    agent.destroy();
  });

  test('cuts who does not finish when the time for it is over', async () => {
    const server = await startTestServer();
    const response = rawExchange(server.port, pushHead());
    await fetch(`${server.url}/healthz`);
    await server.close(50);
    expect(await response).toBe('');
  });

  test('twice is the same as once', async () => {
    const server = await startTestServer();
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });
});
