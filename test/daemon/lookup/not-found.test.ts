import { beforeEach, describe, expect, test } from '@jest/globals';
import { NO_EXTRAS } from '../../../daemon/lookup/matches.ts';
import { whyNoRpm } from '../../../daemon/lookup/not-found.ts';
import type { Hint, Lookup } from '../../../daemon/lookup/types.ts';
import { PRIORITY, type Store } from '../../../daemon/store/types.ts';
import { requireAskedBuildId } from '../../../shared/build-id-forms.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { SEEDED, indexedRpm, kojiBuild } from '../../support/seed-store.ts';
import { nvrOf, pend, setUpLookup } from '../../support/seeded-lookup.ts';
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

describe('why a build-id is not found', () => {
  let store: Store;
  let lookup: Lookup;
  beforeEach(async () => {
    ({ store, lookup } = await setUpLookup());
  });

  const why = async (hint: Partial<Hint>) => {
    const asked = requireAskedBuildId(SEEDED.absent);
    const answer = await lookup.byBuildId(asked, NO_EXTRAS, { build: null, rpm: null, ...hint });
    return 'notFound' in answer ? answer.notFound.reason : 'found';
  };

  test('can be told where somebody says where it should be', async () => {
    expect(await why({})).toBe('unknown');
    expect(await why({ build: nvrOf('nothing-1-1') })).toBe('unknown');
    expect(await why({ rpm: requireNvra('nothing-1-1.x86_64') })).toBe('unknown');
    expect(await why({ build: nvrOf('hello-1.0-2.fc40') })).toBe('absent');
    expect(await why({ rpm: requireNvra('hello-1.0-2.fc40.x86_64') })).toBe('absent');
    await pend(store.jobs, 1);
    expect(await why({ build: nvrOf('hello-1.0-2.fc40') })).toBe('queued');
    expect(await why({ rpm: requireNvra('hello-part-1.0-2.fc40.x86_64') })).toBe('queued');
    await pend(store.jobs, 1, 'no more room');
    expect(await why({ build: nvrOf('hello-1.0-2.fc40') })).toBe('failed');
  });

  test('is not told of what was deleted before it was read, is not built yet, or was passed over', async () => {
    await store.index.replaceBuild('fedora', kojiBuild(79, { name: 'begun', state: 'building' }), null);
    expect(await why({ build: nvrOf('begun-1.0-2.fc40') })).toBe('queued');
    await store.index.replaceBuild('fedora', kojiBuild(80, { name: 'gone', state: 'deleted' }), null);
    await store.index.replaceBuild('fedora', kojiBuild(81, { name: 'broken', state: 'failed' }), null);
    expect(await why({ build: nvrOf('gone-1.0-2.fc40') })).toBe('failed');
    expect(await why({ rpm: requireNvra('gone-libs-1.0-2.fc40.x86_64') })).toBe('failed');
    await store.index.replaceBuild('fedora', kojiBuild(82, { name: 'big' }), [
      indexedRpm(821, { name: 'big', arch: 's390x', contentSize: null, files: [] }),
      indexedRpm(822, { name: 'big', arch: 'src', contentSize: null, files: [] }),
    ]);
    expect(await why({ rpm: requireNvra('big-1.0-2.fc40.s390x') })).toBe('failed');
    expect(await why({ rpm: requireNvra('big-1.0-2.fc40.src') })).toBe('absent');
    // Of one that was read it is known what it held; one that failed has nothing.
    expect(await why({ build: nvrOf('hello-1.0-3.fc40') })).toBe('absent');
    expect(await why({ build: nvrOf('broken-1.0-2.fc40') })).toBe('absent');
  });

  test('may be that one of many RPMs of its build could not be read', async () => {
    const rpms = Array.from({ length: 600 }, (_, number) =>
      indexedRpm(8200 + number, { name: `much${number}`, files: [] }),
    );
    const broken = indexedRpm(8900, {
      ...{ name: 'much-broken', files: { error: 'format', message: 'its cpio ends early' } },
    });
    const nvr = { name: 'much', version: '1.0', release: '2.fc40' };
    await store.index.replaceBuild('fedora', kojiBuild(82, nvr), rpms);
    expect(await why({ build: nvr })).toBe('absent');
    await store.index.replaceBuild('fedora', kojiBuild(82, nvr), [...rpms, broken]);
    const asked = requireAskedBuildId(SEEDED.absent);
    expect(await lookup.byBuildId(asked, NO_EXTRAS, { build: nvr, rpm: null })).toMatchObject({
      notFound: {
        reason: 'failed',
        message: 'much-broken-1.0-2.fc40.x86_64 of much-1.0-2.fc40 could not be read: its cpio ends early',
      },
    });
    // Koji lists it no more.
    await store.index.replaceBuild('fedora', kojiBuild(82, nvr), rpms);
    expect(await why({ build: nvr })).toBe('absent');
  });

  test('may be that another Koji has the build in its queue', async () => {
    const nvr = { name: 'twice', version: '1.0', release: '2.fc40' };
    await store.index.replaceBuild('fedora', kojiBuild(83, nvr), []);
    await store.index.replaceBuild('plain', kojiBuild(84, { ...nvr, completedAt: 1 }), []);
    expect(await why({ build: nvr })).toBe('absent');
    await store.jobs.enqueue('plain', [84 as KojiBuildId], PRIORITY.push);
    expect(await why({ build: nvr })).toBe('queued');
  });
});
