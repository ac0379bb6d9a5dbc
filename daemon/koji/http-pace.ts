/** How fast an answer began, or why there was none. */
export type Ending =
  | { readonly ended: 'answered'; readonly what: string; readonly milliseconds: number }
  /** 429 or 503. `retryAfter` in milliseconds, null if the server named no time. */
  | { readonly ended: 'refused'; readonly retryAfter: number | null }
  /** No connection, silence, another 5xx. */
  | { readonly ended: 'failed' };

/** Parts of the requests under way that are kept when the server is slow, and when it refuses or fails. */
const WHEN_SLOW = 0.7;
const WHEN_IN_TROUBLE = 0.5;
/** An answer is slow that takes so many times as long as is usual, and this many milliseconds more. */
const SLOW_FACTOR = 3;
const SLOW_MARGIN = 50;
/** How much one answer counts for what is usual, and for what is so now. */
const USUAL_WEIGHT = 0.01;
const NOW_WEIGHT = 0.3;

/** Failures in a row after which a server is left alone for a while. */
const FAILURES_BEFORE_REST = 3;
/** Milliseconds that a server is believed when it asks to be left alone. */
const LONGEST_NAMED_REST = 3_600_000;

/** Milliseconds of rests that the server did not name: each is twice as long as the one before. */
export interface Rests {
  readonly first: number;
  readonly longest: number;
}

/**
 * How many requests one Koji bears at once, found out as TCP finds its window: a request more for each round of
 * answers, fewer by a part when answers become slow, by half when they are refusals. A server that names a time
 * (Retry-After), or fails again and again, is not asked at all until the time is over, and then by one request.
 */
export class HttpPace {
  readonly #most: number;
  readonly #rests: Rests;
  readonly #now: () => number;
  readonly #onLimit: (requests: number) => void;
  #limit: number;
  #restUntil = -Infinity;
  #failures = 0;
  /** Answers to let pass before the limit may fall again: those that were under way when it fell. */
  #underWay = 0;
  /** By what was asked: milliseconds as usual, and now. */
  readonly #times = new Map<string, { usual: number; now: number }>();

  /** `onLimit` is told whenever the number of requests changes. `now` in milliseconds. */
  constructor(
    most: number,
    rests: Rests,
    onLimit: (requests: number) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#most = most;
    this.#rests = rests;
    this.#limit = most;
    this.#onLimit = onLimit;
    this.#now = now;
  }

  /** Requests that may be under way at once, now. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** Milliseconds for which nothing should be asked. */
  get rest(): number {
    return Math.max(0, this.#restUntil - this.#now());
  }

  note(ending: Ending): void {
    if (ending.ended === 'answered') {
      this.#failures = 0;
      this.#noteTime(ending.what, ending.milliseconds);
      return;
    }
    this.#failures++;
    this.#times.clear();
    this.#lower(WHEN_IN_TROUBLE);
    const named = ending.ended === 'refused' ? ending.retryAfter : null;
    if (named !== null) this.#restFor(Math.min(named, LONGEST_NAMED_REST));
    else if (this.#failures >= FAILURES_BEFORE_REST) {
      const { first, longest } = this.#rests;
      this.#restFor(Math.min(first * 2 ** (this.#failures - FAILURES_BEFORE_REST), longest));
    }
  }

  #noteTime(what: string, milliseconds: number): void {
    const times = this.#times.get(what) ?? { usual: milliseconds, now: milliseconds };
    times.now += (milliseconds - times.now) * NOW_WEIGHT;
    this.#times.set(what, times);
    const isSlow = times.now > times.usual * SLOW_FACTOR + SLOW_MARGIN;
    // What is slow becomes usual only once it is so for a single request too: then it is not our doing.
    if (!isSlow || this.limit === 1) times.usual += (milliseconds - times.usual) * USUAL_WEIGHT;
    if (isSlow) this.#lower(WHEN_SLOW);
    else this.#change(Math.min(this.#most, this.#limit + 1 / this.#limit));
    this.#underWay = Math.max(0, this.#underWay - 1);
  }

  #lower(part: number): void {
    if (this.#underWay > 0) return;
    this.#underWay = this.limit;
    this.#change(Math.max(1, this.#limit * part));
  }

  /** Whoever comes back after a rest comes back alone. */
  #restFor(milliseconds: number): void {
    this.#restUntil = Math.max(this.#restUntil, this.#now() + milliseconds);
    this.#underWay = 0;
    this.#change(1);
  }

  #change(limit: number): void {
    const before = this.limit;
    this.#limit = limit;
    if (this.limit !== before) this.#onLimit(this.limit);
  }
}
