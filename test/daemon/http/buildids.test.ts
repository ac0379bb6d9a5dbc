import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  MAX_BATCH,
  MAX_PAGE,
  batchAnswer,
  buildIdAnswer,
  errorAnswer,
  prefixAnswer,
} from '../../../shared/api.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { SEEDED, indexedRpm, kojiBuild, seedStore, storedFile } from '../../support/seed-store.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  await seedStore(server.store);
});

const get = (path: string) => fetch(`${server.url}/api/v1/buildids${path}`);

const post = (body: string, type = 'application/json') =>
  fetch(`${server.url}/api/v1/buildids`, { method: 'POST', body, headers: { 'content-type': type } });

const postIds = (buildIds: readonly unknown[]) => post(JSON.stringify({ build_ids: buildIds }));

async function errorOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return errorAnswer.strict().parse(await response.json()).error;
}

describe('GET /api/v1/buildids/ID', () => {
  test('a known build-id', async () => {
    const response = await get(`/${SEEDED.shared}`);
    expect(response.status).toBe(200);
    const answer = buildIdAnswer.strict().parse(await response.json());
    expect(answer.build_id).toBe(SEEDED.shared);
    expect(answer.matches.map(({ build }) => build?.instance).sort()).toStrictEqual(['fedora', 'plain']);
  });

  test.each([SEEDED.bin.toUpperCase(), `%20${SEEDED.bin}%09`])('is taken as written: %s', async (written) => {
    const answer = buildIdAnswer.parse(await (await get(`/${written}`)).json());
    expect(answer.build_id).toBe(SEEDED.bin);
    expect(answer.matches).toHaveLength(1);
  });

  test('an unknown build-id is a 404 with its reason, and is not cached', async () => {
    const response = await get(`/${SEEDED.absent}`);
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await errorOf(response)).toMatchObject({ code: 'not_found', reason: 'unknown' });
  });

  test.each(['abc', 'zz', 'ab', 'ab'.repeat(65), '%00', '%ff', 'ab'.repeat(5000)])(
    '400 for %s',
    async (wrong) => {
      const response = await get(`/${wrong}`);
      expect(response.status).toBe(400);
      const error = await errorOf(response);
      expect(error.code).toBe('bad_input');
      expect(error.message.length).toBeLessThan(300);
    },
  );
});

describe('GET /api/v1/buildids?prefix=', () => {
  test('build-ids that begin so, in order', async () => {
    const response = await get(`?prefix=${SEEDED.bin.slice(0, 12).toUpperCase()}`);
    expect(response.status).toBe(200);
    expect(prefixAnswer.strict().parse(await response.json())).toStrictEqual({
      build_ids: [SEEDED.bin],
      next_cursor: null,
    });
  });

  test('goes on by cursor where there are more than the limit, whatever comes in between', async () => {
    const ids = Array.from({ length: 5 }, (_, i) => `deadbeef${i}`.padEnd(40, '0') as BuildId);
    const add = (kojiBuildId: number, some: readonly BuildId[]) =>
      server.store.index.replaceBuild('fedora', kojiBuild(kojiBuildId, { name: 'many' }), [
        indexedRpm(kojiBuildId * 100, {
          name: 'many',
          files: some.map((id, i) => storedFile(`/usr/bin/many${i}`, id)),
        }),
      ]);
    await add(50, ids);
    const page = async (query: string) =>
      prefixAnswer.parse(await (await get(`?prefix=deadbeef&${query}`)).json());
    const first = await page('limit=3');
    expect(first.build_ids).toStrictEqual(ids.slice(0, 3));
    const between = ['deadbeef1b', 'deadbeef3b'].map((id) => id.padEnd(40, '0') as BuildId);
    await add(51, between);
    const second = await page(`limit=3&cursor=${encodeURIComponent(first.next_cursor ?? '')}`);
    expect(second).toStrictEqual({ build_ids: [ids[3], between[1], ids[4]], next_cursor: null });
    expect((await page('limit=7')).next_cursor).toBeNull();
  });

  test('nothing that begins so is an empty list, and is not cached', async () => {
    const response = await get('?prefix=0123456789');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toStrictEqual({ build_ids: [], next_cursor: null });
  });

  test.each([
    ['no prefix', ''],
    ['an empty one', '?prefix='],
    ['too short', '?prefix=abcdef0'],
    ['no hex', '?prefix=abcdefgh'],
    ['too long', `?prefix=${'a'.repeat(129)}`],
    ['given twice', '?prefix=abcdef00&prefix=abcdef01'],
    ['a wildcard of SQL', '?prefix=abcdef0%25'],
    ['a limit of nothing', '?prefix=abcdef00&limit=0'],
    ['a limit that is none', '?prefix=abcdef00&limit=many'],
    ['too large a limit', `?prefix=abcdef00&limit=${MAX_PAGE + 1}`],
    ['a cursor that is none', '?prefix=abcdef00&cursor=abc'],
  ])('%s is a 400', async (_what, query) => {
    const response = await get(query);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: 'bad_input' });
  });
});

