import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpServer } from '../../daemon/http/server.ts';
import { createLog } from '../../daemon/log.ts';
import { createLookup } from '../../daemon/lookup/lookup.ts';
import { openStore } from '../../daemon/store/sqlite-store.ts';
import type { Store } from '../../daemon/store/types.ts';
import type { BuildId } from '../../shared/build-id.ts';
import { indexedRpm, kojiBuild, storedFile } from '../support/seed-store.ts';
import { NO_CHECKS } from '../support/test-koji.ts';
import { figure } from './figure.ts';
import { CONNECTIONS, GENERATOR, type LoadResult, load } from './http-load.ts';

/**
 * Lookups a second over HTTP, beside a floor: node:http with a constant answer of the same size under the same
 * load in the same minute. The ratio says what the server adds; the absolute figures are this machine's.
 */
const BUILDS = 500;
const RPMS_A_BUILD = 10;
const FILES_AN_RPM = 20;
const SECONDS = 3;
/** The floor and the server take turns, so that a busy neighbour slows both. */
const ROUNDS = 3;
const BATCH = 1000;

const KOJI = {
  name: 'fedora',
  topurl: 'https://kojipkgs.example',
  web: 'https://koji.example/koji',
  reconcileInterval: 300_000,
  retrace: null,
  repositories: [],
};

/** Build-ids as linkers make them: without any order. */
function benchBuildId(number: number): BuildId {
  return createHash('sha1').update(`file ${number}`).digest('hex') as BuildId;
}

async function fill(store: Store): Promise<BuildId[]> {
  const buildIds: BuildId[] = [];
  for (let build = 1; build <= BUILDS; build++) {
    const name = `package-${build % 200}`;
    const release = `${build}.fc40`;
    const rpms = Array.from({ length: RPMS_A_BUILD }, (_, rpm) => {
      const files = Array.from({ length: FILES_AN_RPM }, (__, file) => {
        const buildId = benchBuildId(buildIds.length);
        buildIds.push(buildId);
        return storedFile(`/usr/lib64/${name}/lib${rpm}-${file}.so.${build}`, buildId);
      });
      return indexedRpm(build * 100 + rpm, { name: `${name}-${rpm}`, release, files });
    });
    await store.index.replaceBuild(KOJI.name, kojiBuild(build, { name, release }), rpms);
  }
  return buildIds;
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

function median(results: readonly LoadResult[]): LoadResult {
  const errors = results.reduce((sum, result) => sum + result.errors, 0);
  if (errors > 0) throw new Error(`${errors} requests failed; their rate says nothing`);
  const sorted = results.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

const perSecond = (result: LoadResult): string => `${Math.round(result.requestsPerSecond)} /s`;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-bench-'));
const store = openStore(join(directory, 'bench.db'));
const server = createHttpServer({
  lookup: createLookup({ store, koji: [KOJI], checks: NO_CHECKS, now: Date.now }),
  store,
  log: createLog('warn', 'text'),
  instances: [KOJI.name],
  pushToken: null,
  version: 'bench',
  isIndexing: () => true,
  wakeWorkers: () => undefined,
  now: Date.now,
});
try {
  const buildIds = await fill(store);
  console.log(`${buildIds.length} files indexed; asking on ${CONNECTIONS} connections with ${GENERATOR}`);
  if (GENERATOR !== 'wrk')
    console.log('without wrk the loop is slower than the servers, and the ratios are too good');
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const asked = Array.from({ length: 10_000 }, (_, i) => buildIds[(i * 7919) % buildIds.length] ?? '');
  const hits = asked.map((buildId) => `/api/v1/buildids/${buildId}`);
  const upstream = asked.map((buildId) => `/buildids/${buildId}`);
  const misses = asked.map((_, i) => `/api/v1/buildids/${benchBuildId(-1 - i)}`);

  const floor = await startFloor(await (await fetch(`${url}${hits[0] ?? ''}`)).text());
  const floors: LoadResult[] = [];
  const found: LoadResult[] = [];
  const rows: LoadResult[] = [];
  const missed: LoadResult[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    floors.push(await load(floor.url, hits, SECONDS, directory));
    found.push(await load(url, hits, SECONDS, directory));
    rows.push(await load(url, upstream, SECONDS, directory));
    missed.push(await load(url, misses, SECONDS, directory, 404));
  }
  await floor.close();

  const bare = median(floors);
  figure('floor: node:http, constant answer of the same size', perSecond(bare));
  for (const [what, results] of [
    ['lookups over HTTP, found', found],
    ["lookups over HTTP, upstream's route", rows],
    ['lookups over HTTP, not found', missed],
  ] as const) {
    const result = median(results);
    const ratio = (result.requestsPerSecond / bare.requestsPerSecond).toFixed(2);
    figure(what, perSecond(result), `${ratio} of the floor, p99 ${result.p99.toFixed(1)} ms`);
  }

  const body = JSON.stringify({ build_ids: buildIds.slice(0, BATCH) });
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    const began = performance.now();
    const response = await fetch(`${url}/api/v1/buildids`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await response.arrayBuffer();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  figure(`a batch of ${BATCH} build-ids over HTTP`, `${(times[15] ?? 0).toFixed(1)} ms`, 'median of 30');
} finally {
  await server.close();
  await store.close();
  rmSync(directory, { recursive: true });
}
