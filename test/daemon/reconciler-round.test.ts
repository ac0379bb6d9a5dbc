import { describe, expect, test } from '@jest/globals';
import { PRIORITY } from '../../daemon/store/types.ts';
import { DarkserverError } from '../../shared/errors.ts';
import { INSTANCE } from '../support/indexing.ts';
import { type Reconciling, endedAgo, round, setUpKnown, setUpReconciling } from '../support/reconciling.ts';

const HOUR = 3600_000;
const DAY = 24 * HOUR;

async function queued({ store: { jobs } }: Reconciling): Promise<number[]> {
  return (await jobs.list({ state: 'queued', limit: 999 })).map(({ kojiBuildId }) => kojiBuildId);
}

describe('the first contact', () => {
  test('leaves what was there to backfill, but for the last hour', async () => {
    const setting = await setUpReconciling();
    const { build, work, store } = setting;
    build('old', 2 * 86_400);
    build('old', 3700);
    const recent = build('recent', 3500);
    build('old', 2 * 86_400);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([recent]);
    expect(await round(setting)).toBe(0);
    expect(await store.instanceFacts(INSTANCE)).toMatchObject({ reconciledKojiBuildId: 4 });
  });

  test('of a Koji without builds: its first one is new', async () => {
    const setting = await setUpReconciling();
    expect(await round(setting)).toBe(0);
    const first = setting.build('first', 10 * 86_400);
    expect(await round(setting)).toBe(1);
    expect(await setting.work()).toEqual([first]);
  });

  test('that ends before its round does: what was building then is found however late the next one is', async () => {
    const setting = await setUpReconciling();
    const { koji, build, pass, work } = setting;
    const begun = koji.changes.addBuild({ name: 'begun', version: '1', release: '1', state: 'BUILDING' });
    koji.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'delay', milliseconds: 1 });
    koji.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'reset' });
    await expect(round(setting)).rejects.toThrow(DarkserverError);
    koji.changes.completeBuild(begun);
    const next = build('next', 0);
    pass(30 * DAY);
    expect(await round(setting)).toBe(2);
    expect((await work()).toSorted()).toEqual([begun, next]);
  });
});

describe('new builds', () => {
  test('are queued behind announcements and before backfill, and the workers are woken', async () => {
    const setting = await setUpKnown();
    const kojiBuildId = setting.build('new', 0);
    const woken = setting.wakeUps();
    expect(await round(setting)).toBe(1);
    expect(await setting.store.jobs.list({ limit: 9 })).toMatchObject([
      { kojiBuildId, state: 'queued', priority: PRIORITY.reconcile },
    ]);
    expect(setting.wakeUps()).toBe(woken + 1);
    await setting.work();
    expect(await round(setting)).toBe(0);
    expect(setting.wakeUps()).toBe(woken + 1);
  });

  test('are found by their ids, whatever they say of when they ended', async () => {
    const setting = await setUpKnown();
    const all = Array.from({ length: 230 }, () => setting.build('generated', 10 * 86_400));
    expect(await round(setting)).toBe(230);
    expect(await queued(setting)).toEqual(all);
  });

  test('that are not complete are not looked at before they are', async () => {
    const setting = await setUpKnown();
    const { koji, build, work } = setting;
    const begin = (name: string): number =>
      koji.changes.addBuild({ name, version: '1', release: '1', state: 'BUILDING' });
    const [good, bad] = [begin('good'), begin('bad')];
    const gone = build('gone', 0);
    koji.changes.deleteBuild(gone);
    expect(await round(setting)).toBe(0);
    setting.pass(3 * HOUR);
    koji.changes.completeBuild(good);
    endedAgo(koji, good, -2 * 3600);
    koji.changes.failBuild(bad);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([good]);
  });

  test('that are committed after younger ones are found by when they ended', async () => {
    const setting = await setUpKnown();
    const { koji, build, work } = setting;
    const late = build('late', 0);
    const held = koji.data.builds.splice(0);
    const young = { ...held[0], getBuild: { ...held[0]?.getBuild, id: 2, build_id: 2 } } as (typeof held)[0];
    koji.data.builds.push(young);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([2]);
    koji.data.builds.push(...held);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([late]);
  });

  test('are looked for since the last round that succeeded', async () => {
    const setting = await setUpReconciling();
    const { koji, store, work } = setting;
    const begun = koji.changes.addBuild({ name: 'begun', version: '1', release: '1', state: 'BUILDING' });
    await round(setting);
    setting.pass(20 * HOUR);
    koji.troubles.order({}, { kind: 'status', status: 503 });
    await expect(round(setting)).rejects.toThrow('HTTP 503');
    koji.troubles.clear();
    koji.changes.completeBuild(begun);
    setting.pass(10 * HOUR);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([begun]);
    const { lastReconciled } = await store.instanceFacts(INSTANCE);
    expect(lastReconciled).toBeGreaterThan(Date.now() + 29 * HOUR);
  });

  test('are found by a clock that was set back', async () => {
    const setting = await setUpReconciling();
    const { koji, pass, work } = setting;
    const begun = koji.changes.addBuild({ name: 'begun', version: '1', release: '1', state: 'BUILDING' });
    pass(30 * DAY);
    await round(setting);
    pass(-30 * DAY);
    koji.changes.completeBuild(begun);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([begun]);
  });
});

describe('what ends the program', () => {
  test('before builds are queued leaves them to the next round', async () => {
    const setting = await setUpKnown();
    const { build, store, work } = setting;
    const kojiBuildId = build('new', 2 * 86_400);
    const enqueue = (): Promise<never> => Promise.reject(new DarkserverError('store', 'the disk is full'));
    const broken = { ...setting, store: { ...store, jobs: { ...store.jobs, enqueue } } };
    const before = await store.instanceFacts(INSTANCE);
    await expect(round(broken)).rejects.toThrow('the disk is full');
    expect(await store.instanceFacts(INSTANCE)).toEqual(before);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([kojiBuildId]);
  });

  test('in the middle of many keeps what is queued, and goes on from there', async () => {
    const setting = await setUpKnown();
    const { koji, build, store } = setting;
    const all = Array.from({ length: 230 }, () => build('new', 2 * 86_400));
    koji.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'delay', milliseconds: 1 });
    koji.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'cut' });
    await expect(round(setting)).rejects.toThrow(DarkserverError);
    expect(await store.instanceFacts(INSTANCE)).toMatchObject({ reconciledKojiBuildId: 100 });
    koji.requests.splice(0);
    expect(await round(setting)).toBe(130);
    expect(koji.requests.filter(({ method }) => method === 'multiCall')).toHaveLength(2);
    expect(await queued(setting)).toEqual(all);
  });
});
