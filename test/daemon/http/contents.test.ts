import { beforeEach, describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import {
  batchAnswer,
  buildAnswer,
  buildIdAnswer,
  errorAnswer,
  filesAnswer,
  packageAnswer,
  rpmAnswer,
} from '../../../shared/api.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import { type TestServer, startTestServer } from '../../support/http-server.ts';
import { SEEDED, indexedRpm, kojiBuild, seedStore, storedFile } from '../../support/seed-store.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
  await seedStore(server.store);
});

const get = (path: string) => fetch(`${server.url}/api/v1${path}`);

async function answer<Schema extends z.ZodObject>(schema: Schema, path: string): Promise<z.infer<Schema>> {
  const response = await get(path);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get('cache-control')).toBe('public, max-age=60');
  expect(response.headers.get('etag')).toMatch(/^W\//);
  return schema.strict().parse(await response.json()) as z.infer<Schema>;
}

async function missing(path: string): Promise<z.infer<typeof errorAnswer>['error']> {
  const response = await get(path);
  expect([path, response.status]).toEqual([path, 404]);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return errorAnswer.strict().parse(await response.json()).error;
}

/** All members of all pages, one member a page. */
async function pages<Member>(
  path: string,
  read: (path: string) => Promise<{ members: readonly Member[]; next: string | null }>,
): Promise<Member[]> {
  const all: Member[] = [];
  let cursor: string | null = null;
  do {
    const sign: string = path.includes('?') ? '&' : '?';
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { members, next } = await read(`${path}${sign}limit=1${more}`);
    expect(members.length).toBeLessThanOrEqual(1);
    all.push(...members);
    cursor = next;
  } while (cursor !== null);
  return all;
}

describe('GET /api/v1/rpms/NVRA', () => {
  test.each(['hello-1.0-2.fc40.x86_64', 'hello-1.0-2.fc40.x86_64.rpm'])('%s', async (nvra) => {
    const { rpms, matches, next_cursor } = await answer(rpmAnswer, `/rpms/${nvra}`);
    expect(rpms).toMatchObject([
      { rpm: { epoch: 2, koji_rpm_id: 101 }, build: { koji_build_id: 1 }, files: 2, error: null },
    ]);
    expect(matches.map(({ path, build_id }) => [path, build_id])).toEqual([
      ['/usr/bin/hello', SEEDED.bin],
      ['/usr/lib64/libhello.so.1', SEEDED.library],
    ]);
    expect(next_cursor).toBeNull();
  });

  test('page by page', async () => {
    const paths = await pages('/rpms/hello-1.0-2.fc40.x86_64', async (path) => {
      const page = await answer(rpmAnswer, path);
      return { members: page.matches.map((each) => each.path), next: page.next_cursor };
    });
    expect(paths).toEqual(['/usr/bin/hello', '/usr/lib64/libhello.so.1']);
  });

  test('with siblings', async () => {
    const { matches } = await answer(rpmAnswer, '/rpms/hello-1.0-2.fc40.x86_64?siblings=1');
    const [match] = matches;
    expect(match?.rpm === undefined ? null : match.siblings?.debuginfo).toMatchObject([
      { rpm: { name: 'hello-debuginfo' } },
    ]);
  });

  test('that nobody knows says why', async () => {
    expect(await missing('/rpms/nothing-1-1.noarch')).toMatchObject({ reason: 'unknown' });
    expect(await missing('/rpms/hello-extras-1.0-2.fc40.x86_64')).toMatchObject({ reason: 'absent' });
  });
});

