import { expect, test } from '@jest/globals';
import type { RepositoryPackage } from '../../../daemon/store/repository-types.ts';
import type { Store, StoredRpm } from '../../../daemon/store/types.ts';
import { asKojiBuildId, type KojiBuildId } from '../../../shared/koji.ts';
import { formatNvra } from '../../../shared/nvr.ts';
import { openTestStore } from '../../support/test-store.ts';

const BASE = 'http://mirror.example/updates/';
const VALIDATORS = { url: `${BASE}repodata/repomd.xml`, etag: '"0"', lastModified: null, sha256: 'ab' };
const SEEN = { baseUrl: BASE, validators: VALIDATORS };

function listed(name: string, more: Partial<RepositoryPackage> = {}): RepositoryPackage {
  const nvra = { name, version: '1.0', release: '1.fc40', arch: 'x86_64' };
  const href = `Packages/${name.slice(0, 1)}/${formatNvra({ ...nvra, ...more })}.rpm`;
  return { ...nvra, epoch: 0, href, size: 1000, contentSize: 900, buildTime: 1_700_000_000, ...more };
}

function rpm(name: string, more: Partial<StoredRpm> = {}, instance = 'fedora'): StoredRpm {
  const facts = { name, epoch: null, version: '1.0', release: '1.fc40', arch: 'x86_64', size: 990 };
  const kojiBuildId = asKojiBuildId(1) as KojiBuildId;
  return {
    ...facts,
    payloadHash: null,
    buildTime: 1_700_000_000,
    contentSize: 900,
    kojiRpmId: null,
    build: {
      ...{ instance, kojiBuildId, name, epoch: null, version: '1.0', release: '1.fc40' },
      ...{ state: 'complete', draft: false, volume: 'DEFAULT', completedAt: 1, indexedAt: 1 },
    },
    superseded: false,
    signedCopies: [],
    localPath: null,
    error: null,
    ...more,
  };
}

async function configure(store: Store, instance: string, ...names: string[]): Promise<void> {
  await store.repositories.configure(
    new Map([[instance, names.map((name) => ({ name, source: 'baseurl x' }))]]),
  );
}

async function fill(
  { repositories }: Store,
  name: string,
  packages: readonly RepositoryPackage[],
  { at = 1000, instance = 'fedora', baseUrl = BASE } = {},
): Promise<void> {
  const generation = await repositories.begin();
  const added = await repositories.add(generation, packages);
  const taken = {
    generation,
    packages: added,
    primaryChecksum: 'sha256:00',
    at,
    baseUrl,
    validators: VALIDATORS,
  };
  await repositories.takeOver(instance, name, taken);
}

async function urls(store: Store, ...rpms: StoredRpm[]): Promise<string[]> {
  const copies = await store.repositories.copiesOf(rpms);
  return rpms.flatMap((each) => (copies.get(each) ?? []).map(({ url }) => url));
}

test('copies have the URL of the mirror, the size, and when they were seen, in the order of the configuration', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates', 'releases', 'empty');
  await fill(store, 'releases', [listed('greet', { href: 'greet-1.0-1.fc40.x86_64.rpm', size: 1001 })], {
    at: 2000,
    baseUrl: 'https://other.example/',
  });
  await fill(store, 'updates', [listed('greet'), listed('other')]);
  const greet = rpm('greet');
  const copies = await store.repositories.copiesOf([greet, rpm('unknown')]);
  expect([...copies]).toEqual([
    [
      greet,
      [
        {
          repository: 'updates',
          url: `${BASE}Packages/g/greet-1.0-1.fc40.x86_64.rpm`,
          size: 1000,
          lastSeen: 1000,
        },
        {
          repository: 'releases',
          url: 'https://other.example/greet-1.0-1.fc40.x86_64.rpm',
          size: 1001,
          lastSeen: 2000,
        },
      ],
    ],
  ]);
  await configure(store, 'fedora', 'releases', 'updates');
  const reversed = (await store.repositories.copiesOf([greet])).get(greet);
  expect(reversed?.map(({ repository }) => repository)).toEqual(['releases', 'updates']);
});

