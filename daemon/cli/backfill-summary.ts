import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { QueueTally } from './backfill-queue.ts';
import type { BackfillWatch, Failure } from './backfill-watch.ts';
import { complain, formatBytes, formatSeconds, print, printable } from './output.ts';

/** Failures of one reason that are told one by one. */
const TOLD_OF_A_REASON = 20;

export function tellQueued(tally: QueueTally, queued: string): void {
  print(
    `${tally.found} builds found: ${tally.indexedBefore} indexed before, ${tally.queuedBefore} in the queue before, ${tally.queued} ${queued}`,
  );
}

export function tellRead(watch: BackfillWatch, seconds: number): void {
  const { read, failures, total, waiting } = watch;
  const rate = (total - waiting) / Math.max(seconds, 0.001);
  print(
    [
      `${total - waiting - failures.size} builds done`,
      `${failures.size} failed`,
      `${read.rpms} RPMs with ${read.files} files read here (${formatBytes(read.bytesRead)})`,
      `${formatSeconds(seconds)}, ${rate.toFixed(1)} builds/s`,
    ].join(', '),
  );
  for (const [code, builds] of byReason(failures)) tellReason(code, builds);
}

function byReason(failures: ReadonlyMap<KojiBuildId, Failure>): Map<ErrorCode, [KojiBuildId, string][]> {
  const reasons = new Map<ErrorCode, [KojiBuildId, string][]>();
  for (const [kojiBuildId, { code, message }] of failures) {
    const builds = reasons.get(code) ?? [];
    builds.push([kojiBuildId, message]);
    reasons.set(code, builds);
  }
  return reasons;
}

function tellReason(code: ErrorCode, builds: readonly (readonly [KojiBuildId, string])[]): void {
  complain(`${code} (${builds.length}):`);
  for (const [kojiBuildId, message] of builds.slice(0, TOLD_OF_A_REASON)) {
    complain(`  build ${kojiBuildId}: ${printable(message)}`);
  }
  const more = builds.length - TOLD_OF_A_REASON;
  if (more > 0) complain(`  and ${more} more: see 'darkserver jobs'`);
}
