import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import type { Lookup, NotFound } from '../../../daemon/lookup/types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import {
  type BatchAnswer,
  type Match,
  batchAnswer,
  match,
  statusAnswer,
  upstreamRow,
} from '../../../shared/api.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';
import {
  SEEDED,
  indexedArchive,
  indexedRpm,
  kojiBuild,
  seedStore,
  storedFile,
} from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';
import { turnsDuring } from '../../support/turns.ts';

let store: Store;
let lookup: Lookup;
let clock: number;

beforeEach(async () => {
  store = openTestStore();
  await seedStore(store);
  clock = Date.now();
  lookup = createLookup({ store, koji: TEST_KOJI, checks: NO_CHECKS, now: () => clock });
});

function found<T extends object>(answer: T | NotFound): T {
  if ('notFound' in answer) throw new Error(answer.notFound.message);
  return answer;
}

async function matchesOf(buildId: BuildId): Promise<Match[]> {
  return found(await lookup.byBuildId(requireAskedBuildId(buildId))).matches;
}

function batch(...buildIds: readonly BuildId[]): Promise<BatchAnswer> {
  return lookup.byBuildIds(buildIds.map(requireAskedBuildId));
}

async function onlyMatch(buildId: BuildId) {
  const matches = await matchesOf(buildId);
  expect(matches).toHaveLength(1);
  return match.options[0].strict().parse(matches[0]);
}

async function urlsOf(buildId: BuildId) {
  return (await onlyMatch(buildId)).urls;
}

