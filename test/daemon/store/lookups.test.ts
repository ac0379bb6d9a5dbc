import { describe, expect, test } from '@jest/globals';
import type { Holder, IndexStore, IndexedArchive, IndexedSignature } from '../../../daemon/store/types.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import type { KojiArchiveId, KojiBuild } from '../../../shared/koji.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

const SHARED = sha1BuildId('shared');
const NVRA = { name: 'hello', version: '1.0', release: '2.fc40', arch: 'x86_64' };

/** Builds that all hold SHARED in an RPM with the same NVRA, from the worst to the best. */
async function storeRivals(index: IndexStore): Promise<void> {
  const rival = async (
    kojiBuildId: number,
    facts: Partial<KojiBuild>,
    signatures: IndexedSignature[] = [],
  ): Promise<void> => {
    const files = [storedFile('/usr/bin/x', SHARED)];
    await index.replaceBuild('fedora', kojiBuild(kojiBuildId, facts), [
      indexedRpm(kojiBuildId * 10, { files, signatures }),
    ]);
  };
  const signed = [{ sigkey: 'a15b79cc', copy: { size: 9 } }];
  await rival(9, { completedAt: 950 }, signed);
  await index.replaceBuild('fedora', kojiBuild(9, { completedAt: 950 }), []);
  await rival(1, { completedAt: 900 });
  await index.markBuildGone('fedora', kojiBuild(1, {}).kojiBuildId);
  await rival(2, { completedAt: 800 });
  await index.replaceBuild('fedora', kojiBuild(2, { completedAt: 800 }), []);
  await rival(3, { completedAt: 700, draft: true });
  await rival(4, { completedAt: null });
  await rival(5, { completedAt: 500.25 });
  await rival(6, { completedAt: 500.5 });
  await rival(7, { completedAt: 500.5 }, [{ sigkey: 'a15b79cc', copy: null }]);
  await rival(8, { completedAt: 100, draft: true }, signed);
  const facts = { ...NVRA, epoch: null, size: 1, payloadHash: null, buildTime: null, contentSize: null };
  await index.replaceLocalRpms([
    { path: '/srv/hello.rpm', facts, files: [storedFile('/usr/bin/x', SHARED)] },
  ]);
}

const BEST_FIRST = [80, 70, 60, 50, 40, 30, 90, 20, null, 10];

describe('the order of answers', () => {
  test('complete, listed, signed, release, newest, then by Koji’s number', async () => {
    const { index } = openTestStore();
    await storeRivals(index);
    const matches = (await index.findByBuildIds([SHARED])).get(SHARED) ?? [];
    expect(matches.map(({ rpm }) => rpm?.kojiRpmId)).toEqual(BEST_FIRST);
    expect((await index.findRpms(NVRA)).map((rpm) => rpm.kojiRpmId)).toEqual(BEST_FIRST);
    expect((await index.findByNvra(NVRA)).map(({ rpm }) => rpm.kojiRpmId)).toEqual(BEST_FIRST);
  });

  test('within a build, what runs goes before what only a debugger reads', async () => {
    const { index } = openTestStore();
    await index.replaceBuild('fedora', kojiBuild(1, {}), [
      indexedRpm(11, {
        files: [storedFile('/usr/bin/b', SHARED), storedFile('/usr/bin/a', SHARED)],
      }),
      indexedRpm(12, {
        name: 'hello-debuginfo',
        files: [storedFile('/usr/lib/debug/b', SHARED, 'debuginfo')],
      }),
    ]);
    const matches = (await index.findByBuildIds([SHARED])).get(SHARED) ?? [];
    expect(matches.map(({ file }) => file.path)).toEqual(['/usr/bin/a', '/usr/bin/b', '/usr/lib/debug/b']);
  });
});

describe('looking up build-ids', () => {
  test('many at once, each once, and nothing for those that are unknown', async () => {
    const { index } = openTestStore();
    const files = Array.from({ length: 300 }, (_, i) => storedFile(`/usr/lib/${i}`, sha1BuildId(i)));
    await index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(11, { files })]);
    const asked = Array.from({ length: 400 }, (_, i) => sha1BuildId(i));
    const found = await index.findByBuildIds([...asked, ...asked]);
    expect(found.size).toBe(300);
    for (const { buildId, path } of files) {
      expect(found.get(buildId)?.map(({ file }) => file.path)).toEqual([path]);
    }
    expect(await index.findByBuildIds([])).toEqual(new Map());
  });

  test('those that begin alike are told apart', async () => {
    const { index } = openTestStore();
    const alike = ['', '00', '01', '0100'].map((end) => `aabbccddeeff${end}` as BuildId);
    const files = alike.map((buildId) => storedFile(`/${buildId}`, buildId));
    await index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(11, { files })]);
    for (const buildId of alike) {
      const found = (await index.findByBuildIds([buildId])).get(buildId);
      expect(found?.map(({ file }) => file.path)).toEqual([`/${buildId}`]);
    }
  });
});

