import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import type { Lookup } from '../../../daemon/lookup/types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import {
  buildAnswer,
  buildIdAnswer,
  filesAnswer,
  packageAnswer,
  prefixAnswer,
  rpmAnswer,
} from '../../../shared/api.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { SEEDED, indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { found, nvrOf, pend, setUpLookup } from '../../support/seeded-lookup.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';
import { openTestStore } from '../../support/test-store.ts';

const PAGE = { limit: 100 };
const EXTRAS = { siblings: false, verify: false };

let store: Store;
let lookup: Lookup;
beforeEach(async () => {
  ({ store, lookup } = await setUpLookup());
});

const build = async (nvr: string, page = PAGE) => lookup.build(nvrOf(nvr), page);

describe('a build', () => {
  test('has its facts, and what it holds with addresses and numbers of files', async () => {
    const answer = buildAnswer.strict().parse(found(await build('hello-1.0-2.fc40')));
    expect(answer).toMatchObject({
      build: { instance: 'fedora', koji_build_id: 1, nvr: 'hello-1.0-2.fc40', state: 'complete' },
      ...{ job: null, archives: [], next_cursor: null, others: [] },
    });
    expect(answer.rpms[0]).toMatchObject({
      rpm: { nvra: 'hello-1.0-2.fc40.x86_64' },
      urls: [{ kind: 'koji' }],
      ...{ files: 2, superseded: false, error: null },
    });
    expect(Date.parse(answer.indexed_at)).toBeGreaterThan(0);
  });

  test('is the same by its number', async () => {
    const byNumber = await lookup.kojiBuild('fedora', 1 as KojiBuildId, PAGE);
    expect(byNumber).toEqual(await build('hello-1.0-2.fc40'));
  });

  test('comes page by page, RPMs first and then archives', async () => {
    const files = [storedFile('/usr/bin/x', SEEDED.absent)];
    const rpms = [1, 2, 3].map((id) => indexedRpm(9000 + id, { name: `many-${id}`, files }));
    const archives = [indexedArchive(77, { files }), indexedArchive(78, { files: [], filename: 'b.tar' })];
    await store.index.replaceBuild('fedora', kojiBuild(90, { name: 'many' }), rpms, archives);
    const names: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 10; pages++) {
      const page = found(await lookup.build(nvrOf('many-1.0-2.fc40'), { limit: 2, cursor }));
      names.push(
        ...page.rpms.map(({ rpm }) => rpm.name),
        ...page.archives.map((each) => each.archive.filename),
      );
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(names).toEqual(['many-1', 'many-2', 'many-3', 'hello.x86_64.tar.gz', 'b.tar']);
  });

  test('of several Kojis is the best of them, and names the others', async () => {
    await store.index.replaceBuild('plain', kojiBuild(8, { completedAt: 1_800_000_000 }), []);
    const answer = found(await build('hello-1.0-2.fc40'));
    expect([answer.build.instance, answer.others.map(({ instance }) => instance)]).toEqual([
      'plain',
      ['fedora'],
    ]);
    const byNumber = found(await lookup.kojiBuild('fedora', 1 as KojiBuildId, PAGE));
    expect([byNumber.build.instance, byNumber.others.map(({ instance }) => instance)]).toEqual([
      'fedora',
      ['plain'],
    ]);
  });

  test('says that it is to be looked at again, and why that failed', async () => {
    await pend(store.jobs, 1, 'the file server is down');
    expect(found(await build('hello-1.0-2.fc40')).job).toEqual({
      state: 'failed',
      error: { code: 'network', message: 'the file server is down' },
    });
  });

  test('that is not there: never heard of, queued, or failed', async () => {
    expect(await build('nothing-1-1')).toMatchObject({ notFound: { reason: 'unknown' } });
    const byNumber = () => lookup.kojiBuild('fedora', 4711 as KojiBuildId, PAGE);
    expect(await byNumber()).toMatchObject({ notFound: { reason: 'unknown' } });
    await pend(store.jobs, 4711);
    expect(await byNumber()).toMatchObject({ notFound: { reason: 'queued' } });
    await pend(store.jobs, 4711, 'the hub answers HTML');
    const message = expect.stringMatching(/could not be indexed: the hub answers HTML; it is tried again/);
    expect(await byNumber()).toMatchObject({ notFound: { reason: 'failed', message } });
  });
});

