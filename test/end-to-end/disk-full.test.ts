import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { FIXTURES, readTruth } from '../demo/truth.ts';
import { afterTest } from '../support/after-test.ts';
import { push, startServing, statusOf, untilIdle } from '../support/serving.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const GREET = 'greet-1.0-1.fc40.x86_64';

/** Runs a command that finds a file system of four megabytes of its own at this directory. */
function withSmallDisk(directory: string): string[] {
  const mount = 'mount -t tmpfs -o size=4m darkserver "$0" && exec "$@"';
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, directory];
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const bytes of [64 * 1024, 4096, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Containers without the right to mount exist. */
const mayMount = spawnSync('unshare', ['--map-root-user', '--mount', 'true']).status === 0;
if (!mayMount) console.warn('left out: a full disk, as nothing may be mounted here');

(mayMount ? test : test.skip)(
  'a full disk stops indexing and nothing else, and when there is room all goes on by itself',
  async () => {
    const hub = await StandInHub.empty();
    afterTest(() => hub.close());
    const rpms = readdirSync(FIXTURES)
      .filter((name) => /^greet(?:-libs)?(?:-debuginfo)?-1\.0-1.*x86_64\.rpm$/.test(name))
      .map((name) => fileURLToPath(new URL(name, FIXTURES)));
    const addBuild = (n: number): number =>
      hub.changes.addBuild({ name: 'greet', version: '1.0', release: `${n}.fc40`, rpms });
    const directory = temporaryDirectory();
    const daemon = await startServing(
      ['--database', join(directory, 'darkserver.db')],
      { DARKSERVER_KOJI_HUB: hub.hubUrl, DARKSERVER_KOJI_TOPURL: hub.topurl },
      withSmallDisk(directory),
    );
    const disk = `/proc/${daemon.pid}/root${directory}`;
    const [file] = readTruth().filter(({ nvra }) => nvra === GREET);
    const lookup = async (): Promise<number> =>
      (await fetch(`${daemon.url}/api/v1/buildids/${file?.buildId ?? ''}`)).status;

    const promised: number[] = [];
    const announce = async (kojiBuildId: number): Promise<number> => {
      const status = await push(daemon.url, 'fedora', [kojiBuildId]);
      if (status === 202) promised.push(kojiBuildId);
      return status;
    };
    expect(await announce(addBuild(1))).toBe(202);
    await untilIdle(daemon.url);
    expect(await lookup()).toBe(200);

    fill(join(disk, 'filler'));
    // What was freed in the log may take a few more pages before nothing fits.
    let refused = 0;
    for (let n = 2; refused < 3; n++) {
      const status = await announce(addBuild(n));
      if (status !== 202) refused++;
      expect([202, 503]).toContain(status);
      expect(n).toBeLessThan(1000);
    }
    expect(await lookup()).toBe(200);
    expect((await statusOf(daemon.url)).builds).toBeGreaterThan(0);
    await sleep(1000);
    expect(await lookup()).toBe(200);

    rmSync(join(disk, 'filler'));
    expect(await announce(addBuild(2000))).toBe(202);
    const end = performance.now() + 90_000;
    const isDone = async (): Promise<boolean> => {
      const { queue } = await statusOf(daemon.url);
      return queue.queued + queue.running + queue.failed + queue.parked === 0;
    };
    while (!(await isDone()) && performance.now() < end) await sleep(200);
    expect((await statusOf(daemon.url)).queue).toEqual({ queued: 0, running: 0, failed: 0, parked: 0 });

    // The file system goes with the daemon.
    daemon.signal('SIGSTOP');
    for (const suffix of ['', '-wal']) {
      copyFileSync(join(disk, `darkserver.db${suffix}`), join(directory, `copy.db${suffix}`));
    }
    daemon.signal('SIGCONT');
    const db = new Sqlite(join(directory, 'copy.db'));
    afterTest(() => db.close());
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const indexed = db
      .prepare<[], { koji_build_id: number; rpms: number }>(
        'SELECT koji_build_id, count(DISTINCT rpm_key) AS rpms FROM build JOIN rpm USING (build_key) GROUP BY build_key',
      )
      .all();
    const whole = new Set(
      indexed.filter((build) => build.rpms === rpms.length).map((build) => build.koji_build_id),
    );
    expect(promised.filter((kojiBuildId) => !whole.has(kojiBuildId))).toEqual([]);
  },
  240_000,
);
