import { jobDispositionOf } from '../../shared/errors.ts';
import type { DarkserverError, ErrorCode } from '../../shared/errors.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { formatNvr } from '../../shared/nvr.ts';
import type { KojiHub } from '../koji/hub.ts';
import type { Log } from '../log.ts';
import type { IndexedRpm, IndexStore } from '../store/types.ts';
import { readBuild } from './read-build.ts';
import type { BuildReading, KnownContent, ReadFailure } from './read-build.ts';
import { findSignatures } from './signed-copies.ts';
import type { FindFile } from './signed-copies.ts';
import type { RpmSource, ScanMode } from './types.ts';

/** How looking at a build ended. A thrown error is one that stopped all of it (the hub, the store). */
export type IndexOutcome =
  /** The index says what Koji says; the figures are of what was read for it: what had changed or was new. */
  | {
      readonly outcome: 'indexed';
      readonly rpms: number;
      readonly archives: number;
      readonly files: number;
      readonly bytesRead: number;
    }
  /** Koji has it deleted, failed, canceled or still building: noted, nothing to read. */
  | { readonly outcome: 'noted'; readonly state: string }
  /** Koji has no such build. */
  | { readonly outcome: 'unknown' }
  /**
   * Some RPMs or archives could not be read, or their signed copies not be asked for; all else was written. The
   * code is the most hopeful of the failures.
   */
  | {
      readonly outcome: 'incomplete';
      readonly error: { readonly code: ErrorCode; readonly message: string };
    };

/**
 * Looks at one build of one Koji again: asks Koji what is true now and makes the index say so. RPMs that
 * have not changed since they were read are read again only with `reread`.
 */
export type IndexBuild = (
  kojiBuildId: KojiBuildId,
  signal: AbortSignal,
  options?: { readonly reread?: boolean },
) => Promise<IndexOutcome>;

export interface IndexBuildParts {
  readonly hub: KojiHub;
  /** Where an RPM or another file of a build is to be read, by its path under Koji's topdir. */
  readonly openRpm: (path: string) => RpmSource;
  /** Whether there is such a file. */
  readonly findFile: FindFile;
  readonly index: Pick<IndexStore, 'knownArchives' | 'knownRpms' | 'markBuildGone' | 'replaceBuild'>;
  readonly scan: ScanMode;
  readonly skipArches: readonly string[];
  readonly log: Log;
}

/**
 * Makes the IndexBuild of one Koji. What may pass is tried again by whoever calls it, and costs little
 * then: what was read is written even where other RPMs of the build failed, and is not read twice.
 *
 * Koji is asked once, beside for the signatures, which take the ids of the RPMs: what changes while the RPMs are
 * read is announced again, and looked at again.
 *
 * A build that is deleted before it was ever read is noted without its RPMs, though Koji still lists
 * them: nothing can be told from their names alone, and there is nothing to read any more.
 */
export function createIndexBuild(parts: IndexBuildParts): IndexBuild {
  const { hub, index } = parts;
  return async (kojiBuildId, signal, { reread = false } = {}) => {
    const found = await hub.getBuildContent(kojiBuildId, signal);
    if (found === null) {
      await index.markBuildGone(hub.instance, kojiBuildId);
      return { outcome: 'unknown' };
    }
    const { build } = found;
    if (build.state !== 'complete') {
      await index.replaceBuild(hub.instance, build, null);
      return { outcome: 'noted', state: build.state };
    }
    const known = reread ? NOTHING : await knownContent(index, hub.instance, kojiBuildId);
    const [reading, { signatures, failure }] = await Promise.all([
      readBuild(found, known, parts, signal),
      findSignatures(build, found.rpms, parts, signal),
    ]);
    const rpms = reading.rpms.map((rpm): IndexedRpm => ({
      ...rpm,
      signatures: signatures.get(rpm.kojiRpmId) ?? 'keep',
    }));
    await index.replaceBuild(hub.instance, build, rpms, reading.archives);
    return outcomeOf(reading, failure, `${formatNvr(build)} (Koji build ${kojiBuildId})`);
  };
}

const NOTHING: KnownContent = { rpms: [], archives: [] };

async function knownContent(
  index: IndexBuildParts['index'],
  instance: string,
  kojiBuildId: KojiBuildId,
): Promise<KnownContent> {
  const [rpms, archives] = await Promise.all([
    index.knownRpms(instance, kojiBuildId),
    index.knownArchives(instance, kojiBuildId),
  ]);
  return { rpms, archives };
}

/** Failures that a later attempt may find cured, the likeliest first. */
const HOPEFUL: readonly ErrorCode[] = ['network', 'missing_file', 'hub_protocol'];

function mostHopeful(failures: readonly ReadFailure[]): ReadFailure | undefined {
  for (const code of HOPEFUL) {
    const found = failures.find(({ error }) => error === code);
    if (found !== undefined) return found;
  }
  return failures.find(({ error }) => jobDispositionOf(error) === 'retry') ?? failures[0];
}

function outcomeOf(
  { rpms, archives, failures, read }: BuildReading,
  unasked: DarkserverError | null,
  build: string,
): IndexOutcome {
  const worth = mostHopeful(failures);
  if (worth === undefined) {
    if (unasked !== null) {
      const message = `the signed copies of ${build} are not known: ${unasked.message}`;
      return { outcome: 'incomplete', error: { code: unasked.code, message } };
    }
    const { bytes: bytesRead, ...counts } = read;
    return { outcome: 'indexed', ...counts, bytesRead };
  }
  const all = rpms.length + (archives?.length ?? 0);
  const what = all === rpms.length ? 'RPMs' : rpms.length === 0 ? 'archives' : 'RPMs and archives';
  const count = `${failures.length} of ${all} ${what} of ${build} could not be read`;
  const others = failures.length > 1 ? ', for one' : '';
  return {
    outcome: 'incomplete',
    error: { code: worth.error, message: `${count}${others}: ${worth.message}` },
  };
}