describe('an RPM', () => {
  test('is listed with what it holds, page by page', async () => {
    const nvra = requireNvra('hello-1.0-2.fc40.x86_64');
    const first = rpmAnswer.parse(found(await lookup.byNvra(nvra, { limit: 1 })));
    expect(first.rpms).toMatchObject([{ rpm: { nvra: 'hello-1.0-2.fc40.x86_64' }, files: 2 }]);
    expect(first.matches).toMatchObject([{ build_id: SEEDED.bin, path: '/usr/bin/hello' }]);
    const cursor = first.next_cursor ?? '';
    const second = found(await lookup.byNvra(nvra, { limit: 1, cursor }));
    expect(second.matches).toMatchObject([{ build_id: SEEDED.library }]);
    expect(second.next_cursor).toBeNull();
  });

  test('that could not be read says why', async () => {
    const files = { error: 'format' as const, message: 'cpio at offset 3: no magic' };
    await store.index.replaceBuild('fedora', kojiBuild(91, { name: 'broken' }), [
      indexedRpm(9100, { name: 'broken', files }),
    ]);
    const answer = found(await lookup.byNvra(requireNvra('broken-1.0-2.fc40.x86_64'), PAGE));
    expect(answer.rpms[0]?.error).toEqual({ code: 'format', message: 'cpio at offset 3: no magic' });
  });

  test('that is not there: never heard of, or of a build that is known, queued, failed', async () => {
    const missing = (nvra: string) => lookup.byNvra(requireNvra(nvra), PAGE);
    expect(await missing('nothing-1-1.x86_64')).toMatchObject({ notFound: { reason: 'unknown' } });
    const absent = 'hello-no-such-part-1.0-2.fc40.x86_64';
    expect(await missing(absent)).toMatchObject({ notFound: { reason: 'absent' } });
    await pend(store.jobs, 1);
    expect(await missing(absent)).toMatchObject({ notFound: { reason: 'queued' } });
    await pend(store.jobs, 1, 'no more room');
    expect(await missing(absent)).toMatchObject({
      notFound: { reason: 'failed', message: expect.stringContaining('no more room') },
    });
  });
});

describe('a package', () => {
  test('has its history, the newest build first', async () => {
    await store.index.replaceBuild(
      'fedora',
      kojiBuild(92, { release: '9.fc41', completedAt: 1_800_000_000 }),
      [indexedRpm(9200, { release: '9.fc41', files: [] })],
    );
    const answer = packageAnswer.parse(found(await lookup.package('hello', PAGE)));
    expect(answer.builds[0]).toMatchObject({ nvr: 'hello-1.0-9.fc41', rpms: 1 });
    const [first] = found(await lookup.package('hello', { limit: 1 })).builds;
    expect(first).toEqual(answer.builds[0]);
    expect(answer.local_rpms).toEqual([]);
    const local = packageAnswer.parse(found(await lookup.package('lokal', PAGE)));
    expect(local).toMatchObject({
      builds: [],
      local_rpms: [{ rpm: { nvra: 'lokal-1-1.aarch64' }, urls: [{}] }],
    });
    expect(await lookup.package('nothing', PAGE)).toMatchObject({ notFound: { reason: 'unknown' } });
  });
});

describe('a path', () => {
  test('has everything that was ever there', async () => {
    const answer = filesAnswer.parse(found(await lookup.byPath('/usr/bin/hello', PAGE)));
    expect(answer.matches.map((each) => each.build_id)).toEqual(
      expect.arrayContaining([SEEDED.bin, SEEDED.deleted]),
    );
    expect(await lookup.byPath('/usr/bin/nothing', PAGE)).toMatchObject({ notFound: { reason: 'unknown' } });
  });
});

