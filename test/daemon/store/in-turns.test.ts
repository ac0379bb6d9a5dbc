import { expect, test } from '@jest/globals';
import { inTurns } from '../../../daemon/store/in-turns.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { openTestStore } from '../../support/test-store.ts';
import { turnsDuring } from '../../support/turns.ts';

test('a long question is answered in pieces, and whole', async () => {
  const pieces: number[] = [];
  const ask = (asked: readonly number[]) =>
    inTurns(asked, 3, (piece) => {
      pieces.push(piece.length);
      return Promise.resolve(new Map(piece.map((each) => [each, each * each])));
    });
  expect([...(await ask([1, 2, 3, 4, 5, 6, 7]))].map(([, square]) => square)).toEqual([
    1, 4, 9, 16, 25, 36, 49,
  ]);
  expect(pieces).toEqual([3, 3, 1]);
  expect((await ask([])).size).toBe(0);
});

test('others have turns while the siblings of a thousand builds are read, and the copies of all their RPMs', async () => {
  const { index, repositories } = openTestStore();
  const facts = { version: '1', release: '1' };
  await index.replaceBuild('fedora', kojiBuild(1000, facts), [
    indexedRpm(1, { ...facts, arch: 'src', files: [] }),
  ]);
  const builds = Array.from({ length: 1000 }, (_, number) => ({
    instance: 'fedora',
    kojiBuildId: (number + 1) as KojiBuildId,
  }));
  let rpms: unknown;
  const turns = await turnsDuring(async () => {
    rpms = [...(await index.findSiblings(builds)).values()];
  });
  expect(rpms).toMatchObject([[{ arch: 'src' }]]);
  expect(turns).toBeGreaterThan(5);
  const many = Array.from({ length: 20_000 }, () => ({
    ...{ name: 'hello', ...facts, arch: 'x86_64', epoch: null, buildTime: null, contentSize: null },
    build: { instance: 'fedora' },
  }));
  expect(await turnsDuring(() => repositories.copiesOf(many))).toBeGreaterThan(5);
});

test('others have turns while a batch of build-ids is looked up, all of which are found', async () => {
  const { index } = openTestStore();
  const buildIds = Array.from({ length: 1000 }, (_, number) => sha1BuildId(number));
  const files = buildIds.map((buildId) => storedFile(`/usr/bin/${buildId}`, buildId));
  await index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(1, { files })]);
  let found = 0;
  const turns = await turnsDuring(async () => {
    found = (await index.findByBuildIds(buildIds)).size;
  });
  expect(found).toBe(1000);
  expect(turns).toBeGreaterThan(4);
});
