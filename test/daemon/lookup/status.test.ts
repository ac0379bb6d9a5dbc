import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Lookup } from '../../../daemon/lookup/types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import { statusAnswer } from '../../../shared/api.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { setUpLookup } from '../../support/seeded-lookup.ts';

let store: Store;
let lookup: Lookup;
let clock: number;

beforeEach(async () => {
  clock = Date.now();
  ({ store, lookup } = await setUpLookup(() => clock));
});

describe('the status', () => {
  const NO_SWEEP = { progress: null, last_ended: null, found: 0 };

  test('counts what is there', async () => {
    const status = statusAnswer.strict().parse(await lookup.status());
    expect(status).toMatchObject({
      files: 11,
      build_ids: 10,
      queue: { queued: 0, running: 0, failed: 0, parked: 0 },
      koji: {
        fedora: { lag_seconds: 0, last_push: null, last_reconciled: null, sweep: NO_SWEEP },
        plain: { lag_seconds: 0, last_push: null, last_reconciled: null, sweep: NO_SWEEP },
      },
    });
    expect(status.database_bytes).toBeGreaterThan(0);
  });

  test('measures the lag of each Koji by its own queue', async () => {
    await store.jobs.enqueue('fedora', [77 as KojiBuildId], PRIORITY.push);
    await store.recordPush('fedora', Date.parse('2024-02-29T12:00:00.250Z'));
    const oldest = await store.jobs.oldestWaiting('fedora');
    clock = (oldest ?? 0) + 90_500;
    const { koji, queue } = await lookup.status();
    expect(queue.queued).toBe(1);
    expect(koji['fedora']).toStrictEqual({
      lag_seconds: 90.5,
      last_push: '2024-02-29T12:00:00.250Z',
      last_reconciled: null,
      sweep: NO_SWEEP,
      repositories: {},
    });
    expect(koji['plain']?.lag_seconds).toBe(0);
    clock = 0;
    expect((await lookup.status()).koji['fedora']?.lag_seconds).toBe(0);
  });

  test('tells how far the comparison of every build is, and what all of them have found', async () => {
    const ended = Date.parse('2024-02-29T12:00:00.250Z');
    await store.reconciliation.recordSweep('plain', { began: ended - 9000, from: 201 });
    await store.reconciliation.recordSweep('plain', { at: 1, found: 2 });
    await store.reconciliation.recordSweep('plain', { ended });
    const last = '2024-02-29T12:00:00.250Z';
    const sweepOf = async (): Promise<unknown> => (await lookup.status()).koji['plain']?.sweep;
    expect(await sweepOf()).toEqual({ progress: null, last_ended: last, found: 2 });
    await store.reconciliation.recordSweep('plain', { began: ended, from: 201 });
    expect(await sweepOf()).toEqual({ progress: 0, last_ended: last, found: 2 });
    await store.reconciliation.recordSweep('plain', { at: 151, found: 3 });
    expect(await sweepOf()).toEqual({ progress: 50 / 201, last_ended: last, found: 5 });
  });

  test('tells of repositories and what is wrong with them', async () => {
    const { repositories } = store;
    const [source, baseUrl] = ['baseurl http://m.example', 'http://m.example/'];
    await repositories.configure(new Map([['plain', [{ name: 'updates', source }]]]));
    const generation = await repositories.begin();
    const validators = { url: `${baseUrl}repodata/repomd.xml`, etag: null, lastModified: null, sha256: '' };
    const taken = { generation, packages: 0, primaryChecksum: 'x', at: 0, baseUrl, validators };
    await repositories.takeOver('plain', 'updates', taken);
    await repositories.recordFailure('plain', 'updates', { at: 1000, message: 'truncated' });
    const { koji } = statusAnswer.strict().parse(await lookup.status());
    expect(koji['plain']?.repositories).toEqual({
      updates: {
        packages: 0,
        last_refreshed: '1970-01-01T00:00:00.000Z',
        last_seen: '1970-01-01T00:00:00.000Z',
        failures: 1,
        error: { message: 'truncated', at: '1970-01-01T00:00:01.000Z' },
      },
    });
    expect(koji['fedora']?.repositories).toEqual({});
  });

  test('is behind a Koji at least since it was last compared with, once that is overdue', async () => {
    const last = Date.parse('2024-02-29T12:00:00.250Z');
    await store.recordReconciled('fedora', { kojiBuildId: 9, time: last });
    clock = last + 120_000;
    expect((await lookup.status()).koji['fedora']).toStrictEqual({
      lag_seconds: 0,
      last_push: null,
      last_reconciled: '2024-02-29T12:00:00.250Z',
      sweep: NO_SWEEP,
      repositories: {},
    });
    clock = last + 120_001;
    const { koji } = await lookup.status();
    expect([koji['fedora']?.lag_seconds, koji['plain']?.lag_seconds]).toEqual([120.001, 0]);

    await store.jobs.enqueue('fedora', [77 as KojiBuildId], PRIORITY.push);
    const oldest = (await store.jobs.oldestWaiting('fedora')) ?? 0;
    await store.recordReconciled('fedora', { time: oldest + 1000 });
    clock = oldest + 500_000;
    expect((await lookup.status()).koji['fedora']?.lag_seconds).toBe(500);
  });
});
