import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { StatusAnswer } from '../../shared/api.ts';
import { afterTest } from '../support/after-test.ts';
import { addGreet } from '../support/indexing.ts';
import { type Serving, startServing, statusOf } from '../support/serving.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A daemon's configuration for these Kojis, by the names of their instances. */
function configure(kojis: Readonly<Record<string, StandInHub>>): string {
  const directory = temporaryDirectory();
  const tables = Object.entries(kojis).map(
    ([name, { hubUrl, topurl }]) =>
      `[[koji]]\nname = "${name}"\nhub = "${hubUrl}"\ntopurl = "${topurl}"\nreconcile_interval = "1s"\n`,
  );
  const file = `${directory}/darkserver.toml`;
  writeFileSync(file, `[database]\npath = "darkserver.db"\n${tables.join('')}`);
  return file;
}

async function openKoji(): Promise<StandInHub> {
  const hub = await StandInHub.empty();
  afterTest(() => hub.close());
  return hub;
}

/** Waits until the status is as it must become; the test's own time limit is the only one. */
async function untilStatus({ url }: Serving, isSo: (status: StatusAnswer) => boolean): Promise<StatusAnswer> {
  for (;;) {
    const status = await statusOf(url);
    if (isSo(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isReconciled = ({ koji }: StatusAnswer): boolean =>
  Object.values(koji).every(({ last_reconciled: last }) => last !== null);

const has =
  (builds: number) =>
  (status: StatusAnswer): boolean =>
    status.builds === builds && status.queue.queued + status.queue.running === 0;

async function end(serving: Serving): Promise<string> {
  serving.signal('SIGTERM');
  const { code, stderr } = await serving.ended;
  expect(code).toBe(0);
  return stderr;
}

describe('without a single announcement, a daemon', () => {
  test('that was down while builds came has them all after its start', async () => {
    const lab = await openKoji();
    const config = configure({ lab });
    const before = await startServing(['--config', config]);
    await untilStatus(before, isReconciled);
    await end(before);
    const draft = addGreet(lab, { draft: true });
    const begun = lab.changes.addBuild({ name: 'begun', version: '1', release: '1', state: 'BUILDING' });
    for (let count = 0; count < 120; count++) {
      lab.changes.addBuild({ name: 'more', version: '1', release: `${count}` });
    }

    const after = await startServing(['--config', config]);
    const status = await untilStatus(after, has(121));
    expect(status).toMatchObject({ queue: { failed: 0, parked: 0 }, koji: { lab: { last_push: null } } });
    expect(status.files).toBeGreaterThan(2);

    lab.changes.completeBuild(begun);
    lab.changes.promoteBuild(draft);
    await untilStatus(after, has(122));
    const urls = async (): Promise<string> =>
      await (await fetch(`${after.url}/package/greet-1.0-1.fc40.x86_64`)).text();
    while ((await urls()).includes('draft')) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await urls()).toContain('packages/greet/1.0/1.fc40/x86_64/greet-1.0-1.fc40.x86_64.rpm');
    const log = await end(after);
    expect(log).toMatch(/found builds that are not in the index as Koji has them instance=lab builds=\d+$/m);
  }, 60_000);

  test('whose Koji was down catches up when it is back, and says what it may have missed', async () => {
    const lab = await openKoji();
    const serving = await startServing(['--config', configure({ lab })]);
    await untilStatus(serving, isReconciled);
    lab.troubles.order({}, { kind: 'reset' });
    addGreet(lab);
    const { koji } = await untilStatus(serving, (status) => (status.koji['lab']?.lag_seconds ?? 0) > 3);
    expect(Date.parse(koji['lab']?.last_reconciled ?? '')).toBeLessThan(Date.now() - 3000);
    await serving.printed('stderr', /cannot compare the index with Koji: /);
    lab.troubles.clear();
    await untilStatus(serving, has(1));
    await untilStatus(serving, (status) => status.koji['lab']?.lag_seconds === 0);
    const log = await end(serving);
    expect(log.match(/cannot compare the index with Koji: /g)).toHaveLength(1);
    expect(log.match(/the index is compared with Koji again instance=lab/g)).toHaveLength(1);
  }, 60_000);

  test('one of whose Kojis hangs hears of what others build', async () => {
    const [hanging, lab] = await Promise.all([openKoji(), openKoji()]);
    hanging.troubles.order({}, { kind: 'hang' });
    const serving = await startServing(['--config', configure({ hanging, lab })]);
    await untilStatus(serving, (status) => status.koji['lab']?.last_reconciled !== null);
    addGreet(lab);
    const { koji } = await untilStatus(serving, has(1));
    expect(koji['hanging']).toMatchObject({ lag_seconds: 0, last_push: null, last_reconciled: null });
    expect(hanging.requests.length).toBeGreaterThan(0);
    await end(serving);
  }, 60_000);

  test('without workers leaves what it finds to others', async () => {
    const lab = await openKoji();
    const config = configure({ lab });
    const serving = await startServing(['--config', config], { DARKSERVER_INDEXER_WORKERS: '0' });
    await untilStatus(serving, isReconciled);
    addGreet(lab);
    await untilStatus(serving, ({ queue }) => queue.queued === 1);
    await end(serving);
  }, 60_000);
});