describe('GET /api/v1/builds/NVR', () => {
  test('with its RPMs', async () => {
    const { build, rpms, archives } = await answer(buildAnswer, '/builds/hello-1.0-2.fc40');
    expect(build).toMatchObject({ instance: 'fedora', koji_build_id: 1 });
    expect(rpms.map(({ rpm }) => rpm.koji_rpm_id).sort()).toEqual([101, 102, 103]);
    expect(archives).toEqual([]);
  });

  test('page by page', async () => {
    const ids = await pages('/builds/hello-1.0-2.fc40', async (path) => {
      const page = await answer(buildAnswer, path);
      return { members: page.rpms.map(({ rpm }) => rpm.koji_rpm_id), next: page.next_cursor };
    });
    expect(ids.sort()).toEqual([101, 102, 103]);
  });

  test.each([
    ['a draft’s comma', '/builds/hello-2-1%2Cdraft_4', 4],
    ['the comma as it is', '/builds/hello-2-1,draft_4', 4],
    ['+ as it is', '/builds/c++lib-1.0-2.fc40', 3],
    ['+ escaped', '/builds/c%2B%2Blib-1.0-2.fc40', 3],
  ])('with %s in its name', async (_what, path, kojiBuildId) => {
    expect((await answer(buildAnswer, path)).build.koji_build_id).toBe(kojiBuildId);
  });

  test.each(['1.0~rc1^git5', '1.0%7Erc1%5Egit5'])('with ~ and ^ in its version: %s', async (version) => {
    await server.store.index.replaceBuild('fedora', kojiBuild(30, { version: '1.0~rc1^git5' }), []);
    expect((await answer(buildAnswer, `/builds/hello-${version}-2.fc40`)).build.koji_build_id).toBe(30);
  });

  test('that waits to be read, or could not be, says so', async () => {
    await server.store.jobs.enqueue('fedora', [40 as KojiBuildId], PRIORITY.push);
    expect(await missing('/koji/fedora/builds/40')).toMatchObject({ reason: 'queued' });
    expect(await missing('/koji/fedora/builds/41')).toMatchObject({ reason: 'unknown' });
    expect(await missing('/builds/nothing-1-1')).toMatchObject({ reason: 'unknown' });
  });
});

describe('GET /api/v1/koji/INSTANCE/builds/KOJI_BUILD_ID', () => {
  test('is the build as by its NVR', async () => {
    const byId = await answer(buildAnswer, '/koji/fedora/builds/1');
    expect(byId).toEqual(await answer(buildAnswer, '/builds/hello-1.0-2.fc40'));
  });

  test('is that of this Koji alone', async () => {
    await missing('/koji/plain/builds/1');
    await missing('/koji/elsewhere/builds/1');
  });

  test.each(['0', '-1', '1.0', '0x1', 'one', '2147483648', '%31%00'])('400 for %s', async (wrong) => {
    expect((await get(`/koji/fedora/builds/${wrong}`)).status).toBe(400);
  });
});

describe('GET /api/v1/packages/NAME', () => {
  test('has its builds, newest first, page by page', async () => {
    await server.store.index.replaceBuild(
      'fedora',
      kojiBuild(31, { version: '9', completedAt: 1_800_000_000 }),
      [],
    );
    const { name, builds } = await answer(packageAnswer, '/packages/hello');
    expect(name).toBe('hello');
    expect(builds[0]).toMatchObject({ koji_build_id: 31, rpms: 0 });
    expect(builds.map(({ koji_build_id }) => koji_build_id).sort()).toEqual([1, 2, 31, 4]);
    const paged = await pages('/packages/hello', async (path) => {
      const page = await answer(packageAnswer, path);
      return { members: page.builds, next: page.next_cursor };
    });
    expect(paged).toEqual(builds);
  });

  test.each(['c++lib', 'c%2B%2Blib'])('with + in its name: %s', async (name) => {
    expect((await answer(packageAnswer, `/packages/${name}`)).builds).toMatchObject([{ koji_build_id: 3 }]);
  });

  test('that nobody knows', async () => {
    expect(await missing('/packages/nothing')).toMatchObject({ reason: 'unknown' });
  });

  test.each(['%20', 'a%20b', 'a%2Fb', 'a%0Ab'])('400 for %s', async (wrong) => {
    expect((await get(`/packages/${wrong}`)).status).toBe(400);
  });
});

