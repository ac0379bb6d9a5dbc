import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { afterTest } from '../support/after-test.ts';
import { type RunningDarkserver, startDarkserver } from '../support/darkserver.ts';
import { type Serving, push, startServing, statusOf } from '../support/serving.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { differences, jobsIn } from './compare.ts';
import { KojiLife, randomFrom, weatherFrom } from './life.ts';
import { overlaps } from './overlaps.ts';

/** `make soak` sets these; without them it is the short form. */
const IS_LONG = process.env['SOAK_BUILDS'] !== undefined;
const BUILDS = Number(process.env['SOAK_BUILDS'] ?? 200);
const KILLS = Number(process.env['SOAK_KILLS'] ?? 10);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
/** Of all pushes. */
const DROPPED = 0.1;
/** Milliseconds between a round's pushes and its kill, at most. */
const ROUND = 1500;
/** Milliseconds after the last kill until the index must say what Koji says. */
const PATIENCE = 180_000 + BUILDS * 60;

test(
  `${BUILDS} builds, a tenth of all requests in trouble, ${KILLS} kills (seed ${SEED}): the index ends up as Koji is`,
  async () => {
    const random = randomFrom(SEED);
    const hub = await StandInHub.empty();
    afterTest(() => hub.close());
    const life = new KojiLife(hub, random);
    const directory = temporaryDirectory();
    const config = join(directory, 'darkserver.toml');
    writeFileSync(
      config,
      [
        '[database]\npath = "darkserver.db"\n[log]\nformat = "json"\n[indexer]\nworkers = 2\n[[koji]]\nname = "lab"',
        `hub = "${hub.hubUrl}"\ntopurl = "${hub.topurl}"\nreconcile_interval = "2s"\nsweep_interval = "1m"`,
      ].join('\n'),
    );
    const database = join(directory, 'darkserver.db');
    const logs: string[] = [];
    const keepLog = (running: RunningDarkserver): void => {
      void running.ended.then(({ stderr }) => logs.push(stderr));
    };
    const serve = async (): Promise<Serving> => {
      const serving = await startServing(['--config', config]);
      keepLog(serving);
      return serving;
    };
    const work = (): RunningDarkserver => {
      const worker = startDarkserver(['--config', config, 'worker', '2']);
      keepLog(worker);
      return worker;
    };
    const kill = async (running: RunningDarkserver): Promise<void> => {
      running.signal('SIGKILL');
      await running.ended;
    };

    let serving = await serve();
    let worker = work();
    hub.troubles.weather = weatherFrom(random, IS_LONG);
    const perRound = Math.ceil(BUILDS / KILLS);
    for (let round = 1; round <= KILLS; round++) {
      for (let n = 0; n < perRound && life.done.built < BUILDS; n++) {
        const announced = life.step();
        // What meets a kill is lost like what is dropped.
        if (random() >= DROPPED) await push(serving.url, 'lab', announced).catch(() => null);
      }
      await sleep(random() * ROUND);
      if (round % 3 === 0) {
        await kill(worker);
        worker = work();
      } else {
        await kill(serving);
        serving = await serve();
      }
      if (IS_LONG && round % 10 === 0) console.log(`${round} kills, ${JSON.stringify(life.done)}`);
    }
    hub.troubles.weather = () => null;

    // Nothing may be given up, so a parked job ends the waiting too.
    const end = performance.now() + PATIENCE;
    let wrong: string[] = ['not compared'];
    while (wrong.length > 0 && performance.now() < end) {
      await sleep(500);
      const { queue } = await statusOf(serving.url);
      if (queue.queued + queue.running + queue.failed > 0) continue;
      wrong = differences(database, hub, life);
      if (queue.parked > 0) break;
    }
    expect({ jobs: jobsIn(database), wrong: wrong.slice(0, 20) }).toEqual({ jobs: [], wrong: [] });
    expect(Math.min(...Object.values(life.done))).toBeGreaterThan(0);
    serving.signal('SIGTERM');
    worker.signal('SIGTERM');
    await Promise.all([serving.ended, worker.ended]);
    expect(overlaps(logs.join('\n'))).toEqual([]);
  },
  PATIENCE + KILLS * 10_000 + BUILDS * 100,
);
