import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Lookup } from '../../../daemon/lookup/types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { batchAnswer, match } from '../../../shared/api.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { SEEDED, indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { found, matchesOf, setUpLookup } from '../../support/seeded-lookup.ts';

let store: Store;
let lookup: Lookup;
beforeEach(async () => {
  ({ store, lookup } = await setUpLookup());
});

async function onlyMatch(buildId: BuildId) {
  const matches = await matchesOf(lookup, buildId);
  expect(matches).toHaveLength(1);
  return match.options[0].strict().parse(matches[0]);
}

async function urlsOf(buildId: BuildId) {
  return (await onlyMatch(buildId)).urls;
}

describe('a match', () => {
  test('has every fact of INTERFACE', async () => {
    expect(await matchesOf(lookup, SEEDED.bin)).toStrictEqual([
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

describe('a match in an archive', () => {
  const files = [storedFile('/usr/bin/hello', SEEDED.absent), storedFile('/usr/bin/same', SEEDED.bin)];
  const image = kojiBuild(9, { name: 'hello-container', release: '3.fc41' });
  beforeEach(() => store.index.replaceBuild('fedora', image, [], [indexedArchive(77, { files })]));

  test('names the archive in place of the RPM, with every fact of INTERFACE', async () => {
    const matches = await matchesOf(lookup, SEEDED.absent);
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
    const batch = await lookup.byBuildIds([requireAskedBuildId(SEEDED.absent)]);
    expect(batchAnswer.parse(batch).results[SEEDED.absent]?.matches).toEqual(matches);
  });

  test('comes after those in RPMs', async () => {
    const matches = await matchesOf(lookup, SEEDED.bin);
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
    expect((await matchesOf(lookup, SEEDED.absent))[0]?.urls[0]?.url).toBe(
      'https://kojipkgs.example/vol/vol2/packages/hello-container/1.0/3.fc41/files/odd%20type/sub/na%C3%AFve%2B1.tar',
    );
  });

  test('is superseded where Koji lists it no more, and said once where it lists it again', async () => {
    await store.index.replaceBuild('fedora', image, [], []);
    expect(await matchesOf(lookup, SEEDED.absent)).toMatchObject([
      { build: { state: 'superseded' }, urls: [] },
    ]);
    await store.index.replaceBuild('fedora', image, [], [indexedArchive(78, { files })]);
    expect(await matchesOf(lookup, SEEDED.absent)).toMatchObject([{ archive: { koji_archive_id: 78 } }]);
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
