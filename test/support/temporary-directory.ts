import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterTest } from './after-test.ts';

/** A new directory, which is removed with all in it after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-test-'));
  afterTest(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}
