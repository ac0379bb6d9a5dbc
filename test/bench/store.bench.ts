import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { openStore } from '../../daemon/store/sqlite-store.ts';
import { PRIORITY, type Store } from '../../daemon/store/types.ts';
import { type BuildId, buildIdToBytes } from '../../shared/build-id.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { figure } from './figure.ts';
import { madeLikeRound, ROWS_OF_ROUND } from './made-like.ts';

/**
 * The store over a million rows like those of the corpus: writing a build a transaction, looking up, and the
 * bytes that it takes, beside the floor: a bare table of build-ids in a file of its own, filled and asked
 * through SQLite in the same transactions of the same run.
 */
const ROWS = 1_000_000;
const ROUNDS = Math.ceil(ROWS / ROWS_OF_ROUND);
const BATCH = 1000;
const SECONDS = 3;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));
const path = join(directory, 'store.db');

/** Repeats for some seconds; how often a second. */
async function rate(once: () => Promise<unknown> | undefined): Promise<number> {
  const began = performance.now();
  let times = 0;
  while (performance.now() - began < SECONDS * 1000) {
    await once();
    times++;
  }
  return (times / (performance.now() - began)) * 1000;
}

/** The same numbers in every run, spread over all rows. */
function* randomNumbers(below: number): Generator<number, never> {
  for (let state = 1; ;) {
    state = (state * 48_271) % 0x7fffffff;
    yield state % below;
  }
}

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en')}/s`;
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function openBare(): Sqlite.Database {
  const bare = new Sqlite(join(directory, 'bare.db'));
  bare.pragma('journal_mode = WAL');
  bare.pragma('synchronous = NORMAL');
  bare.pragma('cache_size = -32768');
  bare.pragma('wal_autocheckpoint = 8000');
  bare.exec('CREATE TABLE bare (build_id BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID');
  return bare;
}

/** Fills both, round by round in turn, so that both meet the same machine. Returns milliseconds of each. */
async function fill(
  store: Store,
  bare: Sqlite.Database,
  all: BuildId[],
): Promise<{ store: number; bare: number }> {
  const spent = { store: 0, bare: 0 };
  const insert = bare.prepare('INSERT INTO bare VALUES (?, ?)');
  const insertAll = bare.transaction((buildIds: readonly Uint8Array[]) => {
    for (const buildId of buildIds) insert.run(buildId, 1);
  });
  for (let round = 0; round < ROUNDS; round++) {
    const builds = madeLikeRound(round).map(({ build, rpms }) => ({
      build,
      rpms,
      buildIds: rpms.flatMap(({ files }) => files.map((file) => file.buildId)),
    }));
    const bytes = builds.map(({ buildIds }) => buildIds.map(buildIdToBytes));
    let began = performance.now();
    for (const { build, rpms } of builds) await store.index.replaceBuild('fedora', build, rpms);
    spent.store += performance.now() - began;
    began = performance.now();
    for (const buildIds of bytes) insertAll(buildIds);
    spent.bare += performance.now() - began;
    all.push(...builds.flatMap(({ buildIds }) => buildIds));
  }
  return spent;
}

async function measureLookups(
  { index }: Store,
  bare: Sqlite.Database,
  all: readonly BuildId[],
): Promise<void> {
  const random = randomNumbers(all.length);
  const anyBuildId = (): BuildId => all[random.next().value] ?? ('' as BuildId);
  const get = bare.prepare('SELECT number FROM bare WHERE build_id = ?');

  const floor = await rate(() => {
    get.get(Buffer.from(anyBuildId(), 'hex'));
    return undefined;
  });
  const hits = await rate(() => index.findByBuildIds([anyBuildId()]));
  const misses = await rate(() =>
    index.findByBuildIds([anyBuildId().split('').reverse().join('') as BuildId]),
  );
  const prefixes = await rate(() => index.findBuildIdsByPrefix(anyBuildId().slice(0, 9), 100));
  const times = (value: number): string => `${(floor / value).toFixed(1)} times the floor's time`;
  figure('store: look-up floor (get on a bare table)', perSecond(floor));
  figure('store: look-up of a build-id', perSecond(hits), times(hits));
  figure('store: look-up of an unknown build-id', perSecond(misses), times(misses));
  figure('store: look-up of a prefix', perSecond(prefixes), times(prefixes));

  const batches: number[] = [];
  for (let i = 0; i < 50; i++) {
    const buildIds = Array.from({ length: BATCH }, anyBuildId);
    const began = performance.now();
    await index.findByBuildIds(buildIds);
    batches.push(performance.now() - began);
  }
  batches.sort((a, b) => a - b);
  const median = percentile(batches, 0.5);
  const slowest = percentile(batches, 1);
  figure(`store: batch of ${BATCH}`, `${median.toFixed(1)} ms`, `slowest of 50: ${slowest.toFixed(1)} ms`);
  figure('store: counts', perSecond(await rate(() => index.counts())));
}

async function measureQueue({ jobs }: Store): Promise<void> {
  const waiting = Array.from({ length: 100_000 }, (_, i) => (i + 1) as KojiBuildId);
  await jobs.enqueue('fedora', waiting, PRIORITY.backfill);
  let next = waiting.length;
  const pushes = await rate(() => jobs.enqueue('fedora', [++next as KojiBuildId], PRIORITY.push));
  const done = await rate(async () => {
    const job = await jobs.claim('bench', ['fedora']);
    if (job !== null) await jobs.complete(job);
  });
  figure('store: pushes made durable, one by one', perSecond(pushes));
  figure('store: jobs claimed and completed, 100,000 waiting', perSecond(done));
}

async function main(): Promise<void> {
  const store = openStore(path);
  const bare = openBare();
  const all: BuildId[] = [];
  const spent = await fill(store, bare, all);
  const floor = (all.length / spent.bare) * 1000;
  const rows = (all.length / spent.store) * 1000;
  figure('store: insert floor (bare table, same transactions)', `${perSecond(floor)} rows`);
  const beside = `${(floor / rows).toFixed(1)} times the floor's time; ${perSecond((rows * 42) / ROWS_OF_ROUND)} RPMs`;
  figure('store: insert, a build a transaction', `${perSecond(rows)} rows`, beside);

  // Look-ups as they are at rest: after a pause the store has emptied its write-ahead log.
  await sleep(3000);
  await measureLookups(store, bare, all);
  bare.close();
  const { rpms } = await store.index.counts();
  await store.close();
  const bytes = statSync(path).size / all.length;
  figure('store: bytes a row, all told', bytes.toFixed(1), `${all.length} rows in ${rpms} RPMs`);
  const reopened = openStore(path);
  await measureQueue(reopened);
  await reopened.close();
}

try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
