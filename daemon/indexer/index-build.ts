import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';

/** How looking at a build ended. A thrown error is one that stopped all of it (the hub, the store). */
export type IndexOutcome =
  /** Read (or nothing had to be read): the index says what Koji says. */
  | { readonly outcome: 'indexed'; readonly rpms: number; readonly files: number; readonly bytesRead: number }
  /** Koji has it deleted, failed, canceled or still building: noted, nothing to read. */
  | { readonly outcome: 'noted'; readonly state: string }
  /** Koji has no such build. */
  | { readonly outcome: 'unknown' }
  /** Some RPMs could not be read; all others were written. The code is the most hopeful of the failures. */
  | {
      readonly outcome: 'incomplete';
      readonly error: { readonly code: ErrorCode; readonly message: string };
    };

/** Looks at one build of one Koji again: asks Koji what is true now and makes the index say so. */
export type IndexBuild = (kojiBuildId: KojiBuildId, signal: AbortSignal) => Promise<IndexOutcome>;
