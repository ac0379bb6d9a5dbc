import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../daemon/store/sqlite-store.ts';
import type { Store } from '../../daemon/store/types.ts';
import { afterTest } from './after-test.ts';

/** A new store in a file of its own, which is closed and removed after the test. */
export function openTestStore(): Store {
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-test-'));
  const store = openStore(join(directory, 'darkserver.db'));
  afterTest(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return store;
}
