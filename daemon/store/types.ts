import type { BuildId } from '../../shared/build-id.ts';
import type { DarkserverError } from '../../shared/errors.ts';
import type { KojiBuild, KojiBuildId } from '../../shared/koji.ts';
import type { Nvra } from '../../shared/nvr.ts';
import type { JobStore } from './job-types.ts';
import type { LookupPages } from './lookup-types.ts';
import type { InstanceFacts, ReconciledUpTo, ReconciliationStore } from './reconciliation-types.ts';
import type { RepositoryStore } from './repository-types.ts';
import type {
  RpmFacts,
  IndexedRpm,
  IndexedArchive,
  KnownRpm,
  KnownArchive,
  LocalRpm,
  StoredBuild,
  StoredRpm,
  Holder,
  StoredMatch,
  StoredRpmMatch,
} from './stored.ts';

export * from './job-types.ts';
export type * from './lookup-types.ts';
export * from './stored.ts';

export interface IndexCounts {
  readonly builds: number;
  readonly rpms: number;
  /** Files with a build-id. */
  readonly files: number;
  /** Distinct build-ids. */
  readonly buildIds: number;
  /** Bytes of the database with its write-ahead log. */
  readonly databaseBytes: number;
}

/** The index: what is in which build. */
export interface IndexStore extends LookupPages {
  /**
   * Records a build as Koji has it now. With `rpms`, its RPMs become exactly these, in one
   * transaction; RPMs that Koji no longer lists keep their rows, marked as superseded. Without
   * `rpms` (a deleted, failed or canceled build) only the build's own facts change. The same holds for
   * `archives`, without which those of the build stay as they are.
   */
  replaceBuild(
    instance: string,
    build: KojiBuild,
    rpms: readonly IndexedRpm[] | null,
    archives?: readonly IndexedArchive[] | null,
  ): Promise<void>;
  /** Koji answers that it has no such build any more: what the index knows of it is kept, as deleted. */
  markBuildGone(instance: string, kojiBuildId: KojiBuildId): Promise<void>;
  getBuild(instance: string, kojiBuildId: KojiBuildId): Promise<StoredBuild | null>;
  knownRpms(instance: string, kojiBuildId: KojiBuildId): Promise<KnownRpm[]>;
  knownArchives(instance: string, kojiBuildId: KojiBuildId): Promise<KnownArchive[]>;
  /** Which of these builds the index holds as complete and read without an error. For backfill. */
  indexedBuilds(instance: string, kojiBuildIds: readonly KojiBuildId[]): Promise<Set<KojiBuildId>>;

  /** What tells whether the RPM at this path is still the one that was read; null if none was. */
  knownLocalRpm(path: string): Promise<Pick<RpmFacts, 'payloadHash' | 'size'> | null>;
  /**
   * Records what these RPMs hold, all in one transaction, since each costs as much as the rows of many RPMs.
   * Those that break a bound of the index are left as they were, and returned, with the reason by path.
   */
  replaceLocalRpms(rpms: readonly LocalRpm[]): Promise<ReadonlyMap<string, DarkserverError>>;

  /** Matches of each build-id asked for, best first; ids without one are left out of the map. */
  findByBuildIds(buildIds: readonly BuildId[]): Promise<Map<BuildId, StoredMatch[]>>;
  /** Every RPM with this NVRA (drafts and several Kojis share one), best first. */
  findRpms(nvra: Nvra): Promise<StoredRpm[]>;
  /** Everything with a build-id in the RPMs with this NVRA, best RPM first, then by path. */
  findByNvra(nvra: Nvra): Promise<StoredRpmMatch[]>;

  /**
   * What is at this place of a walk, or the next one behind it: RPMs from 1 on, and behind the last of them
   * archives from -1 down. Null behind the end.
   */
  holderFrom(holderKey: number): Promise<Holder | null>;
  /** The places of the newest RPM and the newest archive, 0 where there is none. */
  lastHolderKeys(): Promise<{ readonly rpm: number; readonly archive: number }>;

  counts(): Promise<IndexCounts>;
}

export interface Store {
  readonly index: IndexStore;
  readonly jobs: JobStore;
  readonly reconciliation: ReconciliationStore;
  readonly repositories: RepositoryStore;
  recordPush(instance: string, at: number): Promise<void>;
  /** In one statement. What it speaks for must be in the queue before. */
  recordReconciled(instance: string, upTo: ReconciledUpTo): Promise<void>;
  instanceFacts(instance: string): Promise<InstanceFacts>;
  /** Cheap; true if the database answers. For /readyz. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}
