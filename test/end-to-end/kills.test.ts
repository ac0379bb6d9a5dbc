import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { FIXTURES, readTruth } from '../demo/truth.ts';
import { afterTest } from '../support/after-test.ts';
import { type RunningDarkserver, startDarkserver } from '../support/darkserver.ts';
import { type Serving, push, startServing, untilIdle } from '../support/serving.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const KILLS = 50;
/** Builds announced while one process lives, in several pushes. */
const BUILDS_PER_ROUND = 12;
/** The kill comes at a random moment within so many milliseconds of the last push. */
const LATEST_KILL = 250;

/** RPMs that every build of this test is made of, and how many files with a build-id they hold. */
function rpmsOfABuild(): { paths: string[]; files: number } {
  const names = readdirSync(FIXTURES).filter((name) =>
    /^(?:greet|payload-zstd).*-1\.0-.*\.(?:x86_64|noarch)\.rpm$/.test(name),
  );
  const nvras = new Set(names.map((name) => name.replace(/\.rpm$/, '')));
  return {
    paths: names.map((name) => fileURLToPath(new URL(name, FIXTURES))),
    files: readTruth().filter(({ nvra }) => nvras.has(nvra)).length,
  };
}

/** The daemon, and a worker process on the same queue: both are killed and started again. */
class Pair {
  readonly #args: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  serving!: Serving;
  worker!: RunningDarkserver;

  constructor(database: string, hub: StandInHub) {
    this.#args = ['--database', database];
    this.#environment = {
      DARKSERVER_KOJI_HUB: hub.hubUrl,
      DARKSERVER_KOJI_TOPURL: hub.topurl,
      DARKSERVER_INDEXER_WORKERS: '2',
    };
  }

  async startServing(): Promise<void> {
    this.serving = await startServing(this.#args, this.#environment);
  }

  startWorker(): void {
    this.worker = startDarkserver([...this.#args, 'worker', '2'], { environment: this.#environment });
  }
}

async function kill(running: RunningDarkserver): Promise<void> {
  running.signal('SIGKILL');
  await running.ended;
}

test('fifty SIGKILLs while pushes arrive: what was answered 202 is indexed, once, and the database is sound', async () => {
  const hub = await StandInHub.empty();
  afterTest(() => hub.close());
  const { paths, files } = rpmsOfABuild();
  expect(files).toBeGreaterThan(4);
  const database = `${temporaryDirectory()}/darkserver.db`;
  const pair = new Pair(database, hub);
  await pair.startServing();
  pair.startWorker();

  const answered = new Set<number>();
  const announce = async (kojiBuildId: number): Promise<void> => {
    // A push that meets the kill is not answered; the hub's plugin would drop it likewise.
    const status = await push(pair.serving.url, 'fedora', [kojiBuildId]).catch(() => null);
    if (status === 202) answered.add(kojiBuildId);
  };
  for (let round = 1; round <= KILLS; round++) {
    const pushes = Array.from({ length: BUILDS_PER_ROUND }, (_, index) =>
      announce(
        hub.changes.addBuild({ name: 'greet', version: `${round}`, release: `${index}`, rpms: paths }),
      ),
    );
    await sleep(Math.random() * LATEST_KILL);
    if (round % 2 === 0) {
      await kill(pair.worker);
      pair.startWorker();
    } else {
      await kill(pair.serving);
      await Promise.all(pushes);
      await pair.startServing();
    }
    await Promise.all(pushes);
  }
  expect(answered.size).toBeGreaterThan(KILLS);
  const status = await untilIdle(pair.serving.url, 60_000);
  expect(status.queue).toEqual({ queued: 0, running: 0, failed: 0, parked: 0 });

  const db = new Sqlite(database, { readonly: true });
  afterTest(() => db.close());
  const indexed = db
    .prepare<[], { koji_build_id: number; files: number; rpms: number }>(
      `SELECT koji_build_id, count(DISTINCT rpm_key) AS rpms, count(file_key) AS files
       FROM build JOIN rpm USING (build_key) LEFT JOIN file ON file_key >> 20 = rpm_key GROUP BY build_key`,
    )
    .all();
  const wrong = indexed.filter((build) => build.files !== files || build.rpms !== paths.length);
  expect(wrong).toEqual([]);
  const known = new Set(indexed.map((build) => build.koji_build_id));
  expect([...answered].filter((kojiBuildId) => !known.has(kojiBuildId))).toEqual([]);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
}, 480_000);
