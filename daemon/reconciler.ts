import { setTimeout as sleep } from 'node:timers/promises';
import { toDarkserverError } from '../shared/errors.ts';
import type { Log } from './log.ts';
import { compareCounts } from './reconciler-counts.ts';
import type { ReconcileParts } from './reconciler-news.ts';
import { reconcile } from './reconciler-round.ts';
import { queueAwaited } from './reconciler-signatures.ts';
import { sweepStep } from './reconciler-sweep.ts';

/** Rounds are apart by up to this part more or less, so that daemons started together do not ask together. */
const JITTER = 0.1;

/** Milliseconds until another try after a round that failed, where rounds are further apart. */
const RETRY = 300_000;

/** Milliseconds between two questions to the index whether signed copies are to be looked for again. */
const LOOK_PAUSE = 10_000;

/** The longest wait that a timer of Node can, in milliseconds: with more it does not wait at all. */
const LONGEST_WAIT = 2 ** 31 - 1;

export interface ReconcilerParts extends ReconcileParts {
  /** Milliseconds between two rounds. */
  readonly interval: number;
  /** Milliseconds between the beginnings of two sweeps, at least. */
  readonly sweepInterval: number;
  /** Milliseconds between two steps of a sweep. */
  readonly sweepPause: number;
  readonly log: Log;
}

/**
 * Compares the index with one Koji again and again, so that an announcement that was lost loses nothing.
 * Each Koji has its own, and one that hangs keeps no other waiting.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #abort = new AbortController();
  #loop: Promise<unknown> = Promise.resolve();
  #fails = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** The first round begins at once. */
  start(): void {
    const { signal } = this.#abort;
    this.#loop = Promise.all([this.#run(signal), this.#lookAgain(signal)]);
  }

  /** Calls off what is asked of Koji just now; what was found before is in the queue. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { interval } = this.#parts;
    while (!signal.aborted) {
      const succeeded = (await this.#try(() => reconcile(this.#parts, signal), signal)) !== null;
      const wait =
        (succeeded ? interval : Math.min(interval, RETRY)) * (1 + JITTER * (2 * Math.random() - 1));
      const next = performance.now() + Math.min(wait, LONGEST_WAIT);
      if (succeeded) await this.#betweenRounds(next, signal);
      await pause(next - performance.now(), signal);
    }
  }

  /** Beside the rounds, since the first looks for a signed copy come soon; it asks the index alone. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    const { hub, log } = this.#parts;
    let fails = false;
    while (!signal.aborted) {
      try {
        await queueAwaited(this.#parts);
        fails = false;
      } catch (thrown) {
        const { code, message } = toDarkserverError(thrown);
        const fields = { instance: hub.instance, code };
        if (!fails) log.warn(`cannot look for signed copies that are awaited: ${message}`, fields);
        fails = true;
      }
      await pause(LOOK_PAUSE, signal);
    }
  }

  /** What is left of the time is for what takes longer: it stops for the next round and goes on after it. */
  async #betweenRounds(next: number, signal: AbortSignal): Promise<void> {
    const { sweepInterval, sweepPause, hub, log } = this.#parts;
    const isTime = (): boolean => performance.now() >= next || signal.aborted;
    const counted = await this.#try(() => compareCounts(this.#parts, signal, isTime), signal);
    if (counted === null) return;
    while (!isTime()) {
      const step = await this.#try(() => sweepStep(this.#parts, sweepInterval, signal), signal);
      if (step?.sweep === 'has ended') log.info('compared all builds with Koji', { instance: hub.instance });
      if (step?.sweep !== 'goes on') return;
      await pause(Math.min(sweepPause, next - performance.now()), signal);
    }
  }

  /** Null if it failed, which is said once until a comparison succeeds. */
  async #try<T extends { readonly queued: number }>(
    compare: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | null> {
    const { hub, log } = this.#parts;
    const { instance } = hub;
    try {
      const outcome = await compare();
      const { queued: builds } = outcome;
      if (builds > 0)
        log.info('found builds that are not in the index as Koji has them', { instance, builds });
      if (this.#fails) log.info('the index is compared with Koji again', { instance });
      this.#fails = false;
      return outcome;
    } catch (thrown) {
      if (signal.aborted) return null;
      const { code, message, cause } = toDarkserverError(thrown);
      if (!this.#fails) {
        const stack = code === 'internal' && cause instanceof Error ? { stack: cause.stack ?? null } : {};
        log.warn(`cannot compare the index with Koji: ${message}`, { instance, code, ...stack });
      }
      this.#fails = true;
      return null;
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined);
}
