import { describe, expect, test } from '@jest/globals';
import { reconcile } from '../../daemon/reconciler-round.ts';
import { PRIORITY } from '../../daemon/store/types.ts';
import { DarkserverError } from '../../shared/errors.ts';
import { GREET, INSTANCE, fixtureRpm } from '../support/indexing.ts';
import { claim, ids } from '../support/queue.ts';
import { type Reconciling, endedAgo, setUpReconciling } from '../support/reconciling.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function round(parts: Reconciling): Promise<number> {
  return (await reconcile(parts, new AbortController().signal)).queued;
}

async function queued({ store: { jobs } }: Reconciling): Promise<number[]> {
  return (await jobs.list({ state: 'queued', limit: 999 })).map(({ kojiBuildId }) => kojiBuildId);
}

/** A Koji that was asked once already. */
async function setUpKnown(): Promise<Reconciling> {
  const setting = await setUpReconciling();
  await round(setting);
  return setting;
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

describe('builds that the index holds', () => {
  test('as Koji has them are left alone', async () => {
    const setting = await setUpReconciling(StandInHub.recorded());
    const { hub, store } = setting;
    for (const build of await hub.getBuilds(ids(...Array.from({ length: 17 }, (_, index) => index + 1)))) {
      if (build !== null) await store.index.replaceBuild(INSTANCE, build, null);
    }
    setting.pass(365 * DAY);
    await store.recordReconciled(INSTANCE, {
      kojiBuildId: 0,
      kojiRpmId: 999,
      kojiArchiveId: 999,
      time: 2 * HOUR,
    });
    for (const build of await hub.getBuilds(ids(4))) {
      if (build !== null) await store.index.replaceBuild(INSTANCE, { ...build, volume: 'vol9' }, null);
    }
    expect(await round(setting)).toBe(1);
    expect(await store.jobs.list({ limit: 99 })).toMatchObject([{ kojiBuildId: 4 }]);
  });

  test.each<[string, (setting: Reconciling, kojiBuildId: number) => void]>([
    [
      'moved',
      ({ koji }, id) => {
        koji.changes.moveToVolume(id, 'vol2');
      },
    ],
    [
      'promoted',
      ({ koji }, id) => {
        koji.changes.promoteBuild(id);
      },
    ],
    [
      'deleted',
      ({ koji }, id) => {
        koji.changes.deleteBuild(id);
      },
    ],
    [
      'reset and built again',
      ({ koji }, id) => {
        koji.changes.resetBuild(id);
        koji.changes.completeBuild(id);
      },
    ],
  ])('and that were %s are looked at again, once', async (_what, change) => {
    const setting = await setUpKnown();
    const { koji, work } = setting;
    const kojiBuildId = koji.changes.addBuild({ name: 'draft', version: '1', release: '1', draft: true });
    await round(setting);
    expect(await work()).toEqual([kojiBuildId]);
    expect(await round(setting)).toBe(0);
    setting.pass(MINUTE);
    change(setting, kojiBuildId);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([kojiBuildId]);
    expect(await round(setting)).toBe(0);
  });

  test.each([0, 5])('and that get an RPM %i days later are looked at again, once', async (days) => {
    const setting = await setUpKnown();
    const { koji, build, pass, work, store } = setting;
    const kojiBuildId = build('greet', 0, [fixtureRpm(GREET.main)]);
    build('other', 0, [fixtureRpm(GREET.libs)]);
    await round(setting);
    await work();
    pass(days * DAY);
    koji.changes.addRpms(kojiBuildId, [fixtureRpm(GREET.debuginfo)]);
    expect(await round(setting)).toBe(1);
    expect(await work()).toEqual([kojiBuildId]);
    expect(await store.index.knownRpms(INSTANCE, ids(kojiBuildId)[0] ?? never())).toHaveLength(2);
    expect(await round(setting)).toBe(0);
  });

  test('and that get an RPM while theirs are read are looked at again', async () => {
    const setting = await setUpKnown();
    const { koji, hub, build, work, store } = setting;
    const kojiBuildId = build('greet', 0, [fixtureRpm(GREET.main)]);
    await round(setting);
    const asked = await hub.getBuildContent(ids(kojiBuildId)[0] ?? never());
    koji.changes.addRpms(kojiBuildId, [fixtureRpm(GREET.debuginfo)]);
    const job = await claim(store.jobs, 'w', [INSTANCE]);
    expect(await round(setting)).toBe(1);
    const [rpm] = asked?.rpms ?? [];
    await store.index.replaceBuild(INSTANCE, asked?.build ?? never(), [
      { ...(rpm ?? never()), contentSize: null, files: [], signatures: [] },
    ]);
    await store.jobs.complete(job);
    expect(await work()).toEqual([kojiBuildId]);
  });
});

describe('builds in the queue', () => {
  test('that failed wait for their next attempt', async () => {
    const setting = await setUpKnown();
    const { koji, build, store } = setting;
    const kojiBuildId = build('new', 0);
    await round(setting);
    await store.jobs.fail(
      await claim(store.jobs, 'w', [INSTANCE]),
      { code: 'missing_file', message: 'HTTP 404' },
      { state: 'failed', runAt: setting.now() + HOUR },
    );
    koji.changes.moveToVolume(kojiBuildId, 'vol2');
    expect(await round(setting)).toBe(0);
    expect(await store.jobs.list({ limit: 9 })).toMatchObject([{ state: 'failed', attempts: 1 }]);
  });

  test('that were given up stay so until Koji has something else to say of them', async () => {
    const setting = await setUpKnown();
    const { koji, hub, build, store } = setting;
    const kojiBuildId = build('new', 0);
    await round(setting);
    const job = await claim(store.jobs, 'w', [INSTANCE]);
    await store.jobs.fail(job, { code: 'format', message: 'no RPM' }, { state: 'parked' });
    expect(await round(setting)).toBe(0);
    const known = await hub.getBuild(job.kojiBuildId);
    await store.index.replaceBuild(INSTANCE, known ?? never(), []);
    expect(await round(setting)).toBe(0);
    koji.changes.moveToVolume(kojiBuildId, 'vol2');
    expect(await round(setting)).toBe(1);
    expect(await store.jobs.list({ limit: 9 })).toMatchObject([{ state: 'queued', attempts: 0 }]);
  });

  test('that a worker has in hand are looked at again afterwards: it may have asked Koji before', async () => {
    const setting = await setUpKnown();
    const kojiBuildId = setting.build('new', 0);
    await round(setting);
    const job = await claim(setting.store.jobs, 'w', [INSTANCE]);
    expect(await round(setting)).toBe(1);
    expect(await round(setting)).toBe(0);
    await setting.store.jobs.complete(job);
    expect(await setting.work()).toEqual([kojiBuildId]);
  });
});

function never(): never {
  throw new Error('this is there');
}
