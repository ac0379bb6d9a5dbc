import { expect, test } from '@jest/globals';
import { whyNoRpm } from '../../../daemon/lookup/not-found.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { indexedRpm, kojiBuild } from '../../support/seed-store.ts';
import { openTestStore } from '../../support/test-store.ts';

test('an RPM may be of a build with a shorter name, but not every dash of a long one is tried', async () => {
  const store = openTestStore();
  const build = kojiBuild(1, { version: '1', release: '2' });
  await store.index.replaceBuild('fedora', build, [indexedRpm(101, { files: [] })]);
  let asked = 0;
  const index: typeof store.index = {
    ...store.index,
    findBuilds: (nvr) => {
      asked++;
      return store.index.findBuilds(nvr);
    },
  };
  const why = (name: string) => whyNoRpm(requireNvra(`${name}-1-2.x86_64`), { index, jobs: store.jobs });
  expect((await why('hello-libs-devel'))?.notFound.reason).toBe('absent');
  expect(asked).toBe(3);
  expect(await why(`hello${'-x'.repeat(5000)}`)).toBeNull();
  expect(asked).toBeLessThan(50);
});
