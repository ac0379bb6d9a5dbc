import { beforeEach, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import Fastify from 'fastify';
import { MAX_HEADER_BYTES, MAX_URL_BYTES } from '../../../daemon/http/limits.ts';
import { createMetrics } from '../../../daemon/http/metrics.ts';
import { type RoutesOptions, addRoutes } from '../../../daemon/http/routes.ts';
import { altered } from '../../support/altered.ts';
import { type ApiChecker, type ApiDescription, checkerOf } from '../../support/api-description.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import {
  SEEDED,
  indexedArchive,
  indexedRpm,
  kojiBuild,
  seedStore,
  storedFile,
} from '../../support/seed-store.ts';

async function documentOf(server: TestServer): Promise<ApiDescription> {
  return (await (await fetch(`${server.url}/openapi.json`)).json()) as ApiDescription;
}

const ARCHIVED = '55bb'.padEnd(40, 'b');

async function seededServer(options?: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
  const server = await startTestServer(options);
  await seedStore(server.store);
  const image = indexedArchive(77, { files: [storedFile('/usr/bin/hello', ARCHIVED as never)] });
  const broken = { error: 'format', message: 'RPM lead at offset 0: no' } as const;
  await server.store.index.replaceBuild(
    'fedora',
    kojiBuild(9, { name: 'image' }),
    [indexedRpm(901, { name: 'image', files: broken })],
    [image],
  );
  return server;
}

let server: TestServer;
let document: ApiDescription;
let checker: ApiChecker;
beforeEach(async () => {
  server = await seededServer();
  document = await documentOf(server);
  checker = checkerOf(document);
});

