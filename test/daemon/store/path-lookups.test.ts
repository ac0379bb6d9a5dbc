import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pathNumber } from '../../../daemon/store/path-number.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import type { IndexStore, StoredMatch } from '../../../daemon/store/types.ts';
import { databasePath, inspect } from '../../support/database-file.ts';
import { indexedArchive, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { openTestStore } from '../../support/test-store.ts';

const file = (path: string) => storedFile(path, sha1BuildId(path));

async function put(index: IndexStore, number: number, paths: readonly string[]): Promise<void> {
  await index.replaceBuild('fedora', kojiBuild(number, {}), [indexedRpm(number, { files: paths.map(file) })]);
}

async function walk(index: IndexStore, path: string, limit: number): Promise<StoredMatch[]> {
  const met: StoredMatch[] = [];
  for (let after: number | null = null; ;) {
    const { matches, next } = await index.findByPath(path, { after, limit });
    met.push(...matches);
    if (next === null) return met;
    after = next;
  }
}

describe('looking up a path', () => {
  test('gives exactly that path, the newest RPM first, archives last', async () => {
    const { index } = openTestStore();
    await put(index, 1, ['/usr/bin/x', '/usr/bin/xx', '/usr/bin', '/bin/x', '/usr/bin/x/x', '/usr/bin/X']);
    await index.replaceBuild('fedora', kojiBuild(2, {}), null, [
      indexedArchive(8, { files: [file('/usr/bin/x')] }),
      indexedArchive(9, { files: [file('usr/bin/x'), file('/usr/bin/y')] }),
    ]);
    await put(index, 3, ['/usr/bin/x', '/usr/bin/y']);
    for (const path of ['/usr/bin/x', 'usr/bin/x']) {
      for (const limit of [1, 2, 3, 100]) {
        const matches = await walk(index, path, limit);
        const from = matches.map(({ rpm, archive }) => rpm?.kojiRpmId ?? archive?.kojiArchiveId);
        expect(from).toEqual([3, 1, 8, 9]);
        expect(new Set(matches.map((match) => match.file.path.replace(/^\//, '')))).toEqual(
          new Set(['usr/bin/x']),
        );
      }
    }
    const { matches } = await index.findByPath('/usr/bin/y', { after: null, limit: 9 });
    expect(matches[0]).toMatchObject({ file: file('/usr/bin/y'), rpm: { kojiRpmId: 3 } });
    expect(await walk(index, '/usr/bin/z', 9)).toEqual([]);
    expect(await walk(index, '/nowhere/x', 9)).toEqual([]);
  });

  test('finds names of every kind', async () => {
    const { index } = openTestStore();
    const paths = [
      '/',
      '//',
      '/a',
      'a',
      '/a/',
      '/ä/ö€😀',
      '/a\0b',
      '/a\0c',
      '/%',
      "/'",
      '/\u{fffd}',
      `/${'é'.repeat(2000)}`,
    ];
    await put(index, 1, paths);
    for (const path of paths) {
      const found = await walk(index, path, 3);
      const other = path.startsWith('/') ? path.slice(1) : `/${path}`;
      const expected = [...new Set([path, ...(paths.includes(other) ? [other] : [])])];
      expect(found.map((match) => match.file.path).sort()).toEqual(expected.sort());
    }
  });

  test('has no end to how deep it may be', async () => {
    const { index } = openTestStore();
    const deep = `${'/d'.repeat(2000)}/x`;
    await put(index, 1, [deep]);
    expect(await walk(index, deep, 1)).toHaveLength(1);
    for (const path of ['/'.repeat(20_000), `/d${deep}`, `${deep}/x`, deep.slice(0, -4)]) {
      expect(await walk(index, path, 1)).toEqual([]);
    }
  });

  test('is not held up by a package whose paths share a number', async () => {
    const path = databasePath();
    const { index, ...store } = openStore(path);
    const paths = Array.from({ length: 12_000 }, (_, i) => `/usr/bin/other${i}`);
    await put(index, 1, ['/usr/bin/x', ...paths]);
    await put(index, 2, ['/usr/bin/x', ...paths]);
    // Nobody holds up the other spelling, and what has it comes last all the same, and once.
    await index.replaceBuild('fedora', kojiBuild(3, {}), null, [
      indexedArchive(8, { files: [file('usr/bin/x')] }),
    ]);
    await store.close();
    inspect(path, (db) =>
      db.exec(
        "UPDATE file SET path_number = (SELECT path_number FROM file WHERE name = 'x' AND file_key > 0) WHERE file_key > 0",
      ),
    );
    const again = openStore(path);
    const first = await again.index.findByPath('/usr/bin/x', { after: null, limit: 9 });
    expect(first.matches).toEqual([]);
    expect(first.next).not.toBeNull();
    const found = await walk(again.index, '/usr/bin/x', 9);
    expect(found.map(({ rpm, archive }) => rpm?.kojiRpmId ?? archive?.kojiArchiveId)).toEqual([2, 1, 8]);
    await again.close();
  });

  test('page by page, while others come, gives each once and leaves none out', async () => {
    const paths = fc.array(fc.constantFrom('/a', '/b', 'a', '/c/a'), { maxLength: 4 });
    const rpms = (maxLength: number) => fc.array(paths, { maxLength });
    await fc.assert(
      fc.asyncProperty(rpms(10), rpms(5), fc.integer({ min: 1, max: 3 }), async (before, late, limit) => {
        const store = openStore(':memory:');
        const all = [...before, ...late];
        for (const [i, some] of before.entries()) await put(store.index, i + 1, some);
        const met: string[] = [];
        let [after, came]: [number | null, number] = [null, before.length];
        do {
          const { matches, next } = await store.index.findByPath('/a', { after, limit });
          met.push(...matches.map((match) => `${match.rpm?.kojiRpmId} ${match.file.path}`));
          after = next;
          const some = all[came];
          if (some !== undefined) await put(store.index, ++came, some);
        } while (after !== null);
        await store.close();
        const expected = before.flatMap((some, i) =>
          some.filter((path) => path === '/a' || path === 'a').map((path) => `${i + 1} ${path}`),
        );
        expect(met.sort()).toEqual(expected.sort());
      }),
      { numRuns: 60, seed: 20261121 },
    );
  });
});

describe('the number of a path', () => {
  test('stays what it is, as databases keep it', () => {
    const numbers = [
      [1, 'x'],
      [1, ''],
      [0, 'libc.so.6'],
      [70_000, 'ä€😀'],
    ].map(([directoryKey, name]) => pathNumber({ directoryKey: Number(directoryKey), name: String(name) }));
    expect(numbers).toEqual([-1_173_124_858, 543_097_909, 1_437_513_075, -1_498_240_647]);
  });

  test('has 32 bits with a sign, and is shared by as many names as chance has it', () => {
    const names = Array.from({ length: 200_000 }, (_, i) => `package${i % 5000}-1.${i}-1.fc40.x86_64.debug`);
    const numbers = names.map((name, i) => pathNumber({ directoryKey: i % 7, name }));
    expect(numbers.filter((number) => number !== (number | 0))).toEqual([]);
    // Of 32 bits, 200,000² / 2 / 2^32 pairs: 5, give or take 2. Any 24 of them: 1,192, give or take 35.
    expect(names.length - new Set(numbers).size).toBeLessThan(20);
    for (const shift of [0, 4, 8]) {
      const part = new Set(numbers.map((number) => (number >> shift) & 0xffffff));
      expect(names.length - part.size).toBeGreaterThan(1000);
      expect(names.length - part.size).toBeLessThan(1400);
    }
  });
});
