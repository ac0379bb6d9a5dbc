import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLookup } from '../../../daemon/lookup/lookup.ts';
import type { Lookup } from '../../../daemon/lookup/types.ts';
import type { UrlChecks } from '../../../daemon/lookup/url-checks.ts';
import type { RepositoryPackage } from '../../../daemon/store/repository-types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import type { MatchUrl } from '../../../shared/api.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { KojiBuild } from '../../../shared/koji.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { NO_CHECKS, TEST_KOJI } from '../../support/test-koji.ts';
import { openTestStore } from '../../support/test-store.ts';

const BUILD_ID = 'aa11'.padEnd(40, '0') as BuildId;
const NVRA = 'hello-1.0-2.fc40.x86_64';
const TOP = 'https://kojipkgs.example/packages/hello/1.0/2.fc40';
const PLAIN = `${TOP}/x86_64/${NVRA}.rpm`;
const MIRROR = 'https://mirror.example/fc40/';
const RETRACE =
  'https://retrace.example/{dist}/{letter}/{nvra}.rpm?epoch={epoch}&n={name}&v={version}&r={release}&a={arch}';

let store: Store;
beforeEach(() => {
  store = openTestStore();
});

async function index(build: KojiBuild, facts: Partial<Parameters<typeof indexedRpm>[1]> = {}): Promise<void> {
  const files = [storedFile('/usr/bin/hello', BUILD_ID)];
  await store.index.replaceBuild('fedora', build, [indexedRpm(101, { files, ...facts })]);
}

/** A repository "updates" with this one package. */
async function mirror(facts: Partial<RepositoryPackage> = {}): Promise<void> {
  const { repositories } = store;
  await repositories.configure(new Map([['fedora', [{ name: 'updates', source: 'baseurl x' }]]]));
  const generation = await repositories.begin();
  const hello = { name: 'hello', version: '1.0', release: '2.fc40', arch: 'x86_64', epoch: 0 };
  const packages = await repositories.add(generation, [
    {
      ...hello,
      href: `h/${NVRA}.rpm`,
      size: 12_400,
      contentSize: 12_000,
      buildTime: 1_699_999_000,
      ...facts,
    },
  ]);
  const validators = { url: `${MIRROR}repodata/repomd.xml`, etag: null, lastModified: null, sha256: 'ab' };
  const taken = { generation, packages, primaryChecksum: 'sha256:00', at: 1_700_000_500_000 };
  await repositories.takeOver('fedora', 'updates', { ...taken, baseUrl: MIRROR, validators });
}

function lookup({ retrace = null as string | null, checks = NO_CHECKS } = {}): Lookup {
  const source = { kind: 'baseurl' as const, url: MIRROR };
  const repositories = [{ name: 'updates', source, refreshInterval: 3_600_000 }];
  return createLookup({ store, koji: [{ ...TEST_KOJI[0], retrace, repositories }], checks, now: Date.now });
}

async function urls(from = lookup(), verify = false): Promise<MatchUrl[]> {
  const answer = await from.byBuildId(requireAskedBuildId(BUILD_ID), { siblings: false, verify });
  return 'notFound' in answer ? [] : (answer.matches[0]?.urls ?? []);
}

const kinds = async (from?: Lookup): Promise<string[]> => (await urls(from)).map(({ kind }) => kind);

const SIGNED = [
  { sigkey: 'a15b79cc', copy: { size: 12_800 } },
  { sigkey: '0123cdef', copy: null },
  { sigkey: '12c944d0', copy: { size: null } },
];

