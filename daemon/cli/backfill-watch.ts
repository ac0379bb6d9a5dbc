import { type ErrorCode, toDarkserverError } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { IndexBuild, IndexOutcome } from '../indexer/index-build.ts';
import type { JobStore } from '../store/types.ts';

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Builds whose jobs are looked up at once, when other processes may have done them. */
const SWEEP = 500;

/**
 * Which builds of a backfill are still to be read, and how the others ended. What the workers of this
 * process do is seen at once; what those of other processes do, by looking into the queue now and then.
 */
export class BackfillWatch {
  readonly failures = new Map<KojiBuildId, Failure>();
  /** What the workers of this process read. */
  readonly read = { builds: 0, rpms: 0, files: 0, bytesRead: 0 };
  readonly #instance: string;
  readonly #jobs: Pick<JobStore, 'find'>;
  /** In the order in which they were queued, which is nearly that in which they are done. */
  readonly #waiting = new Set<KojiBuildId>();
  #ended = 0;

  constructor(instance: string, jobs: Pick<JobStore, 'find'>) {
    this.#instance = instance;
    this.#jobs = jobs;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get total(): number {
    return this.#waiting.size + this.#ended;
  }

  add(kojiBuildIds: readonly KojiBuildId[]): void {
    for (const kojiBuildId of kojiBuildIds) this.#waiting.add(kojiBuildId);
  }

  /** The same IndexBuild, with this watch told how each build ended. */
  watch(indexBuild: IndexBuild): IndexBuild {
    return async (kojiBuildId, signal, options) => {
      try {
        const outcome = await indexBuild(kojiBuildId, signal, options);
        this.#note(kojiBuildId, outcome);
        return outcome;
      } catch (thrown) {
        const { code, message } = toDarkserverError(thrown);
        // Called off or taken over: it is not over for the build.
        if (!signal.aborted) this.#end(kojiBuildId, { code, message });
        throw thrown;
      }
    };
  }

  /** Looks what other processes have done. */
  async sweep(): Promise<void> {
    for (const kojiBuildId of [...firstOf(this.#waiting, SWEEP)]) {
      const job = await this.#jobs.find(this.#instance, kojiBuildId);
      if (job === null) this.#end(kojiBuildId, null);
      else if (job.state === 'failed' || job.state === 'parked') {
        this.#end(kojiBuildId, job.lastError ?? { code: 'internal', message: 'no reason was kept' });
      }
    }
  }

  #note(kojiBuildId: KojiBuildId, outcome: IndexOutcome): void {
    const isOurs = this.#end(kojiBuildId, outcome.outcome === 'incomplete' ? outcome.error : null);
    if (!isOurs || outcome.outcome !== 'indexed') return;
    this.read.builds++;
    this.read.rpms += outcome.rpms;
    this.read.files += outcome.files;
    this.read.bytesRead += outcome.bytesRead;
  }

  /** False if the build is no part of this backfill: the hub announced it meanwhile. */
  #end(kojiBuildId: KojiBuildId, failure: Failure | null): boolean {
    if (this.#waiting.delete(kojiBuildId)) this.#ended++;
    else if (!this.failures.has(kojiBuildId)) return false;
    if (failure === null) this.failures.delete(kojiBuildId);
    else this.failures.set(kojiBuildId, failure);
    return true;
  }
}

function* firstOf<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}