describe('the document', () => {
  test('keeps to the rules of OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document) as never);
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '9.8.7' } });
  });

  test('has each route of the API, and no other', async () => {
    const app = Fastify();
    const routes: string[] = [];
    app.addHook('onRoute', ({ method, url }) => {
      // Those for several methods refuse them.
      if (typeof method === 'string' && method !== 'HEAD' && method !== 'OPTIONS' && url !== '/') {
        routes.push(`${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
      }
    });
    const options = { instances: [], pushToken: null, version: '1' } as unknown as RoutesOptions;
    addRoutes(app, options, createMetrics(), () => false);
    await app.close();
    expect(routes.length).toBeGreaterThan(15);
    expect([...checker.operations].sort()).toEqual(routes.sort());
  });

  test('has a name of its own for each operation', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('has examples that are right by its schemas', () => {
    let count = 0;
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const { example, examples, schema, ...rest } = node as Record<string, unknown>;
      const all = [
        ...(example === undefined ? [] : [[schema, example] as const]),
        ...(Array.isArray(examples) ? examples.map((each: unknown) => [rest, each] as const) : []),
      ];
      for (const [of, value] of all) {
        count++;
        expect([value, checker.complaint(of as object, value)]).toEqual([value, null]);
      }
      for (const each of [schema, ...Object.values(rest)]) walk(each);
    };
    walk(document);
    expect(count).toBeGreaterThan(20);
  });

  test('does not let members pass that it does not know', async () => {
    const answer = checker.answerTo('GET', '/api/v1/status', 200);
    const status = (await (await fetch(`${server.url}/api/v1/status`)).json()) as object;
    expect(answer.complaint(status)).toBeNull();
    expect(answer.complaint({ ...status, more: 1 })).toContain('additional properties');
  });
});

const NVRA = 'hello-1.0-2.fc40.x86_64';

/** One question at least for each operation. */
const ANSWERED: readonly (readonly [method: string, path: string, status: number, body?: object])[] = [
  ['GET', `/api/v1/buildids/${SEEDED.shared}?siblings=1`, 200],
  ['GET', `/api/v1/buildids/${SEEDED.shared}?verify=1`, 200],
  ['GET', `/api/v1/buildids/${SEEDED.local}`, 200],
  ['GET', `/api/v1/buildids/${SEEDED.volume}`, 200],
  ['GET', `/api/v1/buildids/${ARCHIVED}?siblings=true`, 200],
  ['GET', `/api/v1/buildids/${SEEDED.debuginfo.slice(0, 32)}00000000`, 200],
  ['GET', `/api/v1/buildids/${SEEDED.absent}`, 404],
  ['GET', `/api/v1/buildids/${SEEDED.absent}?rpm=${NVRA}`, 404],
  ['GET', '/api/v1/buildids/none', 400],
  ['GET', '/api/v1/buildids?prefix=aa110000', 200],
  ['GET', '/api/v1/buildids?prefix=aa11&limit=2', 400],
  ['POST', '/api/v1/buildids', 200, { build_ids: [SEEDED.bin, SEEDED.absent], group: true, siblings: true }],
  ['POST', '/api/v1/buildids', 200, { build_ids: [ARCHIVED, `${SEEDED.bin.slice(0, 32)}0`] }],
  ['POST', '/api/v1/buildids', 400, { build_ids: ['none'] }],
  ['POST', '/api/v1/buildids', 413, { build_ids: Array.from({ length: 5001 }, () => 'aabb') }],
  ['GET', `/api/v1/rpms/${NVRA}?siblings=1&limit=1`, 200],
  ['GET', '/api/v1/rpms/lokal-1-1.aarch64', 200],
  ['GET', '/api/v1/rpms/image-1.0-2.fc40.x86_64', 200],
  ['GET', '/api/v1/rpms/nothing-1-1.noarch', 404],
  ['GET', '/api/v1/rpms/nothing', 400],
  ['GET', '/api/v1/builds/hello-1.0-2.fc40', 200],
  ['GET', '/api/v1/builds/hello-1.0-3.fc40', 200],
  ['GET', '/api/v1/builds/image-1.0-2.fc40', 200],
  ['GET', '/api/v1/builds/nothing-1-1', 404],
  ['GET', '/api/v1/builds/nothing', 400],
  ['GET', '/api/v1/koji/plain/builds/3', 200],
  ['GET', '/api/v1/koji/plain/builds/4', 404],
  ['GET', '/api/v1/koji/plain/builds/0', 400],
  ['GET', '/api/v1/packages/hello', 200],
  ['GET', '/api/v1/packages/nothing', 404],
  ['GET', '/api/v1/packages/%20', 400],
  ['GET', '/api/v1/files?path=/usr/bin/hello&siblings=1', 200],
  ['GET', '/api/v1/files?path=/usr/bin/nothing', 404],
  ['GET', '/api/v1/files', 400],
  ['GET', '/api/v1/status', 200],
  ['GET', '/api/v1/status?all=1', 400],
  ['POST', '/push', 202, { instance: 'fedora', koji_build_ids: [1, 2] }],
  ['POST', '/push', 400, { instance: 'fedora', koji_build_ids: [0] }],
  ['POST', '/push', 413, { instance: 'fedora', koji_build_ids: Array.from({ length: 20_001 }, () => 1) }],
  ['POST', '/push', 422, { instance: 'elsewhere', koji_build_ids: [1] }],
  ['GET', '/healthz', 200],
  ['GET', '/readyz', 200],
  ['GET', '/metrics', 200],
  ['GET', '/openapi.json', 200],
  ...['', '/darkserver'].flatMap((prefix) => [
    ['GET', `${prefix}/serverversion`, 200] as const,
    ['GET', `${prefix}/buildids/${SEEDED.bin},${SEEDED.absent}`, 200] as const,
    ['GET', `${prefix}/buildids/none`, 400] as const,
    ['GET', `${prefix}/rpm2buildids/${NVRA}`, 200] as const,
    ['GET', `${prefix}/rpm2buildids/none`, 400] as const,
    ['GET', `${prefix}/package/${NVRA}.rpm`, 200] as const,
    ['GET', `${prefix}/package/nothing-1-1.noarch`, 200] as const,
    ['GET', `${prefix}/package/none`, 400] as const,
  ]),
];

async function expectDescribed(
  to: TestServer,
  [method, path, status]: readonly [string, string, number, ...unknown[]],
  init: RequestInit = {},
): Promise<string> {
  const response = await fetch(`${to.url}${path}`, { method, ...init });
  const asked = `${method} ${path.slice(0, 200)}`;
  expect([asked, response.status]).toEqual([asked, status]);
  const described = checker.answerTo(method, path, status);
  expect(response.headers.get('content-type')?.split(';')[0]).toBe(described.contentType?.split(';')[0]);
  const body = await response.text();
  const isJson = described.contentType === 'application/json';
  expect([asked, described.complaint(isJson ? JSON.parse(body) : body)]).toEqual([asked, null]);
  return described.operation;
}

const posted = (body: unknown): RequestInit => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

describe('an answer is as the document has it', () => {
  test('of each operation, found and not', async () => {
    const seen = new Set<string>();
    for (const [method, path, status, body] of ANSWERED) {
      const init = body === undefined ? {} : posted(body);
      const operation = await expectDescribed(server, [method, path, status], init);
      if (status < 300) seen.add(operation);
    }
    expect([...checker.operations].filter((each) => !seen.has(each))).toEqual([]);
  });

  test('that nothing has changed', async () => {
    const path = `/api/v1/buildids/${SEEDED.bin}`;
    const headers = { 'if-none-match': '*' };
    const response = await fetch(`${server.url}${path}`, { headers });
    expect(checker.answerTo('GET', path, response.status)).toMatchObject({ contentType: null });
    expect(response.status).toBe(304);
  });

  test('of another type of body, and of a URL or a head that is too long', async () => {
    const text = { body: '{}', headers: { 'content-type': 'text/plain' } };
    await expectDescribed(server, ['POST', '/api/v1/buildids', 415], text);
    await expectDescribed(server, ['GET', `/api/v1/files?path=/${'a'.repeat(MAX_URL_BYTES)}`, 414]);
    const headers = { 'x-long': 'a'.repeat(MAX_HEADER_BYTES) };
    await expectDescribed(server, ['GET', `/api/v1/packages/hello`, 431], { headers });
  });

  test('without the token', async () => {
    const guarded = await startTestServer({ pushToken: 'secret' });
    const push = posted({ instance: 'fedora', koji_build_ids: [1] });
    await expectDescribed(guarded, ['POST', '/push', 401], push);
  });

  test('of a caller that asks too often', async () => {
    const limited = await seededServer({ rateLimit: { requests: 1, window: 60_000 } });
    await expectDescribed(limited, ['GET', '/api/v1/status', 200]);
    await expectDescribed(limited, ['GET', '/api/v1/status', 429]);
    await expectDescribed(limited, ['GET', '/serverversion', 429]);
  });

  test('of a server that fails, or is not ready', async () => {
    const failing = await startTestServer({
      isIndexing: () => false,
      wrapStore: (store) =>
        altered(store, {
          index: altered(store.index, { counts: () => Promise.reject(new Error('a defect')) }),
        }),
    });
    await expectDescribed(failing, ['GET', '/api/v1/status', 500]);
    await expectDescribed(failing, ['GET', '/readyz', 503]);
  });
});
