import { beforeEach, describe, expect, test } from '@jest/globals';
import { reconcile } from '../../daemon/reconciler-round.ts';
import { queueAwaited } from '../../daemon/reconciler-signatures.ts';
import { sweepStep } from '../../daemon/reconciler-sweep.ts';
import { requireNvra } from '../../shared/nvr.ts';
import { GREET, fixtureRpm } from '../support/indexing.ts';
import { type Reconciling, setUpReconciling } from '../support/reconciling.ts';

const KEY = 'a15b79cc';
const NEVER = new AbortController().signal;
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3600_000, 86_400_000];

let setting: Reconciling;
let greet: number;
let rpmId: number;

async function round(): Promise<number> {
  return (await reconcile(setting, NEVER)).queued;
}

async function copies(nvra: string = GREET.main): Promise<number> {
  const [rpm] = await setting.store.index.findRpms(requireNvra(nvra));
  return rpm?.signedCopies.length ?? 0;
}

/** Looks at what awaits a copy, so many milliseconds later; returns the builds that were looked at. */
async function after(milliseconds: number): Promise<number[]> {
  setting.pass(milliseconds);
  await queueAwaited(setting);
  return setting.work();
}

/** What an announcement does. */
async function announce(): Promise<void> {
  await setting.store.jobs.enqueue('lab', [greet as never], 0);
  expect(await setting.work()).toEqual([greet]);
}

beforeEach(async () => {
  setting = await setUpReconciling();
  // The first contact takes what is there for known.
  await round();
  greet = setting.build('greet', 1, [fixtureRpm(GREET.main), fixtureRpm(GREET.libs)]);
  rpmId = setting.koji.signing.rpmIds(greet)['greet'] ?? 0;
  await round();
  expect(await setting.work()).toEqual([greet]);
});

describe('what is signed later and not announced', () => {
  test('is found by the next round, once', async () => {
    expect(await round()).toBe(0);
    setting.koji.signing.sign(rpmId, KEY);
    setting.koji.signing.writeCopy(rpmId, KEY);
    expect(await round()).toBe(1);
    expect(await setting.work()).toEqual([greet]);
    expect(await copies()).toBe(1);
    expect(await round()).toBe(0);
  });

  test('is asked about once, whatever comes of it', async () => {
    const askedBy = async (work: () => Promise<unknown>): Promise<string[]> => {
      setting.koji.requests.splice(0);
      await work();
      return setting.koji.requests.map(({ method }) => method);
    };
    const usual = await askedBy(round);
    expect(usual.filter((method) => method === 'queryRPMSigs')).toHaveLength(1);
    setting.koji.signing.sign(rpmId, KEY);
    expect((await askedBy(round)).length).toBeGreaterThan(usual.length);
    expect(await askedBy(round)).toEqual(usual);
  });

  test('of builds that the index does not hold is backfill’s', async () => {
    setting = await setUpReconciling();
    const old = setting.build('old', (2 * DAY) / SECOND, [fixtureRpm(GREET.debuginfo)]);
    await round();
    for (const id of Object.values(setting.koji.signing.rpmIds(old))) setting.koji.signing.sign(id, KEY);
    expect(await round()).toBe(0);
    expect(setting.seenSignatures.size).toBe(1);
  });

  test('is found by a round that follows one that failed', async () => {
    const { koji, store } = setting;
    koji.signing.sign(rpmId, KEY);
    const full = { ...store.jobs, enqueue: () => Promise.reject(new Error('the disk is full')) };
    await expect(reconcile({ ...setting, store: { ...store, jobs: full } }, NEVER)).rejects.toThrow('full');
    expect(await round()).toBe(1);
  });

  test('is found by the sweep, by one RPM of the build', async () => {
    const { koji } = setting;
    for (const id of Object.values(koji.signing.rpmIds(greet))) koji.signing.sign(id, KEY);
    expect(await sweepStep(setting, DAY, NEVER)).toEqual({ sweep: 'goes on', queued: 1 });
    expect(await setting.work()).toEqual([greet]);
    while ((await sweepStep(setting, DAY, NEVER)).sweep !== 'has ended');
    setting.pass(DAY);
    expect(await sweepStep(setting, DAY, NEVER)).toEqual({ sweep: 'goes on', queued: 0 });
  });
});

describe('a copy that is not there when its signature is announced', () => {
  test('is found when it is looked for again', async () => {
    const { koji } = setting;
    koji.signing.sign(rpmId, KEY);
    await announce();
    expect(await copies()).toBe(0);
    expect(await after(20 * SECOND)).toEqual([]);
    koji.signing.writeCopy(rpmId, KEY);
    expect(await after(15 * SECOND)).toEqual([greet]);
    expect(await copies()).toBe(1);
    expect(setting.wakeUps()).toBeGreaterThan(0);
    for (const wait of [2 * MINUTE, HOUR, DAY]) expect(await after(wait)).toEqual([]);
  });

  test('is looked for however old the build is', async () => {
    setting.pass(30 * DAY);
    setting.koji.signing.sign(rpmId, KEY);
    await announce();
    expect(await after(31 * SECOND)).toEqual([greet]);
  });

  test('is looked for ever later, for a day', async () => {
    setting.koji.signing.sign(rpmId, KEY);
    await announce();
    let at = 0;
    const looks: number[] = [];
    for (let step = 0; step < 80; step++) {
      const wait = at < 15 * MINUTE ? 30 * SECOND : HOUR;
      at += wait;
      if ((await after(wait)).length > 0) looks.push(Math.round(at / MINUTE));
    }
    expect(looks).toEqual([1, 2, 10, 75, 375, 1455]);
  });

  test('is not looked for out of turn where the build is in the queue already, or was given up', async () => {
    const { koji, store } = setting;
    koji.signing.sign(rpmId, KEY);
    await announce();
    await store.jobs.enqueue('lab', [greet as never], 100);
    setting.pass(MINUTE);
    expect(await queueAwaited(setting)).toBe(0);
    const job = await store.jobs.claim('test', ['lab']);
    expect(job?.priority).toBe(100);
    if (job !== null) await store.jobs.fail(job, { code: 'format', message: 'no RPM' }, { state: 'parked' });
    setting.pass(MINUTE);
    expect(await queueAwaited(setting)).toBe(0);
    expect((await store.jobs.find('lab', greet as never))?.state).toBe('parked');
  });
});

test('a copy that was removed is not expected back', async () => {
  const { koji } = setting;
  koji.signing.sign(rpmId, KEY);
  koji.signing.writeCopy(rpmId, KEY);
  await announce();
  koji.signing.removeCopy(rpmId, KEY);
  await announce();
  expect(await copies()).toBe(0);
  expect(await after(HOUR)).toEqual([]);
});

test('copies of old builds that come by backfill were removed, and are not expected', async () => {
  const { koji } = setting;
  const old = setting.build('old', (2 * DAY) / SECOND, [fixtureRpm(GREET.debuginfo)]);
  for (const id of Object.values(koji.signing.rpmIds(old))) koji.signing.sign(id, KEY);
  await setting.store.jobs.enqueue('lab', [old as never], 100);
  expect(await setting.work()).toEqual([old]);
  expect(await after(HOUR)).toEqual([]);
});
