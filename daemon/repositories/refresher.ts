import { setTimeout as sleep } from 'node:timers/promises';
import { toDarkserverError } from '../../shared/errors.ts';
import type { RepositoryConfig } from '../config/types.ts';
import type { Log } from '../log.ts';
import { FAULTS_OF_MIRRORS, MESSAGE_MAX } from './mirrors.ts';
import { type RefreshParts, refresh } from './refresh.ts';

/** Refreshes are apart by up to this part more or less, so that daemons started together do not ask together. */
const JITTER = 0.1;

/** Milliseconds until another try after one that failed, where refreshes are further apart. */
export const RETRY = 300_000;

/** The longest wait that a timer of Node can, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

export interface RefresherParts extends RefreshParts {
  readonly repositories: readonly RepositoryConfig[];
  readonly log: Log;
}

/** Refreshes the repositories of one Koji again and again, one after the other. */
export class RepositoryRefresher {
  readonly #parts: RefresherParts;
  /** Repositories that are known to fail: that is said once. */
  readonly #failing = new Set<string>();

  constructor(parts: RefresherParts) {
    this.#parts = parts;
  }

  /** All of them are refreshed at once, and each again when its time has come, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const due = this.#parts.repositories.map((repository) => ({ repository, at: 0 }));
    for (;;) {
      const next = due.sort((one, other) => one.at - other.at)[0];
      if (next === undefined) return;
      const wait = Math.min(Math.max(0, next.at - performance.now()), LONGEST_WAIT);
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const { refreshInterval } = next.repository;
      const succeeded = await this.#refresh(next.repository, signal);
      const interval = succeeded ? refreshInterval : Math.min(refreshInterval, RETRY);
      next.at = performance.now() + interval * (1 + JITTER * (2 * Math.random() - 1));
    }
  }

  async #refresh(repository: RepositoryConfig, signal: AbortSignal): Promise<boolean> {
    const { instance, log } = this.#parts;
    const { name } = repository;
    const began = performance.now();
    try {
      const refreshed = await refresh(repository, this.#parts, signal);
      const fields = { instance, repository: name, ms: Math.round(performance.now() - began) };
      if (refreshed.changed) {
        const { packages, skipped } = refreshed;
        log.info('took over the packages of a repository', { ...fields, packages, skipped });
      } else log.debug('a repository has not changed', fields);
      if (this.#failing.delete(name)) log.info('a repository can be refreshed again', fields);
      return true;
    } catch (thrown) {
      if (!signal.aborted) await this.#failed(name, thrown);
      return false;
    }
  }

  async #failed(name: string, thrown: unknown): Promise<void> {
    const { instance, store, now, log } = this.#parts;
    const { code, message: whole, cause } = toDarkserverError(thrown);
    const message = whole.slice(0, MESSAGE_MAX);
    const stack = code === 'internal' && cause instanceof Error ? { stack: cause.stack ?? null } : {};
    if (!this.#failing.has(name)) {
      log.warn(`cannot refresh a repository, what was known of it stays: ${message}`, {
        ...{ instance, repository: name, code },
        ...stack,
      });
    }
    this.#failing.add(name);
    // Everybody may see it: what is wrong with this machine is for the log alone.
    const told = FAULTS_OF_MIRRORS.includes(code) ? message : 'trouble on the server: see its log';
    // A store that fails will do so again in the next refresh.
    await store.recordFailure(instance, name, { at: now(), message: told }).catch(() => undefined);
  }
}
