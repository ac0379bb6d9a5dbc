import { describe, expect, test } from '@jest/globals';
import { reconcile } from '../../daemon/reconciler-round.ts';
import { sweepStep } from '../../daemon/reconciler-sweep.ts';
import { DarkserverError } from '../../shared/errors.ts';
import { GREET, INSTANCE, fixtureRpm } from '../support/indexing.ts';
import { ids } from '../support/queue.ts';
import { type Reconciling, setUpReconciling } from '../support/reconciling.ts';

const DAY = 86_400_000;
/** Seconds. */
const OLD = 9 * 86_400;
const { signal } = new AbortController();

/** Sweeps to the end; returns how many steps that took and how many builds were queued. */
async function sweep(parts: Reconciling): Promise<{ steps: number; queued: number }> {
  let queued = 0;
  for (let steps = 1; ; steps++) {
    const step = await sweepStep(parts, DAY, signal);
    queued += step.queued;
    if (step.sweep !== 'goes on') return { steps, queued };
  }
}

async function setUp(): Promise<Reconciling> {
  const setting = await setUpReconciling();
  setting.build('before', OLD);
  await reconcile(setting, signal);
  return setting;
}

describe('a sweep', () => {
  test('finds what nothing else has told of', async () => {
    const setting = await setUp();
    const { koji, build, store, work } = setting;
    const changed = build('changed', OLD, [fixtureRpm(GREET.main)]);
    build('same', OLD, [fixtureRpm(GREET.main)]);
    const lost = build('lost', OLD);
    const tar = build('tar', OLD);
    await store.jobs.enqueue(INSTANCE, ids(changed, changed + 1, tar), 0);
    await work();
    koji.changes.addRpms(changed, [fixtureRpm(GREET.debuginfo)]);
    koji.changes.addArchive(tar, { path: fixtureRpm(GREET.main), btype: 'own', directory: 'files/own' });
    expect(await sweep(setting)).toEqual({ steps: 2, queued: 3 });
    expect(await work()).toEqual([tar, lost, changed]);
    expect((await store.instanceFacts(INSTANCE)).sweep).toMatchObject({ at: null, from: 6, found: 3 });
    setting.pass(DAY);
    expect((await sweep(setting)).queued).toBe(0);
  });

  test('leaves archives alone where none are read', async () => {
    const setting = await setUp();
    const { koji, build, store, work } = setting;
    const tar = build('tar', OLD);
    await store.jobs.enqueue(INSTANCE, ids(tar), 0);
    await work();
    koji.changes.addArchive(tar, { path: fixtureRpm(GREET.main), btype: 'own', directory: 'files/own' });
    expect((await sweep({ ...setting, readsArchives: false })).queued).toBe(0);
    setting.pass(DAY);
    expect((await sweep(setting)).queued).toBe(1);
  });

  test('does not miss what is older than the first contact, and compares what the index holds of it', async () => {
    const setting = await setUpReconciling();
    const { koji, build, store, work } = setting;
    const [held, other] = [build('held', OLD), build('other', OLD)];
    await reconcile(setting, signal);
    await store.jobs.enqueue(INSTANCE, ids(held), 0);
    await work();
    koji.data.builds = koji.data.builds.filter(({ getBuild }) => getBuild.id !== held);
    koji.changes.moveToVolume(other, 'vol2');
    expect((await sweep(setting)).queued).toBe(1);
    expect(await work()).toEqual([held]);
    expect(await store.index.getBuild(INSTANCE, ids(held)[0] ?? never())).toMatchObject({ state: 'deleted' });
    setting.pass(DAY);
    expect((await sweep(setting)).queued).toBe(0);
  });

  test('takes in builds that a hub which was restored from a backup has forgotten', async () => {
    const setting = await setUp();
    const { koji, build, store, work } = setting;
    const forgotten = build('forgotten', OLD);
    await store.jobs.enqueue(INSTANCE, ids(forgotten), 0);
    await work();
    koji.data.builds = koji.data.builds.filter(({ getBuild }) => getBuild.id !== forgotten);
    expect((await sweep(setting)).queued).toBe(1);
    expect(await work()).toEqual([forgotten]);
  });

  test('goes down from the newest, a hundred at a time, and on from where it was', async () => {
    const setting = await setUp();
    const { koji, build, store } = setting;
    for (let count = 0; count < 250; count++) build('many', OLD);
    expect(await sweepStep(setting, DAY, signal)).toEqual({ sweep: 'goes on', queued: 100 });
    expect((await store.instanceFacts(INSTANCE)).sweep).toMatchObject({ from: 252, at: 152, found: 100 });
    koji.requests.splice(0);
    expect(await sweepStep(setting, DAY, signal)).toEqual({ sweep: 'goes on', queued: 100 });
    expect(koji.requests).toHaveLength(1);
    expect(await sweep(setting)).toEqual({ steps: 2, queued: 50 });
    expect((await store.jobs.list({ limit: 999 })).map(({ kojiBuildId }) => kojiBuildId)).not.toContain(1);
  });

  test('that cannot queue what it found stays where it is', async () => {
    const setting = await setUp();
    const { build, store } = setting;
    build('lost', OLD);
    const enqueue = (): Promise<never> => Promise.reject(new DarkserverError('store', 'the disk is full'));
    const broken = { ...setting, store: { ...store, jobs: { ...store.jobs, enqueue } } };
    await expect(sweep(broken)).rejects.toThrow('the disk is full');
    expect((await sweep(setting)).queued).toBe(1);
  });

  test('rests until it is time for the next, also by a clock that was set back', async () => {
    const setting = await setUp();
    const { koji, pass } = setting;
    await sweep(setting);
    koji.requests.splice(0);
    pass(DAY - 60_000);
    expect(await sweep(setting)).toEqual({ steps: 1, queued: 0 });
    expect(koji.requests).toEqual([]);
    pass(60_000);
    await sweep(setting);
    expect(koji.requests.length).toBeGreaterThan(0);
    koji.requests.splice(0);
    pass(-30 * DAY);
    await sweep(setting);
    expect(koji.requests.length).toBeGreaterThan(0);
  });
});

function never(): never {
  throw new Error('this is there');
}