describe('the tiers', () => {
  test('are mirrors, signed copies, Koji, a retrace server, each with what is known of it', async () => {
    await index(kojiBuild(1, {}), { signatures: SIGNED });
    await mirror();
    const indexedAt = expect.any(String);
    const signed = `${TOP}/data/signed`;
    expect(await urls(lookup({ retrace: RETRACE }))).toStrictEqual([
      {
        ...{ kind: 'mirror', url: `${MIRROR}h/${NVRA}.rpm`, repository: 'updates', size: 12_400 },
        last_seen: '2023-11-14T22:21:40.000Z',
      },
      {
        ...{ kind: 'koji-signed', url: `${signed}/a15b79cc/x86_64/${NVRA}.rpm`, sigkey: 'a15b79cc' },
        ...{ size: 12_800, last_seen: indexedAt },
      },
      {
        ...{ kind: 'koji-signed', url: `${signed}/12c944d0/x86_64/${NVRA}.rpm`, sigkey: '12c944d0' },
        ...{ size: null, last_seen: indexedAt },
      },
      { kind: 'koji', url: PLAIN, size: 12_345, last_seen: indexedAt },
      {
        kind: 'retrace',
        url: `https://retrace.example/fc40/h/${NVRA}.rpm?epoch=0&n=hello&v=1.0&r=2.fc40&a=x86_64`,
        ...{ size: null, last_seen: null },
      },
    ]);
  });

  test('of Koji go when the build is deleted, and the others stay', async () => {
    await index(kojiBuild(1, {}), { signatures: SIGNED });
    await mirror();
    await store.index.replaceBuild('fedora', kojiBuild(1, { state: 'deleted' }), null);
    expect(await kinds(lookup({ retrace: RETRACE }))).toEqual(['mirror', 'retrace']);
  });

  test('of Koji go when it lists the RPM no more', async () => {
    await index(kojiBuild(1, {}), { signatures: SIGNED });
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), []);
    expect(await kinds()).toEqual([]);
  });

  test('follow the build to its volume', async () => {
    await index(kojiBuild(1, { volume: 'vol2' }), { signatures: SIGNED.slice(0, 1) });
    expect((await urls()).map(({ url }) => url)).toEqual([
      `https://kojipkgs.example/vol/vol2/packages/hello/1.0/2.fc40/data/signed/a15b79cc/x86_64/${NVRA}.rpm`,
      `https://kojipkgs.example/vol/vol2/packages/hello/1.0/2.fc40/x86_64/${NVRA}.rpm`,
    ]);
  });

  test('of mirrors are for the RPM that the build holds, not for another of its name', async () => {
    await index(kojiBuild(1, {}));
    await mirror({ buildTime: 1_699_999_001 });
    expect(await kinds()).toEqual(['koji']);
    await mirror({ contentSize: 11_999 });
    expect(await kinds()).toEqual(['koji']);
    await mirror();
    expect(await kinds()).toEqual(['mirror', 'koji']);
  });

  test('of mirrors are none of a draft’s, which only has the name of what is there', async () => {
    await index(kojiBuild(1, { draft: true, release: '2.fc40,draft_1' }));
    await mirror();
    expect(await kinds()).toEqual(['koji']);
  });

  test('do not say that what could not be had was seen', async () => {
    const seen = async (error: ErrorCode): Promise<MatchUrl['last_seen'] | undefined> => {
      await index(kojiBuild(1, {}), { files: { error, message: 'trouble' } });
      const answer = await lookup().byNvra(requireNvra(NVRA), { limit: 1 });
      return 'notFound' in answer ? undefined : answer.rpms[0]?.urls[0]?.last_seen;
    };
    expect(await seen('missing_file')).toBeNull();
    expect(await seen('network')).toBeNull();
    expect(await seen('format')).toEqual(expect.any(String));
  });

  test('of a retrace server that is sorted by dist are none where there is no dist', async () => {
    await index(kojiBuild(1, { release: '2' }), { release: '2' });
    expect(await kinds(lookup({ retrace: RETRACE }))).toEqual(['koji']);
    expect(await kinds(lookup({ retrace: 'https://retrace.example/{nvra}.rpm' }))).toEqual([
      'koji',
      'retrace',
    ]);
  });

  test('escape what packages are called', async () => {
    await index(kojiBuild(1, { name: 'c++' }), { name: 'c++', epoch: 3 });
    const [, retrace] = await urls(lookup({ retrace: RETRACE }));
    expect(retrace?.url).toBe(
      'https://retrace.example/fc40/c/c%2B%2B-1.0-2.fc40.x86_64.rpm?epoch=3&n=c%2B%2B&v=1.0&r=2.fc40&a=x86_64',
    );
  });

  test('sort what begins with a character beyond 16 bits by all of it', async () => {
    await index(kojiBuild(1, { name: '\u{1f600}x' }), { name: '\u{1f600}x' });
    const [, retrace] = await urls(lookup({ retrace: 'https://retrace.example/{letter}' }));
    expect(retrace?.url).toBe('https://retrace.example/%F0%9F%98%80');
  });
});

test('with verify, of a large answer no more URLs are made for the check than it takes, and all others stay', async () => {
  const rpms = Array.from({ length: 1000 }, (_, number) =>
    indexedRpm(number + 1, { name: `hello${number}`, files: [storedFile('/usr/bin/hello', BUILD_ID)] }),
  );
  await store.index.replaceBuild('fedora', kojiBuild(4, {}), rpms);
  let checked = 0;
  const checks: UrlChecks = {
    check: (listed) => {
      checked = listed.length;
      return Promise.resolve(new Map());
    },
  };
  expect(await urls(lookup({ checks }), true)).toEqual([]);
  const answer = await lookup({ checks }).byBuildId(requireAskedBuildId(BUILD_ID), {
    siblings: false,
    verify: true,
  });
  const left = 'matches' in answer ? answer.matches.flatMap((match) => match.urls) : [];
  expect([checked, left.length]).toEqual([200, 800]);
});

test('with verify, what is dead is left out and what was learnt is told', async () => {
  await index(kojiBuild(1, {}), { signatures: SIGNED.slice(0, 1) });
  await mirror();
  const asked: string[] = [];
  const checks: UrlChecks = {
    check: (all) => {
      asked.push(...all.map(({ url }) => url));
      const alive = all.filter(({ kind }) => kind !== 'mirror');
      return Promise.resolve(new Map(alive.map((url) => [url, { ...url, size: 7 }])));
    },
  };
  const from = lookup({ checks });
  expect((await urls(from, true)).map(({ kind, size }) => [kind, size])).toEqual([
    ['koji-signed', 7],
    ['koji', 7],
  ]);
  expect(asked).toHaveLength(3);
  expect(await kinds(from)).toEqual(['mirror', 'koji-signed', 'koji']);
  expect(asked).toHaveLength(3);
});
