interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** Memory that several share: who finds too little left waits, first come, first served. */
export class MemoryBudget {
  readonly #total: number;
  #free: number;
  readonly #queue: Waiting[] = [];

  constructor(bytes: number) {
    this.#total = bytes;
    this.#free = bytes;
  }

  /**
   * Resolves when so many bytes are left, with what gives them back. More than there are counts as all there are.
   * Throws the signal's reason if that comes first.
   */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const taken = Math.min(bytes, this.#total);
    if (this.#queue.length > 0 || taken > this.#free) await this.#wait(taken, signal);
    else this.#free -= taken;
    let isGivenBack = false;
    return () => {
      if (isGivenBack) return;
      isGivenBack = true;
      this.#free += taken;
      this.#serve();
    };
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    let stop: () => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiting = { bytes, begin: resolve };
        stop = () => {
          this.#queue.splice(this.#queue.indexOf(waiting), 1);
          this.#serve();
          reject(asError(signal?.reason));
        };
        signal?.addEventListener('abort', stop, { once: true });
        this.#queue.push(waiting);
      });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Each that begins has its bytes already when it goes on. */
  #serve(): void {
    for (let next = this.#queue[0]; next !== undefined && next.bytes <= this.#free; next = this.#queue[0]) {
      this.#queue.shift();
      this.#free -= next.bytes;
      next.begin();
    }
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