describe('POST /api/v1/buildids', () => {
  test('several build-ids, found and not', async () => {
    const response = await postIds([SEEDED.bin, SEEDED.absent]);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { results } = batchAnswer.strict().parse(await response.json());
    const one = buildIdAnswer.parse(await (await get(`/${SEEDED.bin}`)).json());
    expect(results).toStrictEqual({
      [SEEDED.bin]: { matches: one.matches },
      [SEEDED.absent]: { matches: [], reason: 'unknown' },
    });
  });

  test('an id in two spellings is one id', async () => {
    const { results } = batchAnswer.parse(
      await (await postIds([SEEDED.bin, ` ${SEEDED.bin.toUpperCase()} `])).json(),
    );
    expect(Object.keys(results)).toStrictEqual([SEEDED.bin]);
  });

  test('no ids at all have no results', async () => {
    expect(await (await postIds([])).json()).toStrictEqual({ results: {} });
  });

  test(`${MAX_BATCH} ids are taken, of the longest form too; one more is a 413`, async () => {
    const ids = Array.from({ length: MAX_BATCH + 1 }, (_, i) => i.toString(16).padStart(128, '0'));
    const full = await postIds(ids.slice(1));
    expect(full.status).toBe(200);
    const { results } = batchAnswer.parse(await full.json());
    expect(Object.keys(results)).toHaveLength(MAX_BATCH);
    const over = await postIds(ids);
    expect(over.status).toBe(413);
    const error = await errorOf(over);
    expect(error.code).toBe('too_large');
    expect(error.message).toContain(String(MAX_BATCH));
  });

  test('the id that is none is named', async () => {
    const response = await postIds([SEEDED.bin, 'Bogus', 'worse']);
    expect(response.status).toBe(400);
    const error = await errorOf(response);
    expect(error.code).toBe('bad_input');
    expect(error.message).toContain('"Bogus"');
  });

  test.each([
    ['no JSON', '{"build_ids":'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no list', '{"build_ids":"aabb"}'],
    ['no such member', '{"buildids":[]}'],
    ['a member too many', '{"build_ids":[],"grop":true}'],
    ['a flag that is none', '{"build_ids":[],"group":1}'],
    ['a number among the ids', '{"build_ids":["aabb",7]}'],
    ['__proto__', '{"__proto__":{"build_ids":["aabb"]}}'],
    ['a prototype further in', '{"build_ids":["aabb"],"x":{"constructor":{"prototype":{}}}}'],
    ['invalid UTF-8 in an id', Buffer.from('{"build_ids":["aa\xff\xfe"]}', 'latin1').toString('latin1')],
  ])('%s is a 400', async (_what, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: 'bad_input' });
  });

  test('a member that there is not is named with the nearest, and not at length', async () => {
    const error = await errorOf(await post(JSON.stringify({ build_ids: [], grop: true })));
    expect(error.message).toBe('there is no member "grop"; did you mean "group"?');
    const long = await errorOf(await post(JSON.stringify({ build_ids: [], ['a'.repeat(30_000)]: 1 })));
    expect(long.message.length).toBeLessThan(300);
  });

  test('the member that has the wrong type is named', async () => {
    const error = await errorOf(await post('{"build_ids":["aabb",7]}'));
    expect(error.message).toMatch(/^build_ids\[1\]: /);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])(
    'a body of type %s is a 415',
    async (type) => {
      const response = await post('{"build_ids":["aabb"]}', type);
      expect(response.status).toBe(415);
      expect(await errorOf(response)).toMatchObject({ code: 'unsupported_media_type' });
    },
  );

  test('a charset is no other type', async () => {
    expect((await post('{"build_ids":[]}', 'application/json; charset=utf-8')).status).toBe(200);
  });

  test('a body beyond the limit is a 413', async () => {
    const response = await post(`{"build_ids":["${' '.repeat(1024 * 1024)}"]}`);
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: 'too_large' });
  });
});
