import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Lookup } from '../../../daemon/lookup/types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { type BatchAnswer, batchAnswer, upstreamRow } from '../../../shared/api.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { SEEDED, indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { found, matchesOf, setUpLookup } from '../../support/seeded-lookup.ts';
import { turnsDuring } from '../../support/turns.ts';

let store: Store;
let lookup: Lookup;
beforeEach(async () => {
  ({ store, lookup } = await setUpLookup());
});

function batch(...buildIds: readonly BuildId[]): Promise<BatchAnswer> {
  return lookup.byBuildIds(buildIds.map(requireAskedBuildId));
}

describe('several build-ids', () => {
  test('each have their matches, or why there are none', async () => {
    const answer = await batch(SEEDED.bin, SEEDED.absent, SEEDED.shared);
    expect(batchAnswer.parse(answer)).toStrictEqual(answer);
    expect(Object.keys(answer.results).sort()).toStrictEqual(
      [SEEDED.bin, SEEDED.absent, SEEDED.shared].sort(),
    );
    expect(answer.results[SEEDED.bin]).toStrictEqual({ matches: await matchesOf(lookup, SEEDED.bin) });
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
