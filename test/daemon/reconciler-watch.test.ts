import { expect, test } from '@jest/globals';
import { INSTANCE, fixtureRpm, GREET } from '../support/indexing.ts';
import { claim } from '../support/queue.ts';
import { type Reconciling, endedAgo, round, setUpReconciling } from '../support/reconciling.ts';
import type { BuildRecord } from '../support/stand-in-hub/koji-data.ts';

const HOUR = 3600_000;
const DAY = 86_400;

async function watched({ store }: Reconciling): Promise<number[]> {
  const all = await store.reconciliation.watched(INSTANCE, 0, 999);
  return all.map(({ kojiBuildId }) => kojiBuildId);
}

/** Takes a build out of Koji, as if its transaction were not committed yet. */
function hold({ koji: { data } }: Reconciling, kojiBuildId: number): BuildRecord[] {
  const held = data.builds.filter(({ getBuild }) => getBuild.id === kojiBuildId);
  data.builds = data.builds.filter(({ getBuild }) => getBuild.id !== kojiBuildId);
  return held;
}

test('a build that is reserved, and dated back when it is complete, is found', async () => {
  const setting = await setUpReconciling();
  const { koji, work } = setting;
  await round(setting);
  const reserved = koji.changes.addBuild({ name: 'cg', version: '1', release: '1', state: 'BUILDING' });
  const failing = koji.changes.addBuild({ name: 'cg', version: '1', release: '2', state: 'BUILDING' });
  expect(await round(setting)).toBe(0);
  expect(await watched(setting)).toEqual([reserved, failing]);
  setting.pass(72 * HOUR);
  expect(await round(setting)).toBe(0);
  koji.changes.completeBuild(reserved);
  koji.changes.failBuild(failing);
  endedAgo(koji, reserved, 50 * DAY);
  endedAgo(koji, failing, 50 * DAY);
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([reserved]);
  expect(await watched(setting)).toEqual([]);
});

test('a build whose transaction is committed hours after younger ones is found', async () => {
  const setting = await setUpReconciling();
  const { koji, build, work, pass } = setting;
  await round(setting);
  const late = build('late', 9 * DAY);
  const held = hold(setting, late);
  const young = build('young', 0);
  koji.data.builds[0] = renumbered(koji.data.builds[0], late + 1);
  expect(young).toBe(late);
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([late + 1]);
  expect(await watched(setting)).toEqual([late]);
  pass(20 * HOUR);
  expect(await round(setting)).toBe(0);
  koji.data.builds.push(...held);
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([late]);
  expect(await watched(setting)).toEqual([]);
});

test('an id of which nothing comes in a day is a gap, and asked for no more', async () => {
  const setting = await setUpReconciling();
  const { koji, build, work, pass } = setting;
  await round(setting);
  build('young', 0);
  koji.data.builds[0] = renumbered(koji.data.builds[0], 2);
  await round(setting);
  await work();
  expect(await watched(setting)).toEqual([1]);
  pass(23 * HOUR);
  await round(setting);
  expect(await watched(setting)).toEqual([1]);
  pass(2 * HOUR);
  await round(setting);
  expect(await watched(setting)).toEqual([]);
  koji.requests.splice(0);
  await round(setting);
  expect(koji.requests.filter(({ method }) => method === 'multiCall')).toEqual([]);
});

test('ids far behind the newest are gaps from the beginning: a restored hub skips many', async () => {
  const setting = await setUpReconciling();
  const { koji, build } = setting;
  await round(setting);
  build('young', 0);
  koji.data.builds[0] = renumbered(koji.data.builds[0], 10_050);
  await round(setting);
  const all = await setting.store.reconciliation.watched(INSTANCE, 0, 20_000);
  expect(all.map(({ kojiBuildId }) => kojiBuildId)).toEqual(
    Array.from({ length: 9999 }, (_, index) => 51 + index),
  );
});

test('an RPM that is imported into an old build which is not in the index makes it news', async () => {
  const setting = await setUpReconciling();
  const { koji, build, work } = setting;
  const old = build('old', 9 * DAY, [fixtureRpm(GREET.main)]);
  const untouched = build('untouched', 9 * DAY, [fixtureRpm(GREET.main)]);
  await round(setting);
  expect(await work()).toEqual([]);
  koji.changes.addRpms(old, [fixtureRpm(GREET.debuginfo)]);
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([old]);
  expect(await round(setting)).toBe(0);
  const tar = { path: fixtureRpm(GREET.main), btype: 'own', directory: 'files/own' };
  koji.changes.addArchive(untouched, { ...tar, type: 'text' });
  expect(await round(setting)).toBe(0);
  koji.changes.addArchive(untouched, tar);
  expect(await round({ ...setting, readsArchives: false })).toBe(0);
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([untouched]);
  expect(await round(setting)).toBe(0);
});

test('an RPM whose transaction is committed after that of younger ones is found', async () => {
  const setting = await setUpReconciling();
  const { koji, build, work } = setting;
  await round(setting);
  const [late, other] = [build('late', 9 * DAY), build('other', 9 * DAY)];
  await round(setting);
  await work();
  koji.changes.addRpms(late, [fixtureRpm(GREET.main)]);
  const record = koji.data.builds.find(({ getBuild }) => getBuild.id === late);
  const held = record?.listRPMs.splice(0) ?? [];
  koji.changes.addRpms(other, [fixtureRpm(GREET.libs)]);
  koji.data.builds.forEach((each) => {
    each.listRPMs = each.listRPMs.map((rpm) => ({ ...rpm, id: rpm.id + 100 }));
  });
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([other]);
  record?.listRPMs.push(...held);
  expect(await round(setting)).toBe(1);
  expect(await work()).toEqual([late]);
  expect(await round(setting)).toBe(0);
});

test('a build that was given up with an RPM still missing is queued again for a further one, and once', async () => {
  const setting = await setUpReconciling();
  const { koji, build, store } = setting;
  await round(setting);
  const kojiBuildId = build('parked', 9 * DAY, [fixtureRpm(GREET.main)]);
  await round(setting);
  await setting.work();
  const giveUp = async (): Promise<void> => {
    const job = await claim(store.jobs, 'w', [INSTANCE]);
    await store.jobs.fail(job, { code: 'hub_protocol', message: 'no name' }, { state: 'parked' });
  };
  for (const rpm of [GREET.debuginfo, GREET.libs]) {
    koji.changes.addRpms(kojiBuildId, [fixtureRpm(rpm)]);
    expect(await round(setting)).toBe(1);
    await giveUp();
    expect(await round(setting)).toBe(0);
  }
});

function renumbered(record: BuildRecord | undefined, kojiBuildId: number): BuildRecord {
  if (record === undefined) throw new Error('there is no build');
  return { ...record, getBuild: { ...record.getBuild, id: kojiBuildId, build_id: kojiBuildId } };
}
