import { setTimeout as sleep } from 'node:timers/promises';
import { toDarkserverError } from '../../shared/errors.ts';
import type { KojiConfig, RepositoryConfig } from '../config/types.ts';
import type { Log } from '../log.ts';
import type { KnownRepository } from '../store/repository-types.ts';
import { type RefreshParts, discardAll } from './refresh.ts';
import { RETRY, RepositoryRefresher } from './refresher.ts';

export interface RefreshersParts extends Omit<RefreshParts, 'instance'> {
  readonly kojis: readonly Pick<KojiConfig, 'name' | 'repositories'>[];
  readonly log: Log;
}

/**
 * Keeps the packages of all repositories up to date, those of each Koji one after the other: a mirror that hangs
 * keeps no other Koji's waiting.
 */
export class RepositoryRefreshers {
  readonly #parts: RefreshersParts;
  readonly #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();

  constructor(parts: RefreshersParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#work = this.#run(this.#abort.signal);
  }

  /** Calls off what is under way; what was taken over stays. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#work;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { kojis, ...parts } = this.#parts;
    await this.#keepConfigured(signal);
    const withRepositories = kojis.filter(({ repositories }) => repositories.length > 0);
    await Promise.all(
      withRepositories.map(({ name: instance, repositories }) =>
        new RepositoryRefresher({ ...parts, instance, repositories }).run(signal),
      ),
    );
  }

  /**
   * Makes the store hold what is configured and nothing else: packages of repositories that are configured no
   * more are forgotten, and what a refresh has left that was ended before its time is deleted.
   */
  async #keepConfigured(signal: AbortSignal): Promise<void> {
    const { kojis, store, log } = this.#parts;
    const configured = kojis
      .filter(({ repositories }) => repositories.length > 0)
      .map(({ name, repositories }) => [name, repositories.map(known)] as const);
    while (!signal.aborted) {
      try {
        await store.configure(new Map(configured));
        await discardAll(store, signal);
        return;
      } catch (thrown) {
        const { code, message } = toDarkserverError(thrown);
        log.warn(`cannot prepare the store for repositories, trying again: ${message}`, { code });
        await sleep(RETRY, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

function known({ name, source }: RepositoryConfig): KnownRepository {
  return { name, source: `${source.kind} ${source.url}` };
}
