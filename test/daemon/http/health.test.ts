import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../../daemon/store/types.ts';
import { errorAnswer, statusAnswer } from '../../../shared/api.ts';
import { altered } from '../../support/altered.ts';
import { startTestServer } from '../../support/http-server.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';

const withPing = (ping: Store['ping']) => (store: Store) => altered(store, { ping });

const withBrokenCounts = (store: Store): Store =>
  altered(store, {
    index: altered(store.index, {
      counts: () => Promise.reject(new Error('SQLITE_BUSY in /secret/path.db')),
    }),
  });

describe('health', () => {
  test.each(['/healthz', '/readyz'])('%s is 200 while all is well', async (path) => {
    const server = await startTestServer();
    const response = await fetch(`${server.url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toStrictEqual({ status: 'ok' });
  });

  test.each([
    ['says no', () => Promise.resolve(false)],
    ['throws', () => Promise.reject(new Error('SQLITE_CORRUPT'))],
  ])('a store that %s makes the server unready, not dead', async (_what, ping) => {
    const server = await startTestServer({ wrapStore: withPing(ping) });
    const response = await fetch(`${server.url}/readyz`);
    expect(response.status).toBe(503);
    const { error } = errorAnswer.strict().parse(await response.json());
    expect(error).toStrictEqual({ code: 'store', message: 'the database does not answer' });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

describe('a server whose builds are not indexed', () => {
  test('is not ready, and answers what is asked', async () => {
    const server = await startTestServer({ isIndexing: () => false });
    const response = await fetch(`${server.url}/readyz`);
    expect(response.status).toBe(503);
    expect(errorAnswer.parse(await response.json()).error.message).toBe('builds are not indexed');
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/status`)).status).toBe(200);
  });
});

describe('GET /api/v1/status', () => {
  test('is what INTERFACE promises, and nothing that may be cached', async () => {
    const server = await startTestServer();
    await seedStore(server.store);
    const response = await fetch(`${server.url}/api/v1/status`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const status = statusAnswer.strict().parse(await response.json());
    expect(status.files).toBe(11);
    expect(Object.keys(status.koji)).toStrictEqual(['fedora', 'plain']);
  });

  test('is a 500 that tells nothing when the store breaks', async () => {
    const server = await startTestServer({ wrapStore: withBrokenCounts });
    const response = await fetch(`${server.url}/api/v1/status`);
    expect(response.status).toBe(500);
    const { error } = errorAnswer.strict().parse(await response.json());
    expect(error.code).toBe('internal');
    expect(error.message).not.toMatch(/SQLITE|secret/);
  });
});

describe('GET /metrics', () => {
  const scrape = async (url: string) => {
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return new Map(
      (await response.text())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  };

  test('counts requests by route, not by URL', async () => {
    const server = await startTestServer();
    await seedStore(server.store);
    for (const id of [SEEDED.bin, SEEDED.library, SEEDED.absent, 'nonsense']) {
      await fetch(`${server.url}/api/v1/buildids/${id}`);
    }
    await fetch(`${server.url}/no/such/path`);
    const samples = await scrape(server.url);
    const count = (labels: string) =>
      samples.get(`darkserver_http_request_duration_seconds_count{${labels}}`);
    expect(count('method="GET",route="/api/v1/buildids/:build_id",status="200"')).toBe(2);
    expect(count('method="GET",route="/api/v1/buildids/:build_id",status="404"')).toBe(1);
    expect(count('method="GET",route="/api/v1/buildids/:build_id",status="400"')).toBe(1);
    expect(count('method="GET",route="none",status="404"')).toBe(1);
  });

  test('shows the index, the queue, each Koji and the process', async () => {
    const server = await startTestServer({ now: () => 1_700_000_000_000 });
    await seedStore(server.store);
    await fetch(`${server.url}/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"instance":"fedora","koji_build_ids":[70,71,70]}',
    });
    await server.store.reconciliation.recordSweep('fedora', { began: 1_699_000_000_000, from: 100 });
    await server.store.reconciliation.recordSweep('fedora', { at: 25, found: 3 });
    await server.store.reconciliation.recordSweep('plain', { ended: 1_600_000_000_000 });
    const samples = await scrape(server.url);
    const expected = {
      darkserver_store_up: 1,
      'darkserver_index_rows{kind="files"}': 11,
      'darkserver_jobs{state="queued"}': 2,
      'darkserver_jobs{state="parked"}': 0,
      'darkserver_pushes_total{instance="fedora"}': 1,
      'darkserver_pushed_builds_total{instance="fedora",outcome="queued"}': 2,
      'darkserver_pushed_builds_total{instance="fedora",outcome="already_queued"}': 0,
      'darkserver_koji_last_push_timestamp_seconds{instance="fedora"}': 1_700_000_000,
      'darkserver_koji_lag_seconds{instance="plain"}': 0,
      'darkserver_koji_sweep_progress_ratio{instance="fedora"}': 0.75,
      'darkserver_koji_sweep_found_builds{instance="fedora"}': 3,
      'darkserver_koji_sweep_found_builds{instance="plain"}': 0,
      'darkserver_koji_sweep_last_ended_timestamp_seconds{instance="plain"}': 1_600_000_000,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, samples.get(name)]))).toStrictEqual(
      expected,
    );
    expect(samples.get('darkserver_koji_lag_seconds{instance="fedora"}')).toBeGreaterThanOrEqual(0);
    expect(samples.has('darkserver_koji_last_push_timestamp_seconds{instance="plain"}')).toBe(false);
    expect(samples.has('darkserver_koji_sweep_progress_ratio{instance="plain"}')).toBe(false);
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  test('says that the store is down, and shows no old numbers', async () => {
    let broken = false;
    const server = await startTestServer({
      wrapStore: (store) =>
        altered(store, {
          index: altered(store.index, {
            counts: () => (broken ? Promise.reject(new Error('SQLITE_IOERR')) : store.index.counts()),
          }),
        }),
    });
    expect((await scrape(server.url)).get('darkserver_index_rows{kind="files"}')).toBe(0);
    broken = true;
    const samples = await scrape(server.url);
    expect(samples.get('darkserver_store_up')).toBe(0);
    expect(
      [...samples.keys()].filter((name) => /^darkserver_(index|jobs|koji|database)/.test(name)),
    ).toStrictEqual([]);
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  });
});
