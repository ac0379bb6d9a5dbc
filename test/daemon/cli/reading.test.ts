import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { PRIORITY, type Store } from '../../../daemon/store/types.ts';
import { statusAnswer } from '../../../shared/api.ts';
import { EXIT } from '../../../shared/errors.ts';
import { darkserver } from '../../support/darkserver.ts';
import { ids } from '../../support/queue.ts';
import { type SeededDatabase, setUpDatabase } from '../../support/seeded-database.ts';

/** `status`, and what the commands that only read, and `retry`, do where there is no database. */

let path: string;
let store: Store;
let ask: SeededDatabase['ask'];
beforeEach(async () => {
  ({ path, store, ask } = await setUpDatabase());
});

describe('status', () => {
  test('--json is what GET /api/v1/status answers', async () => {
    await store.jobs.enqueue('fedora', ids(77), PRIORITY.push);
    await store.recordPush('fedora', Date.UTC(2024, 0, 2));
    const { code, stdout } = await ask('status', '--json');
    const status = statusAnswer.parse(JSON.parse(stdout));
    const counts = await store.index.counts();
    expect(status).toMatchObject({
      builds: counts.builds,
      rpms: counts.rpms,
      files: counts.files,
      build_ids: counts.buildIds,
      queue: { queued: 1, running: 0, failed: 0, parked: 0 },
      koji: { fedora: { last_push: '2024-01-02T00:00:00.000Z', last_reconciled: null } },
    });
    expect(code).toBe(EXIT.done);
  });

  test('is readable without it', async () => {
    const { code, stdout } = await ask('status');
    expect(stdout).toMatch(/^index +6 builds, 9 RPMs, 11 files with 10 build-ids$/m);
    expect(stdout).toMatch(/^database +\d+(\.\d)? KiB$/m);
    expect(stdout).toMatch(/^fedora +none +never +never +never$/m);
    expect(code).toBe(EXIT.done);
  });
});

describe('a database that is not there', () => {
  test.each([['status'], ['jobs'], ['lookup', '0102'], ['retry', '--failed']])(
    'is not made by %s',
    async (...args) => {
      const missing = `${path}.missing`;
      const { code, stderr } = await darkserver(['--database', missing, ...args]);
      expect(stderr).toContain(`there is no database at ${missing} (database.path)`);
      expect(stderr).toContain('darkserver serve');
      expect(existsSync(missing)).toBe(false);
      expect(code).toBe(EXIT.configuration);
    },
  );

  test('nor is a file of another kind touched', async () => {
    const other = new URL('./reading.test.ts', import.meta.url).pathname;
    const before = readFileSync(other);
    const { code, stderr } = await darkserver(['--database', other, 'status']);
    expect(stderr).toContain(other);
    expect(code).toBe(EXIT.configuration);
    expect(readFileSync(other).equals(before)).toBe(true);
  });
});