test.each<[string, Partial<RepositoryPackage>, Partial<StoredRpm>, boolean]>([
  ['the same', {}, {}, true],
  ['no epoch in Koji is 0 in repodata', { epoch: 0 }, { epoch: 0 }, true],
  ['another epoch', { epoch: 1 }, {}, false],
  ['another version', { version: '1.1' }, {}, false],
  ['another release', { release: '2.fc40' }, {}, false],
  ['another architecture', { arch: 'i686' }, {}, false],
  ['another build time', { buildTime: 1_700_000_001 }, {}, false],
  ['another size of header and payload', { contentSize: 901 }, {}, false],
  ['a signature makes the file larger', { size: 1400 }, {}, true],
  ['a build time that Koji does not say', { buildTime: 5 }, { buildTime: null }, true],
  ['a build time that repodata does not say', { buildTime: null }, {}, true],
  ['an RPM that was not read', { contentSize: 5 }, { contentSize: null }, true],
  ['a source package that may not be passed on', { arch: 'src' }, { arch: 'nosrc' }, true],
  ['a local RPM', {}, { build: null }, false],
])('%s', async (_, inRepository, inKoji, matches) => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  await fill(store, 'updates', [listed('greet', inRepository)]);
  expect(await urls(store, rpm('greet', inKoji))).toHaveLength(matches ? 1 : 0);
});

test("two builds with one NVRA are told apart, and Kojis have each their own repositories'", async () => {
  const store = openTestStore();
  const configured = [{ name: 'updates', source: 'baseurl x' }];
  await store.repositories.configure(
    new Map([
      ['fedora', configured],
      ['other', configured],
    ]),
  );
  await fill(store, 'updates', [
    listed('greet', { href: 'a/greet-1.0-1.fc40.x86_64.rpm' }),
    listed('greet', { href: 'b/greet-1.0-1.fc40.x86_64.rpm', buildTime: 1_700_000_007, contentSize: 907 }),
  ]);
  const rebuilt = rpm('greet', { buildTime: 1_700_000_007, contentSize: 907 });
  expect(await urls(store, rpm('greet'), rebuilt)).toEqual([
    `${BASE}a/greet-1.0-1.fc40.x86_64.rpm`,
    `${BASE}b/greet-1.0-1.fc40.x86_64.rpm`,
  ]);
  expect(await urls(store, rpm('greet', {}, 'other'))).toEqual([]);
});

test.each([
  ['c++/lib stdc++-1.0-1.fc40.x86_64.rpm', 'c%2B%2B/lib%20stdc%2B%2B-1.0-1.fc40.x86_64.rpm'],
  ['a%2Bb/100%.rpm', 'a%2Bb/100%25.rpm'],
  ['p/x?y#z.rpm', 'p/x%3Fy%23z.rpm'],
  ['ä/~x^1.rpm', '%C3%A4/~x%5E1.rpm'],
  ['foogreet-1.0-1.fc40.x86_64.rpm', 'foogreet-1.0-1.fc40.x86_64.rpm'],
  ['greet-1.0-1.fc40.x86_64.rpm', 'greet-1.0-1.fc40.x86_64.rpm'],
])('the place %j is the URL %s', async (href, path) => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  await fill(store, 'updates', [listed('greet', { href })]);
  expect(await urls(store, rpm('greet'))).toEqual([BASE + path]);
});

test('of one package a few places are kept, however many a repository lists', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  const greets = Array.from({ length: 3000 }, (_, n) => listed('greet', { href: `${n}/greet.rpm` }));
  await fill(store, 'updates', [...greets, listed('other')]);
  expect((await urls(store, rpm('greet'))).length).toBeLessThan(10);
  expect(await urls(store, rpm('other'))).toHaveLength(1);
});

test('a place elsewhere is taken as it is', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  const href = 'https://media.example/disc%201/greet-1.0-1.fc40.x86_64.rpm';
  await fill(store, 'updates', [listed('greet', { href })]);
  expect(await urls(store, rpm('greet'))).toEqual([href]);
});

