/** Milliseconds by which the clock must have been set for it to be more than its daily correction. */
const JUMP = 5000;

/** Notices when somebody, or NTP, sets the clock: times that were written before mean something else then. */
export class ClockWatch {
  readonly #now: () => number;
  readonly #elapsed: () => number;
  /** What the clock showed when nothing had elapsed. */
  #origin: number;

  /** `now` is the clock, `elapsed` a time that nobody sets; both in milliseconds. */
  constructor(now: () => number = Date.now, elapsed: () => number = () => performance.now()) {
    this.#now = now;
    this.#elapsed = elapsed;
    this.#origin = now() - elapsed();
  }

  /** Milliseconds by which the clock was set since this was asked last, ahead or (negative) back; 0 if it was not. */
  jump(): number {
    const origin = this.#now() - this.#elapsed();
    const jump = origin - this.#origin;
    if (Math.abs(jump) < JUMP) return 0;
    this.#origin = origin;
    return jump;
  }
}
