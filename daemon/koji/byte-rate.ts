import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of the full rate that may be taken at once after a pause. */
const BURST = 1000;
/** Milliseconds below which waiting costs more than it does good. */
const LEAST_WAIT = 10;

/** Spreads the bytes that are taken from one Koji's servers over time. */
export class ByteRate {
  /** Bytes in a millisecond; Infinity takes no notice of anything. */
  readonly #rate: number;
  readonly #now: () => number;
  /** When what was taken so far is paid for. */
  #paidUntil: number;

  /** `bytesPerSecond` null is no limit. `now` in milliseconds. */
  constructor(bytesPerSecond: number | null, now: () => number = () => performance.now()) {
    this.#rate = bytesPerSecond === null ? Infinity : bytesPerSecond / 1000;
    this.#now = now;
    this.#paidUntil = now() - BURST;
  }

  /** Counts bytes that have come, and returns for how many milliseconds no more should be taken. */
  take(bytes: number): number {
    const now = this.#now();
    this.#paidUntil = Math.max(this.#paidUntil, now - BURST) + bytes / this.#rate;
    const wait = this.#paidUntil - now;
    return wait < LEAST_WAIT ? 0 : wait;
  }

  /** As take, and waits; or until the signal aborts, without a word. */
  async pay(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const wait = this.take(bytes);
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}