describe('a match', () => {
  test('has every fact of INTERFACE', async () => {
    expect(await matchesOf(SEEDED.bin)).toStrictEqual([
      {
        path: '/usr/bin/hello',
        kind: 'executable',
        rpm: {
          nvra: 'hello-1.0-2.fc40.x86_64',
          name: 'hello',
          epoch: 2,
          version: '1.0',
          release: '2.fc40',
          arch: 'x86_64',
          koji_rpm_id: 101,
          size: 12_345,
          payload_hash: '0123456789abcdef0123456789abcdef',
        },
        build: {
          instance: 'fedora',
          koji_build_id: 1,
          nvr: 'hello-1.0-2.fc40',
          state: 'complete',
          draft: false,
          completed_at: '2023-11-14T22:13:20.500Z',
          web_url: 'https://koji.example/koji/buildinfo?buildID=1',
        },
        urls: [
          {
            kind: 'koji',
            url: 'https://kojipkgs.example/packages/hello/1.0/2.fc40/x86_64/hello-1.0-2.fc40.x86_64.rpm',
            size: 12_345,
            last_seen: expect.any(String),
          },
        ],
      },
    ]);
  });

  test('names a debuginfo file as one', async () => {
    expect((await onlyMatch(SEEDED.debuginfo)).kind).toBe('debuginfo');
  });

  test('lies on its volume, under its own name in its build, and is escaped', async () => {
    expect(await urlsOf(SEEDED.volume)).toMatchObject([
      {
        kind: 'koji',
        url: 'https://plain.example/top/vol/vol2/packages/c%2B%2Blib/1.0/2.fc40/x86_64/c%2B%2Blib-devel-1.0-2.fc40.x86_64.rpm',
      },
    ]);
  });

  test('follows its build when it moves: no URL is kept', async () => {
    const moved = kojiBuild(1, { epoch: 2, volume: 'archive' });
    await store.index.replaceBuild('fedora', moved, [
      indexedRpm(101, { epoch: 2, files: [storedFile('/usr/bin/hello', SEEDED.bin)] }),
    ]);
    expect((await urlsOf(SEEDED.bin))[0]?.url).toMatch(
      'https://kojipkgs.example/vol/archive/packages/hello/',
    );
  });

  test('of a draft lies in the draft’s directory under the RPM’s own release', async () => {
    const draft = await onlyMatch(SEEDED.draft);
    expect(draft.build).toMatchObject({ draft: true, nvr: 'hello-2-1,draft_4' });
    expect(draft.urls[0]?.url).toBe(
      'https://kojipkgs.example/packages/hello/2/1,draft_4/x86_64/hello-2-1.x86_64.rpm',
    );
  });

  test('of a deleted build is still known, and nowhere to be had', async () => {
    const deleted = await onlyMatch(SEEDED.deleted);
    expect(deleted.build).toMatchObject({ state: 'deleted', koji_build_id: 2 });
    expect(deleted.build?.web_url).toBe('https://koji.example/koji/buildinfo?buildID=2');
    expect(deleted.urls).toStrictEqual([]);
  });

  test('is given once where a build was reset and imported again with the same RPM', async () => {
    const again = indexedRpm(502, { name: 'redo', files: [storedFile('/usr/bin/redo', SEEDED.superseded)] });
    await store.index.replaceBuild('fedora', kojiBuild(5, { name: 'redo' }), [again]);
    const current = await onlyMatch(SEEDED.superseded);
    expect(current.rpm.koji_rpm_id).toBe(502);
    expect(current.build?.state).toBe('complete');
    const nvra = requireNvra('redo-1.0-2.fc40.x86_64');
    expect(await lookup.upstreamRowsByNvra(nvra)).toHaveLength(1);
    expect(found(await lookup.byNvra(nvra, { limit: 10 })).matches).toHaveLength(1);
  });

  test('in an RPM that Koji lists no more is still known, and nowhere to be had', async () => {
    const superseded = await onlyMatch(SEEDED.superseded);
    expect(superseded.build?.state).toBe('superseded');
    expect(superseded.urls).toStrictEqual([]);
  });

  test('of a Koji that was taken out of the configuration has no URLs', async () => {
    const foreign = await onlyMatch(SEEDED.foreign);
    expect(foreign.build).toMatchObject({ instance: 'forgotten', web_url: null });
    expect(foreign.urls).toStrictEqual([]);
  });

  test('of a local RPM has no build, and a file URL in which its name survives', async () => {
    const local = await onlyMatch(SEEDED.local);
    expect(local.build).toBeNull();
    expect(local.rpm.koji_rpm_id).toBeNull();
    expect(local.urls).toStrictEqual([
      {
        ...{ kind: 'file', url: 'file:///srv/rpms/50%25%20off%20%231/lokal%20%C3%A4.rpm' },
        ...{ size: local.rpm.size, last_seen: null },
      },
    ]);
  });

  test('without a completion time, or with one that is none, says null', async () => {
    expect((await onlyMatch(SEEDED.volume)).build?.completed_at).toBeNull();
    await store.index.replaceBuild('plain', kojiBuild(7, { name: 'far', completedAt: 1e15 }), [
      indexedRpm(701, { name: 'far', files: [storedFile('/usr/bin/far', SEEDED.absent)] }),
    ]);
    expect((await onlyMatch(SEEDED.absent)).build?.completed_at).toBeNull();
  });

  test('without kojiweb has no page', async () => {
    expect((await onlyMatch(SEEDED.volume)).build?.web_url).toBeNull();
  });
});

describe('several build-ids', () => {
  test('each have their matches, or why there are none', async () => {
    const answer = await batch(SEEDED.bin, SEEDED.absent, SEEDED.shared);
    expect(batchAnswer.parse(answer)).toStrictEqual(answer);
    expect(Object.keys(answer.results).sort()).toStrictEqual(
      [SEEDED.bin, SEEDED.absent, SEEDED.shared].sort(),
    );
    expect(answer.results[SEEDED.bin]).toStrictEqual({ matches: await matchesOf(SEEDED.bin) });
    expect(answer.results[SEEDED.absent]).toStrictEqual({ matches: [], reason: 'unknown' });
    expect(
      answer.results[SEEDED.shared]?.matches.map(({ build }) => build?.koji_build_id).sort(),
    ).toStrictEqual([1, 3]);
  });

  test('by thousands leave turns to others while their matches are made', async () => {
    const asked = Array.from({ length: 5000 }, (_, number) =>
      requireAskedBuildId(number.toString(16).padStart(40, 'f')),
    );
    expect(await turnsDuring(() => lookup.byBuildIds(asked))).toBeGreaterThan(15);
  });

  test('none at all have none', async () => {
    expect(await lookup.byBuildIds([])).toStrictEqual({ results: {} });
    expect(await lookup.byBuildId(requireAskedBuildId(SEEDED.absent))).toMatchObject({
      notFound: { reason: 'unknown' },
    });
  });

  test('are found by how they begin', async () => {
    expect(await lookup.byPrefix('aa110000', { limit: 10 })).toStrictEqual({
      build_ids: [SEEDED.bin],
      next_cursor: null,
    });
    expect((await lookup.byPrefix('aa119999', { limit: 10 })).build_ids).toStrictEqual([]);
  });
});

