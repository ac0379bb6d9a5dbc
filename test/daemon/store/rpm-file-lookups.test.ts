import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import type { IndexStore, RpmFilesPlace, StoredRpmMatch } from '../../../daemon/store/types.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { openTestStore } from '../../support/test-store.ts';

const FACTS = indexedRpm(1, { files: [] });
const file = (path: string) => storedFile(path, sha1BuildId(path));

async function walk(index: IndexStore, limit: number): Promise<StoredRpmMatch[]> {
  const met: StoredRpmMatch[] = [];
  for (let after: RpmFilesPlace | null = null; ;) {
    const { matches, next } = await index.findFilesOfRpms(FACTS, { after, limit });
    expect(matches.length).toBeLessThanOrEqual(limit);
    met.push(...matches);
    if (next === null) return met;
    after = next;
  }
}

test('files of an NVRA: the best RPM first, as they came; and how many each RPM has', async () => {
  const { index } = openTestStore();
  const put = (number: number, completedAt: number, paths: readonly string[]): Promise<void> =>
    index.replaceBuild('fedora', kojiBuild(number, { completedAt }), [
      indexedRpm(number, { files: paths.map(file) }),
      indexedRpm(number + 100, { arch: 'i686', files: [file('/32')] }),
    ]);
  await put(1, 500, ['/b', '/a']);
  await put(2, 900, ['/c', '/d', '/e']);
  await put(3, 700, []);
  await put(4, 600, ['/f']);
  const expected = ['2 /c', '2 /d', '2 /e', '4 /f', '1 /b', '1 /a'];
  for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
    const met = await walk(index, limit);
    expect(met.map((match) => `${match.rpm.kojiRpmId} ${match.file.path}`)).toEqual(expected);
  }
  const summaries = await index.findRpmSummaries(FACTS);
  expect(summaries.map(({ rpm, files }) => [rpm.kojiRpmId, files])).toEqual([
    [2, 3],
    [3, 0],
    [4, 1],
    [1, 2],
  ]);
});

test('of more RPMs than are ranked, each file comes once', async () => {
  const { index } = openTestStore();
  const rpms = Array.from({ length: 100 }, (_, i) => ({
    path: `/srv/${i}.rpm`,
    facts: FACTS,
    files: [file(`/${i}a`), file(`/${i}b`)],
  }));
  await index.replaceLocalRpms(rpms);
  for (const limit of [1, 63, 64, 65, 1000]) {
    const met = (await walk(index, limit)).map((match) => match.file.path);
    expect(new Set(met).size).toBe(200);
    expect(met).toHaveLength(200);
  }
});

test('a place that names RPMs of another NVRA, or none, gives nothing of theirs', async () => {
  const { index } = openTestStore();
  await index.replaceBuild('fedora', kojiBuild(1, {}), [
    indexedRpm(11, { name: 'other', files: [file('/other')] }),
    indexedRpm(12, { files: [file('/mine')] }),
  ]);
  for (const after of [
    { best: [1, 2, 77], fileKey: 2 ** 20 },
    { best: [1], fileKey: -5 },
    { best: [], fileKey: Number.MAX_SAFE_INTEGER },
  ]) {
    const { matches } = await index.findFilesOfRpms(FACTS, { after, limit: 9 });
    expect(matches.map((match) => match.file.path).filter((path) => path !== '/mine')).toEqual([]);
  }
});

const paths = fc.array(fc.constantFrom('/a', '/b', '/c'), { maxLength: 3 });
const drawnRpm = fc.record({ paths, completedAt: fc.integer({ min: 1, max: 3 }) });

test('page by page, while builds come and go, gives each file once and leaves none out', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(drawnRpm, { maxLength: 6 }),
      fc.array(drawnRpm, { maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (before, late, limit) => {
        const store = openStore(':memory:');
        const all = [...before, ...late];
        const put = async (number: number): Promise<void> => {
          const { completedAt = 0, paths: some = [] } = all[number - 1] ?? {};
          const rpm = indexedRpm(number, { files: some.map(file) });
          await store.index.replaceBuild('fedora', kojiBuild(number, { completedAt }), [rpm]);
        };
        for (const i of before.keys()) await put(i + 1);
        const met: number[] = [];
        let [after, came]: [RpmFilesPlace | null, number] = [null, before.length];
        do {
          const { matches, next } = await store.index.findFilesOfRpms(FACTS, { after, limit });
          met.push(...matches.map(({ rpm }) => Number(rpm.kojiRpmId)));
          after = next;
          // What was the best comes to be the worst meanwhile.
          await store.index.markBuildGone('fedora', kojiBuild(met.at(-1) ?? 1, {}).kojiBuildId);
          if (came < all.length) await put(++came);
        } while (after !== null);
        await store.close();
        const expected = before.flatMap(({ paths: some }, i) => some.map(() => i + 1));
        const ofThem = met.filter((number) => number <= before.length);
        expect(ofThem.sort((a, b) => a - b)).toEqual(expected);
      },
    ),
    { numRuns: 60, seed: 20261121 },
  );
});

test('build-ids of a prefix, page by page, while others come', async () => {
  const buildId = fc
    .integer({ min: 0, max: 40 })
    .map((n) => `aabbccdd${n > 30 ? `${n}00` : n > 9 ? n : ''}` as BuildId);
  const some = fc.array(buildId, { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(some, some, fc.integer({ min: 1, max: 4 }), async (before, late, limit) => {
      const store = openStore(':memory:');
      const put = (number: number, buildIds: readonly BuildId[]): Promise<void> =>
        store.index.replaceBuild('fedora', kojiBuild(number, {}), [
          indexedRpm(number, { files: buildIds.map((one) => storedFile('/a', one)) }),
        ]);
      await put(1, before);
      const met: BuildId[] = [];
      for (let page: BuildId[] = []; ;) {
        page = await store.index.findBuildIdsByPrefix('aabbccdd', limit, page.at(-1));
        if (page.length === 0) break;
        met.push(...page);
        await put(2, late);
      }
      await store.close();
      expect(met).toEqual([...new Set(met)].sort());
      expect(before.filter((one) => !met.includes(one))).toEqual([]);
    }),
    { numRuns: 60, seed: 20261121 },
  );
});
