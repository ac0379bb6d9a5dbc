import { afterEach } from '@jest/globals';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What a test opened is closed after it, the last first, whether it passed or not. */
export function afterTest(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}