describe('GET /api/v1/files?path=', () => {
  test('has everything that was ever there, page by page', async () => {
    const { path, matches } = await answer(filesAnswer, '/files?path=/usr/bin/hello');
    expect(path).toBe('/usr/bin/hello');
    const ids = matches.map(({ build_id }) => build_id);
    expect([...ids].sort()).toEqual([SEEDED.bin, SEEDED.deleted, SEEDED.draft].sort());
    const paged = await pages('/files?path=/usr/bin/hello', async (url) => {
      const page = await answer(filesAnswer, url);
      return { members: page.matches.map(({ build_id }) => build_id), next: page.next_cursor };
    });
    expect(paged).toEqual(ids);
  });

  test.each([
    ['blanks', '/opt/a b  c', '/opt/a%20b++c'],
    ['%', '/opt/100%', '/opt/100%25'],
    ['what looks like an escape', '/opt/%41', '/opt/%2541'],
    ['UTF-8', '/opt/grün/☃', '/opt/gr%C3%BCn/%E2%98%83'],
    ['Latin-1, which the index reads as such', '/opt/grün', '/opt/gr%C3%BCn'],
    ['+', '/usr/bin/g++', '/usr/bin/g%2B%2B'],
    ['& and =', '/opt/a&b=c', '/opt/a%26b%3Dc'],
    ['? and #', '/opt/a?b#c', '/opt/a?b%23c'],
    ['a line end', '/opt/a\nb', '/opt/a%0Ab'],
  ])('with %s in it', async (_what, path, written) => {
    await server.store.index.replaceBuild('fedora', kojiBuild(32, { name: 'odd' }), [
      indexedRpm(3201, { name: 'odd', files: [storedFile(path, SEEDED.absent)] }),
    ]);
    const { path: asked, matches } = await answer(filesAnswer, `/files?path=${written}`);
    expect(asked).toBe(path);
    expect(matches).toMatchObject([{ path, build_id: SEEDED.absent }]);
  });

  test('where nothing was', async () => {
    expect(await missing('/files?path=/usr/bin/nothing')).toMatchObject({ reason: 'unknown' });
  });
});

describe('GET /api/v1/buildids/ID', () => {
  const shown = '01234567-89ab-cdef-0011-223344556677';
  const whole = '67452301ab89efcd001122334455667799887766' as BuildId;

  test('as crash reporters write it', async () => {
    await server.store.index.replaceBuild('fedora', kojiBuild(33, { name: 'crashed' }), [
      indexedRpm(3301, { name: 'crashed', files: [storedFile('/usr/bin/crashed', whole)] }),
    ]);
    const breakpad = `${shown.replaceAll('-', '')}0`.toUpperCase();
    for (const [form, asked] of [
      ['guid', breakpad],
      ['guid', shown],
      ['first-16-bytes', whole.slice(0, 32)],
      ['first-16-bytes', `${whole.slice(0, 32)}00000000`],
    ] as const) {
      const got = await answer(buildIdAnswer, `/buildids/${asked}`);
      expect(got).toMatchObject({ build_id: whole, matches: [{ path: '/usr/bin/crashed' }] });
      if (asked.length < 40) expect(got.form).toBe(form);
    }
    const response = await fetch(`${server.url}/api/v1/buildids`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ build_ids: [breakpad, whole], group: true }),
    });
    const { results, group } = batchAnswer.strict().parse(await response.json());
    expect(results).toMatchObject({
      [breakpad.toLowerCase()]: { build_id: whole, form: 'guid' },
      [whole]: { matches: [{ path: '/usr/bin/crashed' }] },
    });
    expect(group).toMatchObject({ explained: 2, unexplained: [] });
  });

  test('with siblings, and without where they are not asked for', async () => {
    const { matches } = await answer(buildIdAnswer, `/buildids/${SEEDED.bin}?siblings=1`);
    expect(matches).toMatchObject([{ siblings: { debuginfo: [{ rpm: { name: 'hello-debuginfo' } }] } }]);
    const plain = await answer(buildIdAnswer, `/buildids/${SEEDED.bin}`);
    expect(plain.matches[0]).not.toHaveProperty('siblings');
  });

  test('says by a hint why it is not there', async () => {
    const absent = `/buildids/${SEEDED.absent}`;
    const reason = async (query: string) => (await missing(`${absent}${query}`)).reason;
    expect(await reason('?build=hello-1.0-2.fc40')).toBe('absent');
    expect(await reason('?rpm=hello-1.0-2.fc40.x86_64')).toBe('absent');
    expect(await reason('?build=nothing-1-1')).toBe('unknown');
    expect(await reason('?build=c%2B%2Blib-1.0-2.fc40')).toBe('absent');
  });

  test('with verified URLs is kept for seconds only', async () => {
    const response = await get(`/buildids/${SEEDED.bin}?verify=1`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=5');
  });
});
