import { setTimeout as sleep } from 'node:timers/promises';
import { toDarkserverError } from '../shared/errors.ts';
import type { Log } from './log.ts';
import { type RoundParts, reconcile } from './reconciler-round.ts';

/** Rounds are apart by up to this part more or less, so that daemons started together do not ask together. */
const JITTER = 0.1;

/** Milliseconds until another try after a round that failed, where rounds are further apart. */
const RETRY = 300_000;

/** The longest wait that a timer of Node can, in milliseconds: with more it does not wait at all. */
const LONGEST_WAIT = 2 ** 31 - 1;

export interface ReconcilerParts extends RoundParts {
  /** Milliseconds between two rounds. */
  readonly interval: number;
  readonly log: Log;
}

/**
 * Compares the index with one Koji again and again, so that an announcement that was lost loses nothing.
 * Each Koji has its own, and one that hangs keeps no other waiting.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #abort = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #fails = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** The first round begins at once. */
  start(): void {
    this.#loop = this.#run(this.#abort.signal);
  }

  /** Calls off what is asked of Koji just now; what was found before is in the queue. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { interval } = this.#parts;
    while (!signal.aborted) {
      const succeeded = await this.#round(signal);
      const wait =
        (succeeded ? interval : Math.min(interval, RETRY)) * (1 + JITTER * (2 * Math.random() - 1));
      await sleep(Math.min(wait, LONGEST_WAIT), undefined, { signal }).catch(() => undefined);
    }
  }

  /** False if it failed, which is said once until a round succeeds. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { hub, log } = this.#parts;
    const { instance } = hub;
    try {
      const builds = await reconcile(this.#parts, signal);
      if (builds > 0)
        log.info('found builds that are not in the index as Koji has them', { instance, builds });
      if (this.#fails) log.info('the index is compared with Koji again', { instance });
      this.#fails = false;
      return true;
    } catch (thrown) {
      if (signal.aborted) return false;
      const { code, message, cause } = toDarkserverError(thrown);
      if (!this.#fails) {
        const stack = code === 'internal' && cause instanceof Error ? { stack: cause.stack ?? null } : {};
        log.warn(`cannot compare the index with Koji: ${message}`, { instance, code, ...stack });
      }
      this.#fails = true;
      return false;
    }
  }
}
