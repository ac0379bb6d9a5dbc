import { DarkserverError, toDarkserverError } from '../../shared/errors.ts';
import type { OpenedRpm, RpmSource } from './types.ts';

/** Koji and the file disagree: the file is another one, or not yet whole. It may be the right one later. */
export function mismatch(source: RpmSource, what: string, differences: readonly string[]): DarkserverError {
  return new DarkserverError(
    'hub_protocol',
    `${source.name} is not ${what} of Koji's: ${differences.join('; ')}`,
  );
}

/** A source whose file must have the size that Koji recorded, so that half a file is not taken for a broken one. */
export class SizedSource implements RpmSource {
  readonly name: string;
  readonly #source: RpmSource;
  readonly #what: string;
  readonly #size: number;
  #isSizeTold = false;

  /** `what` is what Koji calls the file, for the message if it is another one. */
  constructor(source: RpmSource, what: string, size: number) {
    this.name = source.name;
    this.#source = source;
    this.#what = what;
    this.#size = size;
  }

  async open(start: number, options?: { expect?: number; signal?: AbortSignal }): Promise<OpenedRpm> {
    const opened = await this.#source.open(start, options);
    this.#isSizeTold = opened.size !== null;
    if (opened.size === null || opened.size === this.#size) return opened;
    await opened.chunks[Symbol.asyncIterator]().return?.();
    throw mismatch(this, this.#what, [`Koji says ${this.#size} bytes, the file has ${opened.size}`]);
  }

  /**
   * What an error in reading it means. Where the server did not say how long the file is, a file that cannot be read
   * may be a page of the server's own, or of a proxy's, and not the one that Koji means.
   */
  judge(thrown: unknown): unknown {
    const { code, message } = toDarkserverError(thrown);
    if (this.#isSizeTold || (code !== 'format' && code !== 'limit')) return thrown;
    return mismatch(this, this.#what, [`the server did not tell its size, and ${message}`]);
  }
}
