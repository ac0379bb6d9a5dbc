import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openStoreForReading } from '../../daemon/store/sqlite-store.ts';
import type { Store } from '../../daemon/store/types.ts';
import type { Match } from '../../shared/api.ts';
import { asKojiBuildId } from '../../shared/koji.ts';
import { readTruth } from '../demo/truth.ts';
import { afterTest } from '../support/after-test.ts';
import { GREET, fixtureRpm } from '../support/indexing.ts';
import { endedAgo } from '../support/reconciling.ts';
import { type Serving, startServing, statusOf } from '../support/serving.ts';
import { BUILD_STATE, type BuildRecord } from '../support/stand-in-hub/koji-data.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const DAY = 86_400;

interface Setting {
  readonly lab: StandInHub;
  readonly config: string;
  readonly database: string;
}

async function setUp(): Promise<Setting> {
  const lab = await StandInHub.empty();
  afterTest(() => lab.close());
  const directory = temporaryDirectory();
  const config = join(directory, 'darkserver.toml');
  const koji = `name = "lab"\nhub = "${lab.hubUrl}"\ntopurl = "${lab.topurl}"\nreconcile_interval = "1m"\n`;
  writeFileSync(config, `[database]\npath = "darkserver.db"\n[[koji]]\n${koji}`);
  return { lab, config, database: join(directory, 'darkserver.db') };
}

/** A build of long ago, as many days as its number says. */
function addBuild(lab: StandInHub, name: string, rpms: readonly string[], draft = false): number {
  const release = String(lab.data.builds.length + 1);
  const kojiBuildId = lab.changes.addBuild({ name, version: '1', release, rpms, draft });
  endedAgo(lab, kojiBuildId, (10 + kojiBuildId) * DAY);
  return kojiBuildId;
}

const STATES = Object.keys(BUILD_STATE).map((name) => name.toLowerCase());

/** What Koji says of a build in the words of the index. */
function truthOf({ getBuild, listRPMs }: BuildRecord): unknown {
  const { state, draft, release, volume_name: volume, completion_ts: completedAt } = getBuild;
  const content = state === BUILD_STATE.COMPLETE ? { rpms: new Set(listRPMs.map(({ id }) => id)) } : {};
  return { state: STATES[state], draft, release, volume, completedAt, ...content };
}

/** The builds of which the index says something else than Koji. */
async function differences({ data }: StandInHub, store: Store): Promise<number[]> {
  const different: number[] = [];
  for (const record of data.builds) {
    const kojiBuildId = asKojiBuildId(record.getBuild.id);
    const build = kojiBuildId === null ? null : await store.index.getBuild('lab', kojiBuildId);
    if (kojiBuildId === null || build === null) {
      // What has not ended holds nothing to know.
      if (record.getBuild.state !== BUILD_STATE.BUILDING) different.push(record.getBuild.id);
      continue;
    }
    const { state, draft, release, volume, completedAt } = build;
    const content = await store.reconciliation.storedContent('lab', kojiBuildId);
    const rpms = state === 'complete' ? { rpms: content?.rpms } : {};
    const said = { state, draft, release, volume, completedAt, ...rpms };
    if (!isSame(said, truthOf(record))) different.push(kojiBuildId);
  }
  return different;
}

function isSame(one: unknown, other: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, member: unknown) => (member instanceof Set ? [...member].toSorted() : member));
  return text(one) === text(other);
}

async function untilAsKoji({ lab, database }: Setting, { url }: Serving): Promise<void> {
  const store = openStoreForReading(database);
  try {
    for (;;) {
      const { queue } = await statusOf(url);
      if (queue.queued + queue.running === 0 && (await differences(lab, store)).length === 0) return;
      await sleep(100);
    }
  } finally {
    await store.close();
  }
}

async function end(serving: Serving): Promise<void> {
  serving.signal('SIGTERM');
  expect(await serving.ended).toMatchObject({ code: 0 });
}

/** Matches of the first file of an RPM in one build. */
async function matchesOf(url: string, nvra: string, kojiBuildId: number): Promise<Match[]> {
  const [file] = readTruth().filter((each) => each.nvra === nvra);
  const answer = await fetch(`${url}/api/v1/buildids/${file?.buildId ?? ''}`);
  const { matches } = (await answer.json()) as { matches: Match[] };
  return matches.filter(({ build }) => build?.koji_build_id === kojiBuildId);
}

test('a daemon that was down while much has changed says what Koji says, without any announcement', async () => {
  const setting = await setUp();
  const { lab, config } = setting;
  const { changes } = lab;
  const [greet = '', libs = '', debuginfo = ''] = [GREET.main, GREET.libs, GREET.debuginfo].map(fixtureRpm);
  const first = await startServing(['--config', config]);
  // Its sweep finds nothing, and the next is due in a day: all that follows is found without one.
  while ((await statusOf(first.url)).koji['lab']?.sweep.last_ended === null) await sleep(50);
  await end(first);

  const olds = Array.from({ length: 100 }, (_, index) => addBuild(lab, `old${index}`, [greet]));
  const drafts = Array.from({ length: 5 }, (_, index) => addBuild(lab, `draft${index}`, [libs], true));
  const reserved = changes.addBuild({ name: 'reserved', version: '1', release: '1', state: 'BUILDING' });
  const second = await startServing(['--config', config]);
  await untilAsKoji(setting, second);
  await end(second);

  const [deleted = 0] = olds;
  for (const kojiBuildId of olds.slice(0, 20)) changes.deleteBuild(kojiBuildId);
  for (const kojiBuildId of drafts) changes.promoteBuild(kojiBuildId);
  for (const kojiBuildId of olds.slice(20, 25)) changes.moveToVolume(kojiBuildId, 'vol2');
  for (const kojiBuildId of olds.slice(25, 30)) changes.addRpms(kojiBuildId, [debuginfo]);
  for (const kojiBuildId of olds.slice(30, 33)) changes.resetBuild(kojiBuildId);
  const [rebuilt = 0] = olds.slice(33);
  changes.resetBuild(rebuilt);
  changes.addRpms(rebuilt, [libs]);
  for (const kojiBuildId of [rebuilt, reserved]) {
    changes.completeBuild(kojiBuildId);
    endedAgo(lab, kojiBuildId, 9 * DAY);
  }
  for (let count = 0; count < 500; count++) addBuild(lab, `new${count}`, [greet]);

  const third = await startServing(['--config', config]);
  await untilAsKoji(setting, third);
  const { queue, koji } = await statusOf(third.url);
  expect(queue).toEqual({ queued: 0, running: 0, failed: 0, parked: 0 });
  expect(koji['lab']).toMatchObject({ last_push: null, sweep: { found: 0 } });
  expect(await matchesOf(third.url, GREET.main, deleted)).toMatchObject([
    { build: { state: 'deleted' }, urls: [] },
  ]);
  expect(await matchesOf(third.url, GREET.main, rebuilt)).toMatchObject([
    { build: { state: 'superseded' }, urls: [] },
  ]);
  expect(await matchesOf(third.url, GREET.libs, rebuilt)).toMatchObject([{ build: { state: 'complete' } }]);
  await end(third);
}, 120_000);
