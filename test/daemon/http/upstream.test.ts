import { beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { errorAnswer, upstreamRow } from '../../../shared/api.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  await seedStore(server.store);
});

const get = (path: string) => fetch(`${server.url}${path}`);

async function rowsOf(path: string) {
  const response = await get(path);
  expect(response.status).toBe(200);
  return z.array(upstreamRow.strict()).parse(await response.json());
}

const BIN_ROW = {
  buildid: SEEDED.bin,
  elf: '/usr/bin/hello',
  rpm: 'hello-1.0-2.fc40.x86_64',
  distro: 'fc40',
  url: 'https://kojipkgs.example/packages/hello/1.0/2.fc40/x86_64/hello-1.0-2.fc40.x86_64.rpm',
};

describe.each(['', '/darkserver'])("upstream's routes under %j", (prefix) => {
  test('serverversion, to the letter', async () => {
    const response = await get(`${prefix}/serverversion`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.text()).toBe('{"server-version":"9.8.7"}');
  });

  test('buildids of one, to the letter', async () => {
    const response = await get(`${prefix}/buildids/${SEEDED.bin}`);
    expect(await response.text()).toBe(JSON.stringify([BIN_ROW]));
  });

  test('buildids of several, in the order asked for', async () => {
    const rows = await rowsOf(`${prefix}/buildids/${SEEDED.draft},${SEEDED.absent},${SEEDED.bin}`);
    expect(rows.map(({ buildid }) => buildid)).toStrictEqual([SEEDED.draft, SEEDED.bin]);
  });

  test('buildids that nobody knows are an empty list with 200', async () => {
    const response = await get(`${prefix}/buildids/${SEEDED.absent}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('[]');
  });

  test.each(['', '.rpm'])('rpm2buildids with NVRA%s', async (suffix) => {
    const rows = await rowsOf(`${prefix}/rpm2buildids/hello-1.0-2.fc40.x86_64${suffix}`);
    expect(rows).toStrictEqual([
      BIN_ROW,
      { ...BIN_ROW, buildid: SEEDED.library, elf: '/usr/lib64/libhello.so.1' },
    ]);
  });

  test('rpm2buildids of an unknown RPM is an empty list', async () => {
    expect(await rowsOf(`${prefix}/rpm2buildids/hello-1.0-9.fc40.x86_64`)).toStrictEqual([]);
  });

  test.each(['', '.rpm'])('package with NVRA%s, to the letter', async (suffix) => {
    const response = await get(`${prefix}/package/hello-1.0-2.fc40.x86_64${suffix}`);
    expect(await response.text()).toBe(JSON.stringify({ url: BIN_ROW.url }));
  });

  test.each(['nothing-1-1.noarch', 'hello-1.0-3.fc40.x86_64'])(
    'package that is unknown or gone is an empty object: %s',
    async (nvra) => {
      const response = await get(`${prefix}/package/${nvra}`);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('{}');
    },
  );
});

describe('what people and scripts write', () => {
  test.each([
    ['upper case', SEEDED.bin.toUpperCase()],
    ['blanks around ids', `%20${SEEDED.bin}%20`],
    ['a comma after each id', `${SEEDED.bin},`],
    ['empty members', `,,${SEEDED.bin},%20,`],
    ['very many empty members', `${','.repeat(20_000)}${SEEDED.bin}`],
    ['an escaped comma', `${SEEDED.absent}%2C${SEEDED.bin}`],
    ['an id twice', `${SEEDED.bin},${SEEDED.bin.toUpperCase()}`],
  ])('%s', async (_what, list) => {
    expect(await rowsOf(`/buildids/${list}`)).toStrictEqual([BIN_ROW]);
  });

  test('a name with "+", escaped or not', async () => {
    for (const name of ['c++lib-devel', 'c%2B%2Blib-devel']) {
      expect(await rowsOf(`/rpm2buildids/${name}-1.0-2.fc40.x86_64`)).toHaveLength(2);
    }
  });

  test('hundreds of build-ids in one URL', async () => {
    const ids = Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(40, '0'));
    expect(await rowsOf(`/buildids/${[...ids, SEEDED.bin].join(',')}`)).toStrictEqual([BIN_ROW]);
  });

  test.each([
    ['no id at all', '/buildids/'],
    ['only commas', '/buildids/,,,'],
    ['only blanks', '/buildids/%20'],
    ['an odd number of digits', '/buildids/abc'],
    ['one byte', '/buildids/ab'],
    ['65 bytes', `/buildids/${'ab'.repeat(65)}`],
    ['no hex', '/buildids/xyzt'],
    ['one wrong among right ones', `/buildids/${SEEDED.bin},nope,${SEEDED.absent}`],
    ['a NUL', '/buildids/abcd%00'],
    ['a line break', '/buildids/abcd%0Aef'],
    ['invalid UTF-8', '/buildids/%ff%fe'],
    ['half an escape', '/buildids/%4'],
    ['a wrong escape', '/buildids/%zz'],
    ['another script’s digits', `/buildids/${encodeURIComponent('١٢٣٤')}`],
    ['no NVRA', '/rpm2buildids/hello'],
    ['an NVRA with a NUL', '/rpm2buildids/hello%00-1-1.noarch%20x'],
    ['an NVRA with a slash', '/package/..%2F..%2Fhello-1-1.noarch'],
    ['an empty NVRA', '/package/'],
  ])('%s is a 400', async (_what, path) => {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('etag')).toBeNull();
    const { error } = errorAnswer.strict().parse(await response.json());
    expect(error.code).toBe('bad_input');
  });

  test('the wrong one of several is named', async () => {
    const response = await get(`/buildids/${SEEDED.bin},nope`);
    expect(errorAnswer.parse(await response.json()).error.message).toContain('"nope" is not a build-id');
  });

  test('more than a thousand short build-ids are a 414 that names the batch', async () => {
    const ids = Array.from({ length: 1001 }, (_, i) => i.toString(16).padStart(4, '0'));
    const response = await get(`/buildids/${ids.join(',')}`);
    expect(response.status).toBe(414);
    const { error } = errorAnswer.parse(await response.json());
    expect(error.code).toBe('uri_too_long');
    expect(error.message).toContain('POST /api/v1/buildids');
  });
});
