import { expect, test } from '@jest/globals';
import { indexedRpm, kojiBuild, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { openTestStore } from '../../support/test-store.ts';

const [ONE, TWO] = [sha1BuildId(1), sha1BuildId(2)];
const FACTS = indexedRpm(1, { files: [] });

test('build-ids are counted once, in one transaction and in several', async () => {
  const { index } = openTestStore();
  const files = [storedFile('/a', ONE), storedFile('/b', ONE), storedFile('/c', TWO)];
  await index.replaceBuild('fedora', kojiBuild(1, {}), [
    indexedRpm(11, { files }),
    indexedRpm(12, { files }),
  ]);
  await index.replaceBuild('fedora', kojiBuild(2, {}), [indexedRpm(21, { files })]);
  expect(await index.counts()).toMatchObject({ files: 9, buildIds: 2 });
});

test('what a transaction has written and taken away again counts anew', async () => {
  const { index } = openTestStore();
  const rpm = { path: '/srv/a.rpm', facts: FACTS, files: [storedFile('/a', ONE)] };
  await index.replaceLocalRpms([rpm, rpm]);
  expect(await index.counts()).toMatchObject({ files: 1, buildIds: 1 });
});

test('what a transaction has written that was rolled back counts anew', async () => {
  const { index } = openTestStore();
  const files = [storedFile('/a/b', ONE)];
  const broken = index.replaceBuild('fedora', kojiBuild(1, {}), [
    indexedRpm(11, { files }),
    indexedRpm(12, { files: 'keep' }),
  ]);
  await expect(broken).rejects.toThrow('was never stored');
  await index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(11, { files })]);
  expect(await index.counts()).toMatchObject({ files: 1, buildIds: 1 });
  expect((await index.findByBuildIds([ONE])).get(ONE)?.map(({ file }) => file.path)).toEqual(['/a/b']);
});
