import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { type VerifyWork, verifyIndex } from '../../../daemon/cli/verify-run.ts';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';
import { scanRpm } from '../../../daemon/indexer/scan-rpm.ts';
import type { IndexStore, LocalRpm } from '../../../daemon/store/types.ts';
import { SEEDED, storedFile } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';

const GREET = fileURLToPath(new URL('../../fixtures/rpms/greet-1.0-1.fc40.x86_64.rpm', import.meta.url));

function work(index: IndexStore, parts: Pick<VerifyWork, 'sources'> & Partial<VerifyWork>): VerifyWork {
  const progress = { show: () => undefined, say: () => undefined, end: () => undefined };
  return { index, sample: null, atOnce: 3, progress, signal: new AbortController().signal, ...parts };
}

async function greet(): Promise<LocalRpm> {
  const { files, ...facts } = await scanRpm(new FileRpmSource(GREET), { mode: 'payload' });
  return { path: GREET, facts, files };
}

test('a sample comes upon no RPM twice, and looks on where it meets some that are not read', async () => {
  const { index } = openTestStore();
  const rpm = await greet();
  const paths = Array.from({ length: 40 }, (_, number) => `/srv/${number}.rpm`);
  await index.replaceLocalRpms(paths.map((path) => ({ ...rpm, path })));
  const met: (string | null)[] = [];
  const sources: VerifyWork['sources'] = {
    sourceOf: ({ localPath }) => {
      met.push(localPath);
      return localPath?.endsWith('7.rpm') === true ? new FileRpmSource(GREET) : 'gone';
    },
  };
  const { rpms } = await verifyIndex(work(index, { sources, sample: 4 }));
  expect(rpms.agree).toBe(4);
  expect(rpms.gone).toBe(met.length - 4);
  expect(new Set(met).size).toBe(met.length);
});

test('what was indexed again while it was read is compared as it is then', async () => {
  const { index } = openTestStore();
  const rpm = await greet();
  await index.replaceLocalRpms([{ ...rpm, files: [storedFile('/usr/bin/greet', SEEDED.bin)] }]);
  class SlowSource extends FileRpmSource {
    override async open(start: number, options?: { expect?: number; signal?: AbortSignal }) {
      await index.replaceLocalRpms([rpm]);
      return super.open(start, options);
    }
  }
  const { rpms } = await verifyIndex(work(index, { sources: { sourceOf: () => new SlowSource(GREET) } }));
  expect(rpms).toMatchObject({ agree: 1, disagree: 0 });
});

test('an error that would meet the next RPM as well ends all', async () => {
  const { index } = openTestStore();
  await index.replaceLocalRpms([await greet()]);
  const sources = {
    sourceOf: () => ({ name: 'x.rpm', open: () => Promise.reject(new Error('a defect')) }),
  };
  await expect(verifyIndex(work(index, { sources }))).rejects.toThrow('a defect');
});
