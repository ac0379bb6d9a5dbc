import { existsSync } from 'node:fs';
import { DarkserverError } from '../../shared/errors.ts';
import type { Config, KojiConfig } from '../config/types.ts';
import type { RetryPolicy } from '../koji/http-retry.ts';
import type { KojiConnection, Kojis } from '../kojis.ts';
import type { Log } from '../log.ts';
import type { Lookup } from '../lookup/types.ts';
import type { UrlChecks } from '../lookup/url-checks.ts';
import type { Store } from '../store/types.ts';

/**
 * What a subcommand opens, for as long as it needs it. What talks to Kojis, reads RPMs or answers questions is
 * loaded only then: each is a good part of the program, and a command should begin at once.
 */

/** For commands that fill the database: it is made where there is none. */
export async function withStore<T>(config: Config, use: (store: Store) => Promise<T>): Promise<T> {
  const { openStore } = await import('../store/sqlite-store.ts');
  return using(openStore(config.database.path), use);
}

/** For commands that change what is there: a misspelt path must not become a new database. */
export async function withExistingStore<T>(config: Config, use: (store: Store) => Promise<T>): Promise<T> {
  requireDatabase(config);
  const { openStore } = await import('../store/sqlite-store.ts');
  return using(openStore(config.database.path), use);
}

/** For commands that only read. */
export async function withStoreForReading<T>(config: Config, use: (store: Store) => Promise<T>): Promise<T> {
  requireDatabase(config);
  const { openStoreForReading } = await import('../store/sqlite-store.ts');
  return using(openStoreForReading(config.database.path), use);
}

function requireDatabase({ database: { path } }: Config): void {
  if (existsSync(path)) return;
  throw new DarkserverError(
    'configuration',
    `there is no database at ${path} (database.path): "darkserver serve" or "darkserver index PATH" makes one, --database or --config names another`,
  );
}

/** Commands give URLs as they are: what asks servers need not be loaded. */
const NO_CHECKS: UrlChecks = { check: (urls) => Promise.resolve(new Map(urls.map((url) => [url, url]))) };

export async function lookupIn(store: Store, config: Config): Promise<Lookup> {
  const { createLookup } = await import('../lookup/lookup.ts');
  return createLookup({ store, koji: config.koji, checks: NO_CHECKS, now: Date.now });
}

/** For commands that ask a Koji and read no builds. */
export async function withKoji<T>(
  koji: KojiConfig,
  use: (connection: KojiConnection) => Promise<T>,
  retry?: RetryPolicy,
): Promise<T> {
  const { connectKoji } = await import('../kojis.ts');
  const connection = connectKoji(koji, retry);
  try {
    return await use(connection);
  } finally {
    connection.http.close();
  }
}

/** For commands that read builds. Nothing is asked before somebody calls. */
export async function withKojis<T>(
  kojis: readonly KojiConfig[],
  { config, store, log }: { config: Config; store: Store; log: Log },
  use: (kojis: Kojis) => Promise<T>,
): Promise<T> {
  const { openKojis } = await import('../kojis.ts');
  const opened = openKojis(kojis, { index: store.index, scan: config.indexer.scan, log });
  try {
    return await use(opened);
  } finally {
    opened.close();
  }
}

async function using<T>(store: Store, use: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
