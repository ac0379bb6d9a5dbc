import { describe, expect, test } from '@jest/globals';
import { HubFault } from '../../daemon/koji/codec.ts';
import { compareCounts } from '../../daemon/reconciler-counts.ts';
import { reconcile } from '../../daemon/reconciler-round.ts';
import { DarkserverError } from '../../shared/errors.ts';
import { altered } from '../support/altered.ts';
import { INSTANCE } from '../support/indexing.ts';
import { ids } from '../support/queue.ts';
import { type Reconciling, endedAgo, setUpReconciling } from '../support/reconciling.ts';

const DAY = 86_400;
const { signal } = new AbortController();

async function compare(parts: Reconciling, isTime = (): boolean => false): Promise<number> {
  return (await compareCounts(parts, signal, isTime)).queued;
}

interface Setting extends Reconciling {
  /** Of the index, as many days old as their place from 1 on; the last two are drafts. */
  readonly builds: readonly number[];
}

/** An index of six old builds, and counts of how they are. */
async function setUp(): Promise<Setting> {
  const setting = await setUpReconciling();
  await reconcile(setting, signal);
  const { koji, work } = setting;
  const builds = Array.from({ length: 6 }, (_, at) => {
    const kojiBuildId = koji.changes.addBuild({ name: `b${at}`, version: '1', release: '1', draft: at > 3 });
    endedAgo(koji, kojiBuildId, (at + 1) * DAY);
    return kojiBuildId;
  });
  koji.changes.moveToVolume(builds[3] ?? 0, 'vol2');
  await reconcile(setting, signal);
  expect(await work()).toEqual(builds);
  expect(await compare(setting)).toBe(0);
  koji.requests.splice(0);
  return { ...setting, builds };
}

type Change = (koji: Reconciling['koji'], builds: readonly [number, number, number, number, number]) => void;

describe('builds of long ago', () => {
  test.each<[string, Change, number]>([
    [
      'deleted',
      ({ changes }, [first]) => {
        changes.deleteBuild(first);
      },
      0,
    ],
    [
      'reset',
      ({ changes }, [, second]) => {
        changes.resetBuild(second);
      },
      1,
    ],
    [
      'moved',
      ({ changes }, [, , third]) => {
        changes.moveToVolume(third, 'vol2');
      },
      2,
    ],
    [
      'moved back',
      ({ changes }, [, , , fourth]) => {
        changes.moveToVolume(fourth, 'DEFAULT');
      },
      3,
    ],
    [
      'moved to a volume that is new',
      ({ changes }, [first]) => {
        changes.moveToVolume(first, 'vol3');
      },
      0,
    ],
    [
      'promoted',
      ({ changes }, [, , , , fifth]) => {
        changes.promoteBuild(fifth);
      },
      4,
    ],
  ])('that were %s are looked at again, once', async (_what, change, which) => {
    const setting = await setUp();
    const { koji, builds, work } = setting;
    change(koji, builds as unknown as Parameters<Change>[1]);
    expect(await compare(setting)).toBe(1);
    expect(await work()).toEqual([builds[which]]);
    expect(await compare(setting)).toBe(0);
    koji.requests.splice(0);
    expect(await compare(setting)).toBe(0);
    expect(koji.requests.filter(({ method }) => method === 'multiCall').length).toBeLessThanOrEqual(5);
  });

  test('that the index does not hold are no concern, and are counted', async () => {
    const setting = await setUpReconciling();
    const { koji, build } = setting;
    const old = build('old', 40 * DAY);
    await reconcile(setting, signal);
    koji.changes.deleteBuild(old);
    expect(await compare(setting)).toBe(0);
    koji.requests.splice(0);
    expect(await compare(setting)).toBe(0);
    expect(koji.requests.filter(({ method }) => method === 'multiCall')).toHaveLength(3);
  });

  test('of before 1970, as a content generator may date them, are counted with the first', async () => {
    const setting = await setUp();
    const { koji, builds, hub, store } = setting;
    const [first = 0] = builds;
    endedAgo(koji, first, Date.now() / 1000 + DAY);
    const [known] = await hub.getBuilds(ids(first));
    if (known == null) throw new Error('it is there');
    await store.index.replaceBuild(INSTANCE, known, null);
    await compare(setting);
    koji.changes.deleteBuild(first);
    expect(await compare(setting)).toBe(1);
  });

  test('that were dated anew, and changed since in a way that adds up to nothing, are found', async () => {
    const setting = await setUp();
    const { koji, builds, hub, store, work } = setting;
    const draft = builds[4] ?? 0;
    endedAgo(koji, draft, 100 * DAY);
    // Whoever else tells the index of it, such as a push.
    const [known] = await hub.getBuilds(ids(draft));
    if (known == null) throw new Error('it is there');
    await store.index.replaceBuild(INSTANCE, known, null);
    expect(await compare(setting)).toBe(0);
    koji.changes.promoteBuild(draft);
    expect(await compare(setting)).toBe(1);
    expect(await work()).toEqual([draft]);
  });

  test('of which one comes where another goes between two looks: the one that the index saw is compared', async () => {
    const setting = await setUp();
    const { koji, builds, hub, store, work } = setting;
    const [first = 0] = builds;
    koji.changes.moveToVolume(first, 'vol2');
    const [known] = await hub.getBuilds(ids(first));
    if (known == null) throw new Error('it is there');
    await store.index.replaceBuild(INSTANCE, known, null);
    koji.changes.moveToVolume(first, 'DEFAULT');
    expect(await compare(setting)).toBe(1);
    expect(await work()).toEqual([first]);
  });
});

describe('a comparison', () => {
  test('that is interrupted goes on where it was, and what it has counted stays', async () => {
    const setting = await setUp();
    const { koji, builds, work } = setting;
    for (const kojiBuildId of builds) koji.changes.deleteBuild(kojiBuildId);
    let looks = 0;
    expect(await compare(setting, () => looks++ > 5)).toBeGreaterThan(0);
    expect((await work()).length).toBeLessThan(6);
    await compare(setting);
    await work();
    expect(await compare(setting)).toBe(0);
  });

  test('that cannot queue what it found counts nothing', async () => {
    const setting = await setUp();
    const { koji, builds, store } = setting;
    koji.changes.deleteBuild(builds[0] ?? 0);
    const enqueue = (): Promise<never> => Promise.reject(new DarkserverError('store', 'the disk is full'));
    const broken = { ...setting, store: { ...store, jobs: { ...store.jobs, enqueue } } };
    await expect(compare(broken)).rejects.toThrow('the disk is full');
    expect(await compare(setting)).toBe(1);
  });

  test('with a Koji that knows no drafts leaves them out', async () => {
    const setting = await setUp();
    const { koji, builds, hub } = setting;
    koji.changes.deleteBuild(builds[0] ?? 0);
    const refusal = "listBuilds() got an unexpected keyword argument 'draft'";
    const countBuilds: typeof hub.countBuilds = (queries, ...rest) =>
      queries.some(({ draft }) => draft)
        ? Promise.reject(new HubFault('listBuilds', 1019, refusal))
        : hub.countBuilds(queries, ...rest);
    const old = { ...setting, hub: altered(hub, { countBuilds }) };
    expect(await compare(old)).toBe(1);
  });
});