test('new packages replace the old ones at once, and what is left of those is deleted', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  const old = Array.from({ length: 12_000 }, (_, at) => listed(`old${at}`));
  await fill(store, 'updates', [...old, listed('greet')]);
  const generation = await store.repositories.begin();
  expect(await store.repositories.add(generation, [listed('new'), listed('new')])).toBe(1);
  expect(await store.repositories.discard()).toBe(false);
  expect(await urls(store, rpm('greet'), rpm('new'))).toHaveLength(1);
  const taken = { generation, packages: 1, primaryChecksum: 'sha256:11', at: 3000, ...SEEN };
  await store.repositories.takeOver('fedora', 'updates', taken);
  expect(await urls(store, rpm('greet'))).toEqual([]);
  expect(await urls(store, rpm('new'))).toHaveLength(1);
  let steps = 0;
  while (await store.repositories.discard()) steps++;
  expect(steps).toBeGreaterThan(2);
  expect(await urls(store, rpm('new'))).toHaveLength(1);
});

test('a set of which another daemon has deleted packages is not taken over', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  await fill(store, 'updates', [listed('greet')]);
  const generation = await store.repositories.begin();
  const taken = { generation, packages: 7, primaryChecksum: 'sha256:11', at: 3000, ...SEEN };
  await expect(store.repositories.takeOver('fedora', 'updates', taken)).rejects.toMatchObject({
    code: 'store',
    message: 'of 7 packages 0 are left: does another daemon refresh the same repositories?',
  });
  await store.repositories.abandon(generation);
  expect(await urls(store, rpm('greet'))).toHaveLength(1);
});

test('what is known of a repository goes with each refresh, and an error leaves the rest as it was', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates');
  const never = { lastRefreshed: null, lastSeen: null, primaryChecksum: null, validators: null };
  const [fresh] = await store.repositories.states('fedora');
  expect(fresh).toEqual({ name: 'updates', packages: 0, failures: 0, error: null, ...never });

  await store.repositories.recordFailure('fedora', 'updates', { at: 500, message: 'no mirror' });
  await store.repositories.recordFailure('fedora', 'updates', { at: 600, message: 'no mirror yet' });
  const [failing] = await store.repositories.states('fedora');
  expect(failing).toMatchObject({ failures: 2, error: { message: 'no mirror yet', at: 600 }, ...never });

  await fill(store, 'updates', [listed('greet')]);
  const validators = { url: `${BASE}repodata/repomd.xml`, etag: '"1"', lastModified: 'x', sha256: 'cd' };
  await store.repositories.recordSeen('fedora', 'updates', { at: 4000, baseUrl: 'http://b/', validators });
  await store.repositories.recordFailure('fedora', 'updates', { at: 5000, message: 'truncated' });
  expect(await store.repositories.states('fedora')).toEqual([
    {
      name: 'updates',
      packages: 1,
      lastRefreshed: 1000,
      lastSeen: 4000,
      failures: 1,
      error: { message: 'truncated', at: 5000 },
      primaryChecksum: 'sha256:00',
      validators,
    },
  ]);
  expect(await urls(store, rpm('greet'))).toEqual(['http://b/Packages/g/greet-1.0-1.fc40.x86_64.rpm']);
  expect(await store.repositories.states('unknown')).toEqual([]);
});

test('what is no longer configured, or elsewhere, is forgotten with its packages', async () => {
  const store = openTestStore();
  await configure(store, 'fedora', 'updates', 'releases');
  await fill(store, 'updates', [listed('greet')]);
  await fill(store, 'releases', [listed('other')]);
  await configure(store, 'fedora', 'releases');
  expect(await urls(store, rpm('greet'), rpm('other'))).toHaveLength(1);
  const moved = [{ name: 'releases', source: 'baseurl y' }];
  await store.repositories.configure(new Map([['fedora', moved]]));
  expect(await urls(store, rpm('other'))).toEqual([]);
  expect(await store.repositories.states('fedora')).toMatchObject([{ name: 'releases', packages: 0 }]);
  await store.repositories.configure(new Map());
  expect(await store.repositories.states('fedora')).toEqual([]);
  while (await store.repositories.discard());
});
