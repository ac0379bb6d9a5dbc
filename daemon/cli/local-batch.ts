import type { DarkserverError } from '../../shared/errors.ts';
import type { ScanMode } from '../indexer/types.ts';
import type { IndexStore, LocalRpm } from '../store/types.ts';

/**
 * Bounds of what waits to be written: what a kill loses, and memory. A transaction of this size takes a
 * fraction of a second, for which a daemon on the same database waits. Where payloads are read there is less memory:
 * with ten times as many RPMs waiting, V8 keeps 15 MB more, which a decompressor of the largest window has to have.
 */
const MAX_RPMS = { header: 500, auto: 50, payload: 50 } as const satisfies Record<ScanMode, number>;
const MAX_FILES = 20_000;

/** Milliseconds since the last transaction after which nothing waits: RPMs that take long to read come singly. */
const MAX_AGE = 1000;

/** Called for each RPM once it is in the database, or is known not to fit into it. */
export type OnWritten = (rpm: LocalRpm, error: DarkserverError | undefined) => void;

/** Gathers what was read of many RPMs into one transaction, which alone costs more than a small RPM's rows. */
export class LocalBatch {
  readonly #index: Pick<IndexStore, 'replaceLocalRpms'>;
  readonly #maxRpms: number;
  readonly #onWritten: OnWritten;
  #waiting: LocalRpm[] = [];
  #files = 0;
  #written = performance.now();

  constructor(index: Pick<IndexStore, 'replaceLocalRpms'>, scan: ScanMode, onWritten: OnWritten) {
    this.#index = index;
    this.#maxRpms = MAX_RPMS[scan];
    this.#onWritten = onWritten;
  }

  /** Writes what waits if there is enough of it, or the last time is long ago. */
  async add(rpm: LocalRpm): Promise<void> {
    this.#waiting.push(rpm);
    this.#files += rpm.files.length;
    const isEnough = this.#waiting.length >= this.#maxRpms || this.#files >= MAX_FILES;
    if (isEnough || performance.now() - this.#written >= MAX_AGE) await this.write();
  }

  async write(): Promise<void> {
    const rpms = this.#waiting;
    if (rpms.length === 0) return;
    this.#waiting = [];
    this.#files = 0;
    const errors = await this.#index.replaceLocalRpms(rpms);
    this.#written = performance.now();
    for (const rpm of rpms) this.#onWritten(rpm, errors.get(rpm.path));
  }
}