describe('build-ids in other forms', () => {
  const SHA1 = 'e208b29f35421147499a89d029d117efe99bdc81' as BuildId;
  beforeEach(() =>
    store.index.replaceBuild('fedora', kojiBuild(93, { name: 'pad' }), [
      indexedRpm(9300, { name: 'pad', files: [storedFile('/usr/bin/pad', SHA1)] }),
    ]),
  );

  test.each([
    ['9FB208E242354711499A89D029D117EF0', 'guid'],
    ['e208b29f35421147499a89d029d117ef', 'first-16-bytes'],
    ['e208b29f35421147499a89d029d117ef00000000', 'zero-padded'],
  ])('%s leads to it', async (text, form) => {
    const asked = requireAskedBuildId(text);
    const answer = buildIdAnswer.parse(found(await lookup.byBuildId(asked)));
    expect(answer).toMatchObject({ build_id: SHA1, form, matches: [{ path: '/usr/bin/pad' }] });
    const { results } = await lookup.byBuildIds([asked, requireAskedBuildId(SEEDED.bin)]);
    expect(results[text.toLowerCase()]).toMatchObject({ build_id: SHA1, form, matches: [{}] });
    expect(results[SEEDED.bin]).not.toHaveProperty('form');
  });

  test('prefixes come page by page', async () => {
    const ids = ['aa110000', 'aa110001', 'aa110002'].map((start) => start.padEnd(40, '7') as BuildId);
    const files = ids.map((id, at) => storedFile(`/usr/bin/${at}`, id));
    await store.index.replaceBuild('fedora', kojiBuild(94, { name: 'pre' }), [
      indexedRpm(9400, { name: 'pre', files }),
    ]);
    const first = prefixAnswer.parse(await lookup.byPrefix('aa110001', { limit: 1 }));
    expect(first).toEqual({ build_ids: [ids[1]], next_cursor: null });
    const all: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await lookup.byPrefix('aa110000', { limit: 1, cursor });
      all.push(...page.build_ids);
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(all).toEqual([SEEDED.bin, ids[0]].sort());
  });
});

test.each(['', 'x', 'e30', 'bnVsbA', Buffer.from('{"best":["x"],"fileKey":1}').toString('base64url')])(
  'the cursor "%s" is refused',
  async (cursor) => {
    const page = { limit: 1, cursor };
    const nvra = requireNvra('hello-1.0-2.fc40.x86_64');
    for (const ask of [
      () => lookup.byNvra(nvra, page),
      () => lookup.byPath('/usr/bin/hello', page),
      () => lookup.package('hello', page),
      () => lookup.build(nvrOf('hello-1.0-2.fc40'), page),
      () => lookup.byPrefix('aa110000', page),
    ]) {
      await expect(ask()).rejects.toThrow(/^cursor: give the next_cursor/);
    }
  },
);

test('siblings are added where they are asked for, with addresses, and nowhere else', async () => {
  const asked = requireAskedBuildId(SEEDED.bin);
  const [plain] = found(await lookup.byBuildId(asked)).matches;
  expect(plain).not.toHaveProperty('siblings');
  const [match] = found(await lookup.byBuildId(asked, { siblings: true, verify: false })).matches;
  expect(match).toMatchObject({
    siblings: {
      debuginfo: [{ rpm: { name: 'hello-debuginfo' }, urls: [{ kind: 'koji' }] }],
      ...{ debugsource: [], source: [] },
    },
  });
  const local = requireAskedBuildId(SEEDED.local);
  const [alone] = found(await lookup.byBuildId(local, { siblings: true, verify: false })).matches;
  expect(alone).toMatchObject({ siblings: { debuginfo: [], debugsource: [], source: [] } });
});

test('a batch may be grouped', async () => {
  const asked = [SEEDED.bin, SEEDED.library, SEEDED.absent].map(requireAskedBuildId);
  const { group } = await lookup.byBuildIds(asked, { ...EXTRAS, group: true });
  expect(group).toMatchObject({
    builds: [{ build: { nvr: 'hello-1.0-2.fc40' }, build_ids: [SEEDED.bin, SEEDED.library] }],
    ...{ explained: 2, unexplained: [SEEDED.absent] },
  });
});

test('the newest file is an example of what is known', async () => {
  expect(await lookup.newest()).toMatchObject({ build_id: expect.any(String), rpm: {} });
  const empty = createLookup({ store: openTestStore(), koji: TEST_KOJI, checks: NO_CHECKS, now: Date.now });
  expect(await empty.newest()).toBeNull();
});
