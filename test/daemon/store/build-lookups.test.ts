import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import type { BuildPlace, IndexStore } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { openTestStore } from '../../support/test-store.ts';

const ONE = 1 as KojiBuildId;
const file = (path: string) => storedFile(path, sha1BuildId(path));

test('builds of an NVR: complete, release, newest first, of every Koji', async () => {
  const { index } = openTestStore();
  const put = (instance: string, number: number, facts: Parameters<typeof kojiBuild>[1]): Promise<void> =>
    index.replaceBuild(instance, kojiBuild(number, facts), null);
  await put('fedora', 1, { state: 'deleted', completedAt: 900 });
  await put('fedora', 2, { draft: true, completedAt: 800 });
  await put('fedora', 3, { completedAt: null });
  await put('other', 4, { completedAt: 500 });
  await put('fedora', 5, { completedAt: 600 });
  await put('fedora', 6, { completedAt: 600 });
  await put('fedora', 7, { release: '2.fc41' });
  await put('fedora', 8, { version: '1.00' });
  const found = await index.findBuilds({ name: 'hello', version: '1.0', release: '2.fc40' });
  expect(found.map(({ kojiBuildId }) => kojiBuildId)).toEqual([6, 5, 4, 3, 2, 1]);
  expect(found[2]?.instance).toBe('other');
  expect(await index.findBuilds({ name: 'none', version: '1.0', release: '2.fc40' })).toEqual([]);
});

test('what a build holds: RPMs, then archives, with their numbers of files', async () => {
  const { index } = openTestStore();
  const failed = { error: 'format', message: 'broken' } as const;
  await index.replaceBuild('fedora', kojiBuild(2, {}), [indexedRpm(21, { files: [file('/x')] })]);
  await index.replaceBuild(
    'fedora',
    kojiBuild(1, {}),
    [
      indexedRpm(13, { files: [file('/a'), file('/b'), file('/c')] }),
      indexedRpm(12, { files: [] }),
      indexedRpm(11, { files: failed }),
    ],
    [indexedArchive(9, { files: [file('/z')] }), indexedArchive(8, { files: [file('/y'), file('/z')] })],
  );
  const met: (readonly [number | null | undefined, number])[] = [];
  let after: number | null = null;
  do {
    const page = await index.findHolders('fedora', ONE, { after, limit: 2 });
    expect(page.holders.length).toBeLessThanOrEqual(2);
    met.push(
      ...page.holders.map(
        ({ rpm, archive, files }) => [rpm?.kojiRpmId ?? archive?.kojiArchiveId, files] as const,
      ),
    );
    after = page.next;
  } while (after !== null);
  expect(met).toEqual([
    [13, 3],
    [12, 0],
    [11, 0],
    [9, 1],
    [8, 2],
  ]);
  for (const [instance, kojiBuildId] of [
    ['fedora', 3],
    ['other', 1],
  ] as const) {
    expect(await index.findHolders(instance, kojiBuildId as KojiBuildId, { after: null, limit: 9 })).toEqual({
      holders: [],
      next: null,
    });
  }
});

test('a limit is from 1 to 1001', async () => {
  const { index } = openTestStore();
  for (const limit of [0, -1, 1.5, Number.NaN, 1002]) {
    const page = { after: null, limit };
    const asked = [
      index.findHolders('fedora', ONE, page),
      index.findBuildsOfPackage('hello', page),
      index.findByPath('/a', page),
      index.findFilesOfRpms(indexedRpm(1, { files: [] }), page),
      index.findBuildIdsByPrefix('aabbccdd', limit),
    ];
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'bad_input' });
  }
});

test('siblings are debuginfo, debugsource and source RPMs that Koji lists', async () => {
  const { index } = openTestStore();
  const names = [
    ['hello', 'x86_64'],
    ['hello', 'src'],
    ['hello', 'nosrc'],
    ['hello-debuginfo', 'x86_64'],
    ['hello-libs-debuginfo', 'i686'],
    ['hello-debugsource', 'x86_64'],
    ['kernel-debuginfo-common-x86_64', 'x86_64'],
    ['hello-DEBUGINFO', 'x86_64'],
    ['debuginfod', 'x86_64'],
    ['hello-debugsource-x', 'x86_64'],
  ] as const;
  const rpms = names.map(([name, arch], i) => indexedRpm(10 + i, { name, arch, files: [] }));
  const gone = indexedRpm(30, { name: 'gone-debuginfo', files: [] });
  await index.replaceBuild('fedora', kojiBuild(1, {}), [...rpms, gone]);
  await index.replaceBuild('fedora', kojiBuild(1, {}), rpms);
  await index.replaceBuild('fedora', kojiBuild(2, {}), [indexedRpm(40, { files: [] })]);
  const asked = [1, 2, 3, 1].map((kojiBuildId) => ({
    instance: 'fedora',
    kojiBuildId: kojiBuildId as KojiBuildId,
  }));
  const found = await index.findSiblings([...asked, { instance: 'other', kojiBuildId: ONE }]);
  expect([...found.keys()]).toEqual(['fedora/1']);
  expect(found.get('fedora/1')?.map(({ kojiRpmId }) => kojiRpmId)).toEqual([11, 12, 13, 14, 15, 16]);
});

interface Drawn {
  readonly completedAt: number | null;
  readonly name: string;
  readonly rpms: readonly string[];
}

const drawnBuild = fc.record<Drawn>({
  completedAt: fc.option(fc.integer({ min: 1, max: 5 })),
  name: fc.constantFrom('a', 'b'),
  rpms: fc.array(fc.constantFrom('a', 'b', 'a-libs'), { maxLength: 3 }),
});

async function store(index: IndexStore, { completedAt, name, rpms }: Drawn, number: number): Promise<void> {
  const rpmsOf = rpms.map((rpm, i) => indexedRpm(number * 10 + i, { name: rpm, files: [] }));
  await index.replaceBuild('fedora', kojiBuild(number, { name, completedAt }), rpmsOf);
}

test('builds of a package, page by page, while others come: each once, none left out, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(drawnBuild, { maxLength: 12 }),
      fc.array(drawnBuild, { maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      async (before, meanwhile, limit) => {
        const opened = openStore(':memory:');
        const { index } = opened;
        const all = [...before, ...meanwhile];
        for (const [i, drawn] of before.entries()) await store(index, drawn, i + 1);
        const met: number[] = [];
        let [after, came]: [BuildPlace | null, number] = [null, before.length];
        do {
          const { builds, next } = await index.findBuildsOfPackage('a', { after, limit });
          met.push(...builds.map(({ build }) => build.kojiBuildId));
          for (const { build, rpms } of builds) expect(rpms).toBe(all[build.kojiBuildId - 1]?.rpms.length);
          after = next;
          const late = all[came];
          if (late !== undefined) await store(index, late, ++came);
        } while (after !== null);
        await opened.close();

        const isOfA = ({ name, rpms }: Drawn): boolean => name === 'a' || rpms.includes('a');
        const there = before.flatMap((drawn, i) => (isOfA(drawn) ? [i + 1] : []));
        expect(there.filter((number) => !met.includes(number))).toEqual([]);
        expect(met.filter((number) => !isOfA(all[number - 1] as Drawn))).toEqual([]);
        const rank = (number: number): number => (all[number - 1]?.completedAt ?? 0) * 100 + number;
        expect(met).toEqual([...new Set(met)].sort((a, b) => rank(b) - rank(a)));
      },
    ),
    { numRuns: 60, seed: 20261121 },
  );
});
