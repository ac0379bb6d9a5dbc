import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../../daemon/store/types.ts';
import { MAX_PUSH, errorAnswer, pushAnswer } from '../../../shared/api.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { altered } from '../../support/altered.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';

const TOKEN = 'correct horse'.replace(' ', '-');

function push(server: TestServer, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${server.url}/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const announce = (...kojiBuildIds: readonly unknown[]) => ({
  instance: 'fedora',
  koji_build_ids: kojiBuildIds,
});

async function errorOf(response: Response) {
  return errorAnswer.strict().parse(await response.json()).error;
}

describe('a push', () => {
  test('is queued, noted, and wakes the workers', async () => {
    const server = await startTestServer({ now: () => 1_700_000_000_000 });
    const response = await push(server, announce(1, 2, 2));
    expect(response.status).toBe(202);
    expect(await response.text()).toBe('{"queued":2,"already_queued":0}');
    expect(server.wakeUps()).toBe(1);
    expect((await server.store.jobs.countByState()).queued).toBe(2);
    expect((await server.store.instanceFacts('fedora')).lastPush).toBe(1_700_000_000_000);
    expect((await server.store.instanceFacts('plain')).lastPush).toBeNull();
  });

  test('of what waits already says so', async () => {
    const server = await startTestServer();
    await push(server, announce(1, 2));
    const response = await push(server, announce(2, 3));
    expect(response.status).toBe(202);
    expect(pushAnswer.strict().parse(await response.json())).toStrictEqual({ queued: 1, already_queued: 1 });
  });

  test('goes before everything else in the queue', async () => {
    const server = await startTestServer();
    await push(server, announce(9));
    const job = await server.store.jobs.find('fedora', 9 as KojiBuildId);
    expect(job).toMatchObject({ state: 'queued', priority: 0, instance: 'fedora' });
  });

  test('of nothing is accepted', async () => {
    const server = await startTestServer();
    const response = await push(server, announce());
    expect(response.status).toBe(202);
    expect(await response.json()).toStrictEqual({ queued: 0, already_queued: 0 });
  });

  test(`of ${MAX_PUSH} builds is taken; one more is a 413`, async () => {
    const server = await startTestServer();
    const ids = Array.from({ length: MAX_PUSH + 1 }, (_, i) => i + 1);
    const full = await push(server, announce(...ids.slice(1)));
    expect(full.status).toBe(202);
    expect(await full.json()).toStrictEqual({ queued: MAX_PUSH, already_queued: 0 });
    const over = await push(server, announce(...ids));
    expect(over.status).toBe(413);
    expect(await errorOf(over)).toMatchObject({ code: 'too_large' });
    expect((await server.store.jobs.countByState()).queued).toBe(MAX_PUSH);
  });

  test('is answered only when the queue is durable', async () => {
    let release = (): void => undefined;
    const durable = new Promise<void>((resolve) => (release = resolve));
    const server = await startTestServer({
      wrapStore: (store) =>
        withEnqueue(store, async (...args) => {
          const result = await store.jobs.enqueue(...args);
          await durable;
          return result;
        }),
    });
    let answered = false;
    const response = push(server, announce(1)).then((each) => {
      answered = true;
      return each;
    });
    while ((await server.store.jobs.countByState()).queued === 0) await new Promise(setImmediate);
    // Anything that was going to be answered without waiting has been by the time that another is.
    await fetch(`${server.url}/healthz`);
    expect(answered).toBe(false);
    release();
    expect((await response).status).toBe(202);
  });

  test('that the queue does not take is a 503 that tells nothing of the store', async () => {
    const server = await startTestServer({
      wrapStore: (store) =>
        withEnqueue(store, () =>
          Promise.reject(new DarkserverError('store', 'SQLITE_FULL: /secret/path.db')),
        ),
    });
    const response = await push(server, announce(1));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    const error = await errorOf(response);
    expect(error.code).toBe('store');
    expect(error.message).not.toMatch(/SQLITE|secret/);
    expect(server.wakeUps()).toBe(0);
  });

  test.each([
    ['no JSON', '{'],
    ['empty', ''],
    ['a list', '[1]'],
    ['no instance', '{"koji_build_ids":[1]}'],
    ['no ids', '{"instance":"fedora"}'],
    ['a single id', '{"instance":"fedora","koji_build_ids":1}'],
    ['a string', announce('1')],
    ['zero', announce(0)],
    ['a negative id', announce(-1)],
    ['a fraction', announce(1.5)],
    ['an id past PostgreSQL’s integer', announce(2 ** 31)],
    ['null', announce(null)],
    ['a prototype', '{"instance":"fedora","koji_build_ids":[1],"__proto__":{"a":1}}'],
  ])('with %s is a 400 and queues nothing', async (_what, body) => {
    const server = await startTestServer();
    const response = await push(server, body);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: 'bad_input' });
    expect((await server.store.jobs.countByState()).queued).toBe(0);
    expect(server.wakeUps()).toBe(0);
  });

  test('with one wrong id names it and queues none', async () => {
    const server = await startTestServer();
    const error = await errorOf(await push(server, announce(1, 2, 'x')));
    expect(error.message).toMatch(/^koji_build_ids\[2\]: /);
    expect((await server.store.jobs.countByState()).queued).toBe(0);
  });

  test('from an unknown Koji is a 422 that names the known ones', async () => {
    const server = await startTestServer();
    const response = await push(server, { instance: 'fedroa', koji_build_ids: [1] });
    expect(response.status).toBe(422);
    const error = await errorOf(response);
    expect(error.code).toBe('unprocessable');
    expect(error.message).toContain('"fedroa"');
    expect(error.message).toContain('fedora, plain');
    expect((await server.store.jobs.countByState()).queued).toBe(0);
  });

  test('for local RPMs is none of a hub’s business', async () => {
    const server = await startTestServer();
    expect((await push(server, { instance: 'local', koji_build_ids: [1] })).status).toBe(422);
  });

  test('of another type is a 415', async () => {
    const server = await startTestServer();
    const response = await push(server, announce(1), { 'content-type': 'text/plain' });
    expect(response.status).toBe(415);
    expect(await errorOf(response)).toMatchObject({ code: 'unsupported_media_type' });
  });

  test('that is larger than the limit is a 413', async () => {
    const server = await startTestServer();
    const response = await push(
      server,
      `{"instance":"fedora","koji_build_ids":[${' '.repeat(1024 * 1024)}]}`,
    );
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: 'too_large' });
  });

  test('with GET is a 405', async () => {
    const server = await startTestServer();
    const response = await fetch(`${server.url}/push`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await errorOf(response)).toMatchObject({ code: 'method_not_allowed' });
  });

  test('is nothing that a web page may send', async () => {
    const server = await startTestServer();
    const preflight = await fetch(`${server.url}/push`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://page.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.ok).toBe(false);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const response = await push(server, announce(1));
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a push where a token is configured', () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `Bearer  ${TOKEN} `])(
    'is accepted with %j',
    async (authorization) => {
      const server = await startTestServer({ pushToken: TOKEN });
      expect((await push(server, announce(1), { authorization })).status).toBe(202);
    },
  );

  test('is accepted through a proxy', async () => {
    const server = await startTestServer({ pushToken: TOKEN });
    const headers = { ...bearer(TOKEN), 'x-forwarded-for': '192.0.2.7' };
    expect((await push(server, announce(1), headers)).status).toBe(202);
  });

  test('is accepted with a token that is not ASCII', async () => {
    const server = await startTestServer({ pushToken: 'zü✓' });
    const authorization = `Bearer ${Buffer.from('zü✓', 'utf8').toString('latin1')}`;
    expect((await push(server, announce(1), { authorization })).status).toBe(202);
  });

  test.each([
    ['without one', {}],
    ['with another', bearer('wrong')],
    ['with a beginning of it', bearer(TOKEN.slice(0, -1))],
    ['with more than it', bearer(`${TOKEN}x`)],
    ['with an empty one', { authorization: 'Bearer ' }],
    ['without a scheme', { authorization: TOKEN }],
    ['with another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('is a 401 %s', async (_how, headers: Record<string, string>) => {
    const server = await startTestServer({ pushToken: TOKEN });
    const response = await push(server, announce(1), headers);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    const error = await errorOf(response);
    expect(error.code).toBe('unauthorized');
    expect(error.message).not.toContain(TOKEN);
    expect((await server.store.jobs.countByState()).queued).toBe(0);
  });

  test('is refused before its body is looked at', async () => {
    const server = await startTestServer({ pushToken: TOKEN });
    expect((await push(server, '{')).status).toBe(401);
    expect((await push(server, 'x', { 'content-type': 'text/plain' })).status).toBe(401);
  });
});

describe('a push where no token is configured', () => {
  test.each([
    ['forwarded', 'for=192.0.2.7'],
    ['x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-host', 'darkserver.example'],
    ['x-forwarded-proto', 'https'],
    ['x-real-ip', '192.0.2.7'],
    ['via', '1.1 proxy'],
    ['origin', 'https://page.example'],
  ])('is a 401 when it carries %s, which no hub on this machine sends', async (name, value) => {
    const server = await startTestServer();
    const response = await push(server, announce(1), { [name]: value });
    expect(response.status).toBe(401);
    expect(await errorOf(response)).toMatchObject({ code: 'unauthorized' });
    expect((await server.store.jobs.countByState()).queued).toBe(0);
  });
});

/** The same store with another way of putting builds into the queue. */
function withEnqueue(store: Store, enqueue: Store['jobs']['enqueue']): Store {
  return altered(store, { jobs: altered(store.jobs, { enqueue }) });
}
