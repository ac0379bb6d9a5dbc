import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { type VerifyWork, verifyIndex } from '../../../daemon/cli/verify-run.ts';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { ReadableHolder } from '../../../daemon/cli/verify-sources.ts';
import type { Holder, IndexStore, LocalRpm } from '../../../daemon/store/types.ts';
import { SEEDED, storedFile } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';

const GREET = fileURLToPath(new URL('../../fixtures/rpms/greet-1.0-1.fc40.x86_64.rpm', import.meta.url));

function work(index: IndexStore, parts: Pick<VerifyWork, 'sources'> & Partial<VerifyWork>): VerifyWork {
  const progress = { show: () => undefined, say: () => undefined, end: () => undefined };
  return { index, sample: null, atOnce: 3, progress, signal: new AbortController().signal, ...parts };
}

const SCAN = await scanRpm(new FileRpmSource(GREET), { mode: 'payload' });

/** Greet's payload for whatever the index says. */
function readable(holder: Holder, before = (): Promise<void> => Promise.resolve()): ReadableHolder {
  return { holder, source: GREET, read: () => before().then(() => ({ ...SCAN, isSame: true })) };
}

function greet(): LocalRpm {
  const { files, ...facts } = SCAN;
  return { path: GREET, facts, files };
}

test('a sample comes upon no RPM twice, and looks on where it meets some that are not read', async () => {
  const { index } = openTestStore();
  const rpm = greet();
  const paths = Array.from({ length: 40 }, (_, number) => `/srv/${number}.rpm`);
  await index.replaceLocalRpms(paths.map((path) => ({ ...rpm, path })));
  const met: (string | null)[] = [];
  const sources: VerifyWork['sources'] = {
    sourceOf: (holder) => {
      const path = holder.rpm?.localPath ?? null;
      met.push(path);
      return path?.endsWith('7.rpm') === true ? readable(holder) : 'gone';
    },
  };
  const { outcomes } = await verifyIndex(work(index, { sources, sample: 4 }));
  expect(outcomes.agree).toBe(4);
  expect(outcomes.gone).toBe(met.length - 4);
  expect(new Set(met).size).toBe(met.length);
});

test('what was indexed again while it was read is compared as it is then', async () => {
  const { index } = openTestStore();
  const rpm = greet();
  await index.replaceLocalRpms([{ ...rpm, files: [storedFile('/usr/bin/greet', SEEDED.bin)] }]);
  const again = async (): Promise<void> => {
    await index.replaceLocalRpms([rpm]);
  };
  const sources: VerifyWork['sources'] = { sourceOf: (holder) => readable(holder, again) };
  const { outcomes } = await verifyIndex(work(index, { sources }));
  expect(outcomes).toMatchObject({ agree: 1, disagree: 0 });
});

test('an error that would meet the next RPM as well ends all', async () => {
  const { index } = openTestStore();
  await index.replaceLocalRpms([greet()]);
  const sources: VerifyWork['sources'] = {
    sourceOf: (holder) => readable(holder, () => Promise.reject(new Error('a defect'))),
  };
  await expect(verifyIndex(work(index, { sources }))).rejects.toThrow('a defect');
});