describe('looking up a prefix', () => {
  const all = [
    'aabbccdd',
    'aabbccdd00',
    'aabbccdd1111',
    'aabbccdd111122223333',
    'aabbccdd11112222ffff',
    'aabbccdd1112',
    'aabbccddffffffffffff',
    'aabbccde',
    'ffffffffffff',
    'ffffffffffffffffffff',
  ] as BuildId[];

  async function stored(): Promise<IndexStore> {
    const { index } = openTestStore();
    const files = [...all, ...all].reverse().map((buildId, i) => storedFile(`/${i}`, buildId));
    await index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(11, { files })]);
    return index;
  }

  test('of every length gives what begins with it, ascending and each once', async () => {
    const index = await stored();
    const prefixes = all.flatMap((buildId) =>
      Array.from({ length: buildId.length - 7 }, (_, i) => buildId.slice(0, 8 + i)),
    );
    for (const prefix of [...prefixes, '00000000', 'aabbccdd2', 'f'.repeat(130)]) {
      const expected = all.filter((buildId) => buildId.startsWith(prefix));
      expect([prefix, await index.findBuildIdsByPrefix(prefix, 100)]).toEqual([prefix, expected]);
    }
  });

  test('stops at the limit', async () => {
    const index = await stored();
    expect(await index.findBuildIdsByPrefix('aabbccdd', 3)).toEqual(all.slice(0, 3));
  });

  test('that is too short or no hex is refused', async () => {
    const index = await stored();
    for (const prefix of ['aabbccd', '', 'aabbccdg', 'AABBCCDD', '%'.repeat(8)]) {
      await expect(index.findBuildIdsByPrefix(prefix, 10)).rejects.toMatchObject({ code: 'bad_input' });
    }
  });
});

describe('looking up an NVRA', () => {
  test('gives files by path, and only this RPM’s', async () => {
    const { index } = openTestStore();
    const file = (path: string) => storedFile(path, sha1BuildId(path));
    await index.replaceBuild('fedora', kojiBuild(1, {}), [
      indexedRpm(11, { files: ['/b', '/a/z', '/a', '/B'].map(file) }),
      indexedRpm(12, { arch: 'i686', files: [file('/32')] }),
      indexedRpm(13, { release: '3.fc40', files: [file('/3')] }),
      indexedRpm(14, { version: '1.00', files: [file('/1.00')] }),
      indexedRpm(15, { name: 'hell', files: [file('/hell')] }),
    ]);
    const matches = await index.findByNvra(NVRA);
    expect(matches.map((match) => match.file.path)).toEqual(['/B', '/a', '/a/z', '/b']);
    expect(new Set(matches.map(({ rpm }) => rpm.kojiRpmId))).toEqual(new Set([11]));
    expect(await index.findByNvra({ ...NVRA, arch: 'riscv64' })).toEqual([]);
    expect(await index.findRpms({ ...NVRA, name: 'none' })).toEqual([]);
  });
});

function storedArchive(kojiArchiveId: number, path: string): IndexedArchive {
  const facts = { filename: 'a.tar', directory: 'images', type: 'tar', btype: 'image', arch: null };
  return {
    ...facts,
    kojiArchiveId: kojiArchiveId as KojiArchiveId,
    size: 1,
    checksum: 'aa',
    checksumType: 'md5',
    files: [storedFile(path, SHARED)],
  };
}

describe('a walk through the index', () => {
  test('meets RPMs in the order in which they came, then archives, each with its files', async () => {
    const { index } = openTestStore();
    expect(await index.lastHolderKeys()).toEqual({ rpm: 0, archive: 0 });
    expect(await index.holderFrom(1)).toBeNull();
    await storeRivals(index);
    const archives = [storedArchive(8, '/8'), storedArchive(9, '/9')];
    await index.replaceBuild('fedora', kojiBuild(8, {}), [], archives);
    const met: (number | string | null)[] = [];
    const step = ({ holderKey }: Holder): number => (holderKey > 0 ? holderKey + 1 : holderKey - 1);
    for (let held = await index.holderFrom(1); held !== null; held = await index.holderFrom(step(held))) {
      met.push(held.rpm?.kojiRpmId ?? held.rpm?.localPath ?? held.archive?.kojiArchiveId ?? null);
      const path = held.rpm === undefined ? `/${held.archive.kojiArchiveId}` : '/usr/bin/x';
      expect(held.files).toEqual([storedFile(path, SHARED)]);
      expect((await index.holderFrom(held.holderKey))?.holderKey).toBe(held.holderKey);
    }
    expect(met).toEqual([90, 10, 20, 30, 40, 50, 60, 70, 80, '/srv/hello.rpm', 8, 9]);
    expect(await index.lastHolderKeys()).toEqual({ rpm: 10, archive: -2 });
  });
});
