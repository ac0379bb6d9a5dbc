import { describe, expect, test } from '@jest/globals';
import { GREET, INSTANCE, fixtureRpm } from '../support/indexing.ts';
import { claim, ids } from '../support/queue.ts';
import { type Reconciling, round, setUpKnown, setUpReconciling } from '../support/reconciling.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

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