describe('an NVRA', () => {
  test('has the matches of its RPM', async () => {
    const { matches } = found(await lookup.byNvra(requireNvra('hello-1.0-2.fc40.x86_64'), { limit: 10 }));
    expect(matches.map(({ path }) => path)).toStrictEqual(['/usr/bin/hello', '/usr/lib64/libhello.so.1']);
    expect(await lookup.byNvra(requireNvra('hello-1.0-9.fc40.x86_64'), { limit: 10 })).toMatchObject({
      notFound: { reason: 'unknown' },
    });
  });

  test('has one download address, or none', async () => {
    expect(await lookup.packageUrl(requireNvra('hello-debuginfo-1.0-2.fc40.x86_64'))).toBe(
      'https://kojipkgs.example/packages/hello/1.0/2.fc40/x86_64/hello-debuginfo-1.0-2.fc40.x86_64.rpm',
    );
    expect(await lookup.packageUrl(requireNvra('lokal-1-1.aarch64'))).toMatch(/^file:\/\/\//);
    expect(await lookup.packageUrl(requireNvra('hello-1.0-3.fc40.x86_64'))).toBeNull();
    expect(await lookup.packageUrl(requireNvra('nothing-1-1.noarch'))).toBeNull();
  });

  test('whose best build has no address is had from the next', async () => {
    const newer = kojiBuild(9, { name: 'hello', completedAt: 1_800_000_000 });
    await store.index.replaceBuild('forgotten', newer, [
      indexedRpm(901, { files: [storedFile('/usr/bin/hello', SEEDED.absent)] }),
    ]);
    expect(await lookup.packageUrl(requireNvra('hello-1.0-2.fc40.x86_64'))).toBe(
      'https://kojipkgs.example/packages/hello/1.0/2.fc40/x86_64/hello-1.0-2.fc40.x86_64.rpm',
    );
  });

  test('that is deleted in one Koji and complete in another is had from the other', async () => {
    await store.index.replaceBuild('plain', kojiBuild(8, { release: '3.fc40' }), [
      indexedRpm(801, { release: '3.fc40', files: [storedFile('/usr/bin/hello', SEEDED.absent)] }),
    ]);
    expect(await lookup.packageUrl(requireNvra('hello-1.0-3.fc40.x86_64'))).toBe(
      'https://plain.example/top/packages/hello/1.0/3.fc40/x86_64/hello-1.0-3.fc40.x86_64.rpm',
    );
  });
});

describe("upstream's rows", () => {
  test('hold five strings each, in the order of the ids', async () => {
    const rows = await lookup.upstreamRows([SEEDED.library, SEEDED.absent, SEEDED.bin]);
    for (const row of rows) upstreamRow.strict().parse(row);
    const url = 'https://kojipkgs.example/packages/hello/1.0/2.fc40/x86_64/hello-1.0-2.fc40.x86_64.rpm';
    const rest = { rpm: 'hello-1.0-2.fc40.x86_64', distro: 'fc40', url };
    expect(rows).toStrictEqual([
      { buildid: SEEDED.library, elf: '/usr/lib64/libhello.so.1', ...rest },
      { buildid: SEEDED.bin, elf: '/usr/bin/hello', ...rest },
    ]);
  });

  test('are the same by NVRA', async () => {
    const byNvra = await lookup.upstreamRowsByNvra(requireNvra('hello-1.0-2.fc40.x86_64'));
    expect(byNvra).toStrictEqual(await lookup.upstreamRows([SEEDED.bin, SEEDED.library]));
  });

  test('have "" where there is no address or no dist tag', async () => {
    expect(await lookup.upstreamRows([SEEDED.deleted])).toMatchObject([{ distro: 'fc40', url: '' }]);
    expect(await lookup.upstreamRows([SEEDED.local])).toMatchObject([
      { rpm: 'lokal-1-1.aarch64', distro: '' },
    ]);
  });
});

describe('the status', () => {
  const NO_SWEEP = { progress: null, last_ended: null, found: 0 };

  test('counts what is there', async () => {
    const status = statusAnswer.strict().parse(await lookup.status());
    expect(status).toMatchObject({
      files: 11,
      build_ids: 10,
      queue: { queued: 0, running: 0, failed: 0, parked: 0 },
      koji: {
        fedora: { lag_seconds: 0, last_push: null, last_reconciled: null, sweep: NO_SWEEP },
        plain: { lag_seconds: 0, last_push: null, last_reconciled: null, sweep: NO_SWEEP },
      },
    });
    expect(status.database_bytes).toBeGreaterThan(0);
  });

  test('measures the lag of each Koji by its own queue', async () => {
    await store.jobs.enqueue('fedora', [77 as KojiBuildId], PRIORITY.push);
    await store.recordPush('fedora', Date.parse('2024-02-29T12:00:00.250Z'));
    const oldest = await store.jobs.oldestWaiting('fedora');
    clock = (oldest ?? 0) + 90_500;
    const { koji, queue } = await lookup.status();
    expect(queue.queued).toBe(1);
    expect(koji['fedora']).toStrictEqual({
      lag_seconds: 90.5,
      last_push: '2024-02-29T12:00:00.250Z',
      last_reconciled: null,
      sweep: NO_SWEEP,
      repositories: {},
    });
    expect(koji['plain']?.lag_seconds).toBe(0);
    clock = 0;
    expect((await lookup.status()).koji['fedora']?.lag_seconds).toBe(0);
  });

  test('tells how far the comparison of every build is, and what all of them have found', async () => {
    const ended = Date.parse('2024-02-29T12:00:00.250Z');
    await store.reconciliation.recordSweep('plain', { began: ended - 9000, from: 201 });
    await store.reconciliation.recordSweep('plain', { at: 1, found: 2 });
    await store.reconciliation.recordSweep('plain', { ended });
    const last = '2024-02-29T12:00:00.250Z';
    const sweepOf = async (): Promise<unknown> => (await lookup.status()).koji['plain']?.sweep;
    expect(await sweepOf()).toEqual({ progress: null, last_ended: last, found: 2 });
    await store.reconciliation.recordSweep('plain', { began: ended, from: 201 });
    expect(await sweepOf()).toEqual({ progress: 0, last_ended: last, found: 2 });
    await store.reconciliation.recordSweep('plain', { at: 151, found: 3 });
    expect(await sweepOf()).toEqual({ progress: 50 / 201, last_ended: last, found: 5 });
  });

  test('tells of repositories and what is wrong with them', async () => {
    const { repositories } = store;
    const [source, baseUrl] = ['baseurl http://m.example', 'http://m.example/'];
    await repositories.configure(new Map([['plain', [{ name: 'updates', source }]]]));
    const generation = await repositories.begin();
    const validators = { url: `${baseUrl}repodata/repomd.xml`, etag: null, lastModified: null, sha256: '' };
    const taken = { generation, packages: 0, primaryChecksum: 'x', at: 0, baseUrl, validators };
    await repositories.takeOver('plain', 'updates', taken);
    await repositories.recordFailure('plain', 'updates', { at: 1000, message: 'truncated' });
    const { koji } = statusAnswer.strict().parse(await lookup.status());
    expect(koji['plain']?.repositories).toEqual({
      updates: {
        packages: 0,
        last_refreshed: '1970-01-01T00:00:00.000Z',
        last_seen: '1970-01-01T00:00:00.000Z',
        failures: 1,
        error: { message: 'truncated', at: '1970-01-01T00:00:01.000Z' },
      },
    });
    expect(koji['fedora']?.repositories).toEqual({});
  });

  test('is behind a Koji at least since it was last compared with, once that is overdue', async () => {
    const last = Date.parse('2024-02-29T12:00:00.250Z');
    await store.recordReconciled('fedora', { kojiBuildId: 9, time: last });
    clock = last + 120_000;
    expect((await lookup.status()).koji['fedora']).toStrictEqual({
      lag_seconds: 0,
      last_push: null,
      last_reconciled: '2024-02-29T12:00:00.250Z',
      sweep: NO_SWEEP,
      repositories: {},
    });
    clock = last + 120_001;
    const { koji } = await lookup.status();
    expect([koji['fedora']?.lag_seconds, koji['plain']?.lag_seconds]).toEqual([120.001, 0]);

    await store.jobs.enqueue('fedora', [77 as KojiBuildId], PRIORITY.push);
    const oldest = (await store.jobs.oldestWaiting('fedora')) ?? 0;
    await store.recordReconciled('fedora', { time: oldest + 1000 });
    clock = oldest + 500_000;
    expect((await lookup.status()).koji['fedora']?.lag_seconds).toBe(500);
  });
});

describe('a match in an archive', () => {
  const files = [storedFile('/usr/bin/hello', SEEDED.absent), storedFile('/usr/bin/same', SEEDED.bin)];
  const image = kojiBuild(9, { name: 'hello-container', release: '3.fc41' });
  beforeEach(() => store.index.replaceBuild('fedora', image, [], [indexedArchive(77, { files })]));

  test('names the archive in place of the RPM, with every fact of INTERFACE', async () => {
    const matches = await matchesOf(SEEDED.absent);
    expect(matches).toStrictEqual([
      {
        path: '/usr/bin/hello',
        kind: 'executable',
        archive: {
          filename: 'hello.x86_64.tar.gz',
          type: 'tar',
          btype: 'image',
          arch: 'x86_64',
          koji_archive_id: 77,
          size: 54_321,
          checksum: '1874999ff3d64b1ea7ad5f429d4dfa35',
          checksum_type: 'md5',
        },
        build: {
          instance: 'fedora',
          koji_build_id: 9,
          nvr: 'hello-container-1.0-3.fc41',
          state: 'complete',
          draft: false,
          completed_at: '2023-11-14T22:13:20.500Z',
          web_url: 'https://koji.example/koji/buildinfo?buildID=9',
        },
        urls: [
          {
            kind: 'koji',
            url: 'https://kojipkgs.example/packages/hello-container/1.0/3.fc41/images/hello.x86_64.tar.gz',
            size: 54_321,
            last_seen: expect.any(String),
          },
        ],
      },
    ]);
    expect(match.options[1].strict().parse(matches[0])).toEqual(matches[0]);
    expect(batchAnswer.parse(await batch(SEEDED.absent)).results[SEEDED.absent]?.matches).toEqual(matches);
  });

  test('comes after those in RPMs', async () => {
    const matches = await matchesOf(SEEDED.bin);
    expect(matches.map(({ rpm, archive }) => rpm?.nvra ?? archive?.filename)).toEqual([
      'hello-1.0-2.fc40.x86_64',
      'hello.x86_64.tar.gz',
    ]);
  });

  test('lies in its own directory on its build’s volume, and is escaped', async () => {
    const archives = [
      indexedArchive(77, { files, directory: 'files/odd type/sub', filename: 'naïve+1.tar' }),
    ];
    await store.index.replaceBuild('fedora', { ...image, volume: 'vol2' }, [], archives);
    expect((await matchesOf(SEEDED.absent))[0]?.urls[0]?.url).toBe(
      'https://kojipkgs.example/vol/vol2/packages/hello-container/1.0/3.fc41/files/odd%20type/sub/na%C3%AFve%2B1.tar',
    );
  });

  test('is superseded where Koji lists it no more, and said once where it lists it again', async () => {
    await store.index.replaceBuild('fedora', image, [], []);
    expect(await matchesOf(SEEDED.absent)).toMatchObject([{ build: { state: 'superseded' }, urls: [] }]);
    await store.index.replaceBuild('fedora', image, [], [indexedArchive(78, { files })]);
    expect(await matchesOf(SEEDED.absent)).toMatchObject([{ archive: { koji_archive_id: 78 } }]);
  });

  test('is a row for upstream’s clients, with the file’s name where an RPM’s would be', async () => {
    expect(await lookup.upstreamRows([SEEDED.absent])).toStrictEqual([
      {
        buildid: SEEDED.absent,
        elf: '/usr/bin/hello',
        rpm: 'hello.x86_64.tar.gz',
        distro: 'fc41',
        url: 'https://kojipkgs.example/packages/hello-container/1.0/3.fc41/images/hello.x86_64.tar.gz',
      },
    ]);
  });
});
