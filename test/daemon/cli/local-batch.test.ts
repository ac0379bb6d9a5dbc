import { afterEach, expect, jest, test } from '@jest/globals';
import type { BuildId } from '../../../shared/build-id.ts';
import { LocalBatch } from '../../../daemon/cli/local-batch.ts';
import type { ScanMode } from '../../../daemon/indexer/types.ts';
import type { LocalRpm, StoredFile } from '../../../daemon/store/types.ts';
import { storedFile } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';

const FACTS = {
  name: 'a',
  epoch: null,
  version: '1',
  release: '1',
  arch: 'i686',
  size: 9,
  payloadHash: 'aa',
  buildTime: null,
  contentSize: null,
};

function rpm(number: number, files: StoredFile[] = []): LocalRpm {
  return { path: `/srv/${number}.rpm`, facts: FACTS, files };
}

function filesOf(count: number, path: string): StoredFile[] {
  return Array.from({ length: count }, (_, i) =>
    storedFile(path, i.toString(16).padStart(8, '0').padEnd(40, '0') as BuildId),
  );
}

/** A batch over a store of its own, and what it said. */
function openBatch(scan: ScanMode = 'header') {
  const { index } = openTestStore();
  const said: string[] = [];
  const batch = new LocalBatch(index, scan, ({ path }, error) =>
    said.push(`${path} ${error?.code ?? 'stored'}`),
  );
  return { batch, said, stored: async () => (await index.counts()).rpms };
}

afterEach(() => {
  jest.restoreAllMocks();
});

test('what is read quickly waits for more, and says so', async () => {
  jest.spyOn(performance, 'now').mockReturnValue(0);
  const { batch, said, stored } = openBatch();
  await batch.add(rpm(1));
  await batch.add(rpm(2));
  expect([await stored(), said]).toEqual([0, []]);
  await batch.write();
  expect([await stored(), said]).toEqual([2, ['/srv/1.rpm stored', '/srv/2.rpm stored']]);
  await batch.write();
  expect(said).toHaveLength(2);
});

test('what takes long to read does not wait', async () => {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  const { batch, stored } = openBatch();
  clock.mockReturnValue(60_000);
  await batch.add(rpm(1));
  expect(await stored()).toBe(1);
  await batch.add(rpm(2));
  expect(await stored()).toBe(1);
});

test.each([
  ['header', 1000],
  ['auto', 1050],
  ['payload', 1050],
] as const)('many RPMs are written without being asked for: %s', async (scan, written) => {
  jest.spyOn(performance, 'now').mockReturnValue(0);
  const { batch, stored } = openBatch(scan);
  for (let number = 0; number < 1060; number++) await batch.add(rpm(number));
  expect(await stored()).toBe(written);
});

test('so are many files', async () => {
  jest.spyOn(performance, 'now').mockReturnValue(0);
  const { batch, stored } = openBatch();
  await batch.add(rpm(1, filesOf(19_000, '/a')));
  expect(await stored()).toBe(0);
  await batch.add(rpm(2, filesOf(1000, '/a')));
  expect(await stored()).toBe(2);
});

test('one that the index cannot hold keeps no other out', async () => {
  const { batch, said, stored } = openBatch();
  await batch.add(rpm(1, filesOf(1, 'x'.repeat(5000))));
  await batch.add(rpm(2));
  await batch.write();
  expect([await stored(), said]).toEqual([1, ['/srv/1.rpm limit', '/srv/2.rpm stored']]);
});
