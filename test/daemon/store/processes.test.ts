import { expect, test } from '@jest/globals';
import { silentLog } from '../../../daemon/log.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import { WorkerPool } from '../../../daemon/worker.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { startTypescript } from '../../support/typescript-process.ts';

const WORK_ONCE = new URL('../programs/work-once.ts', import.meta.url);
const CLAIM_ALL = new URL('../programs/claim-all.ts', import.meta.url);
const HOLD_JOBS = new URL('../programs/hold-jobs.ts', import.meta.url);
const ENQUEUE_FOREVER = new URL('../programs/enqueue-forever.ts', import.meta.url);
const INDEX_FOREVER = new URL('../programs/index-forever.ts', import.meta.url);

function range(count: number): KojiBuildId[] {
  return Array.from({ length: count }, (_, i) => (i + 1) as KojiBuildId);
}

test('processes that claim from one queue at once get each job once', async () => {
  const path = databasePath();
  const { jobs } = storeAt(path);
  const processes = ['a', 'b', 'c', 'd'].map((worker) => startTypescript(CLAIM_ALL, path, worker, '1001'));
  for (const process of processes) await process.linesUntil(1);
  // Announced while they claim, so that writers meet.
  for (const kojiBuildId of range(400)) await jobs.enqueue('fedora', [kojiBuildId], PRIORITY.push);
  const stops = [1001, 1002, 1003, 1004] as KojiBuildId[];
  await jobs.enqueue('fedora', stops, PRIORITY.backfill);

  const said = await Promise.all(processes.map((process) => process.finished()));
  const claimed = said.flatMap((lines) => lines.slice(1)).map(Number);
  expect(claimed.sort((a, b) => a - b)).toEqual([...range(400), ...stops]);
  // Otherwise nothing was tried: one process had done it all.
  expect(said.filter((lines) => lines.length > 2).length).toBeGreaterThan(1);
  expect(await jobs.countByState()).toEqual({ queued: 0, running: 0, failed: 0, parked: 0 });
});

test('what a killed process held is taken over at once', async () => {
  const path = databasePath();
  const { jobs } = storeAt(path);
  await jobs.enqueue('fedora', range(2), PRIORITY.push);
  const holder = startTypescript(HOLD_JOBS, path, '2');
  await holder.linesUntil(2);

  const indexed: number[] = [];
  const indexBuilds = new Map([
    [
      'fedora',
      (kojiBuildId: KojiBuildId) => {
        indexed.push(kojiBuildId);
        return Promise.resolve({ outcome: 'unknown' } as const);
      },
    ],
  ]);
  // Age alone would release nothing within this test.
  const timing = { sweep: 50, poll: 50, staleAfter: 3600_000 };
  const pool = new WorkerPool({ jobs, indexBuilds, log: silentLog }, 1, timing);
  pool.start();
  afterTest(() => pool.stop());
  await jobs.enqueue('fedora', [3 as KojiBuildId], PRIORITY.push);
  pool.wake();
  while (!indexed.includes(3)) await new Promise((resolve) => setTimeout(resolve, 10));
  // Its process lives, so the jobs are its own, whatever it does with them.
  expect(indexed).toEqual([3]);

  await holder.kill();
  while (indexed.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(indexed).toEqual([3, 1, 2]);
});

test('a process whose workers have stopped ends by itself', async () => {
  const path = databasePath();
  await storeAt(path).jobs.enqueue('fedora', range(3), PRIORITY.push);
  expect(await startTypescript(WORK_ONCE, path).finished()).toEqual(['stopped']);
});

test('what was queued, and what was indexed, outlives kills at any moment', async () => {
  const path = databasePath();
  await storeAt(path).ping();
  const queued = new Set<number>();
  const indexed = new Set<number>();
  for (let round = 0; round < 6; round++) {
    const pushing = startTypescript(ENQUEUE_FOREVER, path, String(1 + round * 100_000));
    const working = startTypescript(INDEX_FOREVER, path);
    await pushing.linesUntil(5);
    await working.linesUntil(5);
    // A moment of its own for each round, in the middle of whatever they do.
    await new Promise((resolve) => setTimeout(resolve, 17 * round));
    await Promise.all([pushing.kill(), working.kill()]);
    for (const line of pushing.lines) queued.add(Number(line));
    for (const line of working.lines) indexed.add(Number(line));
  }

  const store = storeAt(path);
  expect(inspect(path, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
  for (const kojiBuildId of indexed) {
    expect(await store.index.knownRpms('fedora', kojiBuildId as KojiBuildId)).toHaveLength(3);
  }
  const all = [...queued] as KojiBuildId[];
  const done = await store.index.indexedBuilds('fedora', all);
  const waiting = await Promise.all(all.map((kojiBuildId) => store.jobs.find('fedora', kojiBuildId)));
  expect(all.filter((kojiBuildId, i) => !done.has(kojiBuildId) && waiting[i] === null)).toEqual([]);
  // Every build has all its rows, or it has none.
  const counts = await store.index.counts();
  expect(counts).toMatchObject({
    rpms: 3 * counts.builds,
    files: 60 * counts.builds,
    buildIds: 60 * counts.builds,
  });
  expect(inspect(path, (db) => db.prepare('SELECT count(*) FROM file').pluck().get())).toBe(counts.files);
});
