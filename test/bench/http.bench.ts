import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../daemon/store/sqlite-store.ts';
import type { BuildId } from '../../shared/build-id.ts';
import { startDebuginfod } from './debuginfod-server.ts';
import { figure } from './figure.ts';
import { CONNECTIONS, GENERATOR, type LoadResult, load } from './http-load.ts';
import { startLoneDaemon } from './lone-daemon.ts';
import { ROWS_OF_ROUND, madeLikeRound } from './made-like.ts';

/**
 * Lookups a second over HTTP in an index of a million rows, beside a floor, node:http with a constant answer of the
 * same size, and beside what people have today: the rate at which elfutils' debuginfod says 404. All under the same
 * load in the same minute. The ratios say what the server adds; the absolute figures are this machine's.
 */
const ROWS = 1_000_000;
const ROUNDS_OF_ROWS = Math.ceil(ROWS / ROWS_OF_ROUND);
/** Of the rows this part is asked for: one of so many, from the first to the last. */
const ASKED_OF = 20;
const SECONDS = 3;
/** The servers take turns, so that a busy neighbour slows all of them. */
const ROUNDS = 3;
const BATCH = 1000;
const BATCHES = 30;

/** Makes the index, and says which of its build-ids are asked for, in no order. */
async function fill(path: string): Promise<BuildId[]> {
  const store = openStore(path);
  const asked: BuildId[] = [];
  let rows = 0;
  for (let round = 0; round < ROUNDS_OF_ROWS; round++) {
    for (const { build, rpms } of madeLikeRound(round)) {
      await store.index.replaceBuild('fedora', build, rpms);
      const buildIds = rpms.flatMap(({ files }) => files.map(({ buildId }) => buildId));
      asked.push(...buildIds.filter(() => rows++ % ASKED_OF === 0));
    }
  }
  await store.close();
  // By their ends, whose order has nothing to do with that of the rows or of any index.
  return asked.sort((a, b) => (a.slice(20) < b.slice(20) ? -1 : 1));
}

/** A bare node:http server with one answer for everything. */
async function startFloor(body: string): Promise<{ url: string; close: () => Promise<unknown> }> {
  const bytes = Buffer.from(body);
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length };
  const server = createServer((_request, response) => response.writeHead(200, headers).end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** What is asked for, over and over, of one server. */
interface Contestant {
  readonly what: string;
  readonly url: string;
  readonly paths: readonly string[];
  readonly expected: 200 | 404;
  readonly inside?: readonly string[];
}

/** The median of each. */
async function compete(contestants: readonly Contestant[]): Promise<Map<Contestant, LoadResult>> {
  const results = new Map(contestants.map((each) => [each, [] as LoadResult[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [{ url, paths, expected, inside }, so] of results) {
      so.push(await load(url, paths, SECONDS, directory, expected, inside));
    }
  }
  return new Map([...results].map(([contestant, so]) => [contestant, median(so)]));
}

function median(results: readonly LoadResult[]): LoadResult {
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  if (errors > 0) throw new Error(`${errors} requests failed; their rate says nothing`);
  const sorted = results.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

async function measureLookups(url: string, asked: readonly BuildId[]): Promise<void> {
  const hits = asked.map((buildId) => `/api/v1/buildids/${buildId}`);
  // What was reversed is another hash.
  const unknown = asked.map((buildId) => buildId.split('').reverse().join(''));
  const floor = await startFloor(await (await fetch(`${url}${hits[0] ?? ''}`)).text());
  closing.push(floor.close);
  const bare: Contestant = { what: 'floor', url: floor.url, paths: hits, expected: 200 };
  const ours: Contestant[] = [
    { what: 'found', url, paths: hits, expected: 200 },
    { what: "upstream's route", url, paths: asked.map((buildId) => `/buildids/${buildId}`), expected: 200 },
    {
      what: 'not found',
      url,
      paths: unknown.map((buildId) => `/api/v1/buildids/${buildId}`),
      expected: 404,
    },
  ];
  const debuginfod = await startDebuginfod(join(directory, 'debuginfod.db'));
  if (debuginfod === null) console.log('debuginfod cannot be run here; nothing stands beside the lookups');
  else closing.push(() => debuginfod.close());
  const theirs: Contestant | null = debuginfod && {
    what: 'debuginfod',
    ...{ url: debuginfod.url, inside: debuginfod.inside },
    paths: unknown.map((buildId) => `/buildid/${buildId}/debuginfo`),
    expected: 404,
  };

  const results = await compete([bare, ...(theirs === null ? [] : [theirs]), ...ours]);
  const rate = (contestant: Contestant): number => results.get(contestant)?.requestsPerSecond ?? Number.NaN;
  const perSecond = (contestant: Contestant): string => `${Math.round(rate(contestant))} /s`;
  figure('floor: node:http, constant answer of the same size', perSecond(bare));
  if (theirs !== null) figure("debuginfod's answer to an unknown build-id", perSecond(theirs));
  for (const each of ours) {
    const ofFloor = rate(each) / rate(bare);
    const ofTheirs = theirs === null ? undefined : rate(each) / rate(theirs);
    const p99 = results.get(each)?.p99 ?? Number.NaN;
    const beside = [
      `${ofFloor.toFixed(2)} of the floor`,
      ...(ofTheirs === undefined ? [] : [`${ofTheirs.toFixed(2)} times debuginfod's`]),
      `p99 ${p99.toFixed(1)} ms`,
    ];
    const values = { per_second: rate(each), of_floor: ofFloor, p99 };
    figure(`lookups over HTTP, ${each.what}`, perSecond(each), beside.join(', '), {
      ...values,
      ...(ofTheirs === undefined ? {} : { of_debuginfod: ofTheirs }),
    });
  }
}

async function measureBatches(url: string, asked: readonly BuildId[], encoding: string): Promise<void> {
  const times: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    // Others each time.
    const buildIds = asked.slice(batch * BATCH, (batch + 1) * BATCH);
    const began = performance.now();
    const response = await fetch(`${url}/api/v1/buildids`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': encoding },
      body: JSON.stringify({ build_ids: buildIds }),
    });
    await response.arrayBuffer();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const middle = times[BATCHES / 2] ?? Number.NaN;
  const slowest = times.at(-1) ?? Number.NaN;
  figure(
    `a batch of ${BATCH} build-ids over HTTP, ${encoding}`,
    `${middle.toFixed(1)} ms`,
    `median of ${BATCHES}, the slowest ${slowest.toFixed(1)} ms`,
    { median: middle / 1000, slowest: slowest / 1000 },
  );
}

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));
/** What was started, to be closed in the end. */
const closing: (() => Promise<unknown>)[] = [];
try {
  const database = join(directory, 'bench.db');
  const asked = await fill(database);
  console.log(
    `${ROUNDS_OF_ROWS * ROWS_OF_ROUND} files indexed; asking for ${asked.length} of them on ${CONNECTIONS} connections with ${GENERATOR}`,
  );
  if (GENERATOR !== 'wrk')
    console.log('without wrk the loop is slower than the servers, and the ratios are too good');
  const daemon = await startLoneDaemon(database);
  closing.push(() => daemon.close());
  const { url } = daemon;
  await measureLookups(url, asked);
  await measureBatches(url, asked, 'identity');
  await measureBatches(url, asked, 'gzip');
} finally {
  await Promise.all(closing.map((close) => close()));
  rmSync(directory, { recursive: true });
}
