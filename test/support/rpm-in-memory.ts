import type { OpenedRpm, RpmSource } from '../../daemon/indexer/types.ts';

/** An RPM that is in memory or made as it is read. It remembers how it was read. */
export class RpmInMemory implements RpmSource {
  readonly name: string;
  readonly #bytes: Uint8Array;
  readonly #chunkBytes: number;
  /** Offsets at which it was opened. */
  readonly opened: number[] = [];
  closed = 0;

  constructor(bytes: Uint8Array, options: { name?: string; chunkBytes?: number } = {}) {
    this.#bytes = bytes;
    this.name = options.name ?? 'memory.rpm';
    this.#chunkBytes = options.chunkBytes ?? 64 * 1024;
  }

  open(start: number): Promise<OpenedRpm> {
    this.opened.push(start);
    return Promise.resolve({ size: this.#bytes.length, chunks: this.#chunks(start) });
  }

  async *#chunks(start: number): AsyncGenerator<Uint8Array, void> {
    try {
      for (let at = start; at < this.#bytes.length; at += this.#chunkBytes) {
        yield await Promise.resolve(this.#bytes.subarray(at, at + this.#chunkBytes));
      }
    } finally {
      this.closed++;
    }
  }
}
