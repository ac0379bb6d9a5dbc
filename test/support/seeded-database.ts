import type { Store } from '../../daemon/store/types.ts';
import { databasePath, storeAt } from './database-file.ts';
import { type Ended, darkserver } from './darkserver.ts';
import { seedStore } from './seed-store.ts';

export interface SeededDatabase {
  readonly path: string;
  readonly store: Store;
  /** Runs `darkserver` on it with these arguments. */
  readonly ask: (...args: string[]) => Promise<Ended>;
}

/** A database as a small Koji would fill it, for the program to read; removed after the test. */
export async function setUpDatabase(): Promise<SeededDatabase> {
  const path = databasePath();
  const store = storeAt(path);
  await seedStore(store);
  return { path, store, ask: (...args) => darkserver(['--database', path, ...args]) };
}
