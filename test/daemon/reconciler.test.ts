import { describe, expect, test } from '@jest/globals';
import { Reconciler } from '../../daemon/reconciler.ts';
import { PRIORITY } from '../../daemon/store/types.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { afterTest } from '../support/after-test.ts';
import { GREET, INSTANCE, fixtureRpm } from '../support/indexing.ts';
import { type Reconciling, setUpReconciling } from '../support/reconciling.ts';
import { type LogLine, recordingLog } from '../support/recording-log.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { until } from '../support/worker-setting.ts';

interface Running {
  readonly lines: readonly LogLine[];
  readonly stop: () => Promise<void>;
}

function start(parts: Reconciling, interval: number): Running {
  const { lines, ...log } = recordingLog();
  const reconciler = new Reconciler({ ...parts, interval, sweepInterval: 86_400_000, sweepPause: 1, log });
  reconciler.start();
  const stop = (): Promise<void> => reconciler.stop();
  afterTest(stop);
  return { lines, stop };
}

async function untilReconciled({ store }: Reconciling): Promise<void> {
  await until(async () => (await store.instanceFacts(INSTANCE)).lastReconciled !== null);
}

async function untilQueued({ store }: Reconciling, kojiBuildId: number): Promise<void> {
  await until(async () =>
    (await store.jobs.list({ limit: 99 })).some((job) => job.kojiBuildId === kojiBuildId),
  );
}

describe('a Koji', () => {
  test('is asked at once, and again and again', async () => {
    const setting = await setUpReconciling();
    const recent = setting.build('recent', 0);
    const { lines } = start(setting, 10);
    await untilQueued(setting, recent);
    await untilQueued(setting, setting.build('first', 0));
    await untilQueued(setting, setting.build('second', 0));
    // Two of them may have been found in one round.
    await until(() => lines.reduce((sum, { fields }) => sum + Number(fields['builds']), 0) === 3);
    expect(new Set(lines.map(({ level, fields }) => `${level} ${String(fields['instance'])}`))).toEqual(
      new Set([`info ${INSTANCE}`]),
    );
  });

  test('is not asked without end where the interval is longer than a timer can wait', async () => {
    const setting = await setUpReconciling();
    start(setting, 30 * 86_400_000);
    const { requests } = setting.koji;
    const listings = (): number => requests.filter(({ method }) => method === 'listVolumes').length;
    await until(() => listings() === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(listings()).toBe(1);
  });

  test('that is down is told of once, and once that it is back', async () => {
    const setting = await setUpReconciling();
    const { koji } = setting;
    koji.troubles.order({}, { kind: 'status', status: 500 });
    const { lines } = start(setting, 10);
    await until(() => koji.requests.length >= 4);
    koji.troubles.clear();
    await untilReconciled(setting);
    await until(() => lines.length === 2);
    koji.troubles.order({}, { kind: 'reset' });
    await until(() => lines.length === 3);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      `warn: cannot compare the index with Koji: ${koji.hubUrl}: HTTP 500`,
      'info: the index is compared with Koji again',
      expect.stringMatching(/^warn: cannot compare the index with Koji: /),
    ]);
    expect(lines[0]?.fields).toEqual({ instance: INSTANCE, code: 'network' });
  });

  test('that hangs keeps nobody waiting: not another one, and not who stops', async () => {
    const [hanging, well] = await Promise.all([setUpReconciling(), setUpReconciling()]);
    hanging.koji.troubles.order({}, { kind: 'hang' });
    const { lines, stop } = start(hanging, 10);
    await until(() => hanging.koji.requests.length > 0);
    start(well, 10);
    await untilQueued(well, well.build('new', 0));
    await stop();
    expect(lines).toEqual([]);
    expect(hanging.koji.requests).toHaveLength(1);
  });
});

test('builds whose signed copies are awaited are looked at again, whatever becomes of the rounds', async () => {
  const setting = await setUpReconciling();
  const { koji, store } = setting;
  const greet = setting.build('greet', 1, [fixtureRpm(GREET.main)]);
  for (const rpmId of Object.values(koji.signing.rpmIds(greet))) koji.signing.sign(rpmId, 'a15b79cc');
  await store.jobs.enqueue(INSTANCE, [greet as KojiBuildId], PRIORITY.push);
  expect(await setting.work()).toEqual([greet]);
  setting.pass(60_000);
  koji.troubles.order({}, { kind: 'hang' });
  start(setting, 10);
  await untilQueued(setting, greet);
});

test('a defect of ours is told with where it happened', async () => {
  const setting = await setUpReconciling(StandInHub.empty());
  const getBuild = (): Promise<never> => Promise.reject(new TypeError('x is not a function'));
  const store = { ...setting.store, index: { ...setting.store.index, getBuild } };
  setting.build('new', 0);
  const { lines } = start({ ...setting, store }, 10);
  await until(() => lines.length === 1);
  expect(lines).toMatchObject([
    { level: 'warn', fields: { code: 'internal', stack: expect.stringContaining('reconciler.test.ts') } },
  ]);
});
