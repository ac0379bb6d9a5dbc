import type { BuildId } from '../../shared/build-id.ts';
import type { FileKind } from '../../shared/elf/kind.ts';
import type { DarkserverError, ErrorCode } from '../../shared/errors.ts';
import type {
  ChecksumType,
  KojiArchiveFacts,
  KojiArchiveId,
  KojiBuild,
  KojiBuildId,
  KojiRpmId,
} from '../../shared/koji.ts';
import type { Nvra } from '../../shared/nvr.ts';
import type { JobStore } from './job-types.ts';
import type { LookupPages } from './lookup-types.ts';
import type { InstanceFacts, ReconciledUpTo, ReconciliationStore } from './reconciliation-types.ts';
import type { RepositoryStore } from './repository-types.ts';

export * from './job-types.ts';
export type * from './lookup-types.ts';

/** A file with a build-id, as the index keeps it. */
export interface StoredFile {
  readonly path: string;
  readonly buildId: BuildId;
  readonly kind: FileKind;
  readonly evidence: StoredEvidence;
}

/** What proved a row; the numbers in schema.sql follow this order. */
export const STORED_EVIDENCE = ['payload', 'file-class', 'link', 'debuginfo-link', 'provides'] as const;
export type StoredEvidence = (typeof STORED_EVIDENCE)[number];

export interface RpmFacts extends Nvra {
  readonly epoch: number | null;
  /** Bytes. */
  readonly size: number;
  readonly payloadHash: string | null;
  /** Seconds since the epoch, by the header (BUILDTIME); null where nobody says. */
  readonly buildTime: number | null;
  /**
   * Bytes of the main header and the payload, which signing does not change, unlike `size`; null if the RPM
   * was not read (where the index had them before, it keeps them).
   */
  readonly contentSize: number | null;
}

/** A signed copy of an RPM in Koji's file store, as data/signed/SIGKEY/ARCH/FILE under its build. */
export interface SignedCopy {
  /** Lower-case hex, as it stands in the path: the last 8 digits of the key's id. */
  readonly sigkey: string;
  /** Bytes; null where the file server does not tell. */
  readonly size: number | null;
  /** When it was last seen there, milliseconds since the epoch. */
  readonly seenAt: number;
}

/** A signature of an RPM that Koji knows, and whether the copy that carries it was there just now. */
export interface IndexedSignature {
  readonly sigkey: string;
  readonly copy: { readonly size: number | null } | null;
}

/**
 * What became of an RPM or an archive. A list: this is all that it holds. "keep": it was read before and has
 * not changed, leave its rows. A failure: it could not be read; rows that it had are left, and the reason is
 * kept.
 */
export type IndexedFiles =
  readonly StoredFile[] | 'keep' | { readonly error: ErrorCode; readonly message: string };

/** One RPM of a build as the indexer hands it over. */
export interface IndexedRpm extends RpmFacts {
  readonly kojiRpmId: KojiRpmId;
  readonly files: IndexedFiles;
  /** Best first. "keep": nobody could be asked, what the index has stays. */
  readonly signatures: readonly IndexedSignature[] | 'keep';
}

/** One tar archive of a build as the indexer hands it over. */
export interface IndexedArchive extends KojiArchiveFacts {
  readonly kojiArchiveId: KojiArchiveId;
  readonly files: IndexedFiles;
}

/** What the store knows of an RPM's content, so that an unchanged one is not read again. */
export interface KnownRpm {
  readonly kojiRpmId: KojiRpmId;
  readonly payloadHash: string | null;
  readonly size: number;
  /** True if its files were read without an error. */
  readonly indexed: boolean;
}

/** The same of an archive. */
export interface KnownArchive {
  readonly kojiArchiveId: KojiArchiveId;
  /** Where it was found, which is not always where Koji's listing would have it. */
  readonly directory: string;
  readonly checksum: string;
  readonly checksumType: ChecksumType | null;
  readonly size: number;
  readonly indexed: boolean;
}

/** An RPM file of this machine, and what was found in it. */
export interface LocalRpm {
  /** Absolute, without symbolic links: what the file is known by. */
  readonly path: string;
  readonly facts: RpmFacts;
  readonly files: readonly StoredFile[];
}

/** A build as stored: Koji's facts as of `indexedAt`. */
export interface StoredBuild extends KojiBuild {
  readonly instance: string;
  /** Milliseconds since the epoch. */
  readonly indexedAt: number;
}

export interface StoredRpm extends RpmFacts {
  /** Null for an RPM that no Koji knows (instance `local`). */
  readonly kojiRpmId: KojiRpmId | null;
  readonly build: StoredBuild | null;
  /** True if Koji no longer lists it in its build: it is known, but nowhere to be had. */
  readonly superseded: boolean;
  /** Those that were there when they were last asked for, best first. */
  readonly signedCopies: readonly SignedCopy[];
  /** Absolute path of a local RPM, else null. */
  readonly localPath: string | null;
  /** Why its files could not be read, else null. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface StoredArchive extends KojiArchiveFacts {
  readonly kojiArchiveId: KojiArchiveId;
  readonly build: StoredBuild;
  /** As of an RPM. */
  readonly superseded: boolean;
  readonly error: StoredRpm['error'];
}

/** What holds files, with all of them, as a walk through the index meets it. */
export type Holder = HeldRpm | HeldArchive;

interface HeldRpm {
  /** Its place in the walk: 1, 2, … as RPMs came to the index. */
  readonly holderKey: number;
  readonly rpm: StoredRpm;
  readonly archive?: undefined;
  readonly files: readonly StoredFile[];
}

interface HeldArchive {
  /** -1, -2, … as archives came to the index. */
  readonly holderKey: number;
  readonly rpm?: undefined;
  readonly archive: StoredArchive;
  readonly files: readonly StoredFile[];
}

/** One row of an answer: a file, and the RPM or the archive that holds it. */
export type StoredMatch = StoredRpmMatch | StoredArchiveMatch;

export interface StoredRpmMatch {
  readonly file: StoredFile;
  readonly rpm: StoredRpm;
  readonly archive?: undefined;
}

export interface StoredArchiveMatch {
  readonly file: StoredFile;
  readonly rpm?: undefined;
  readonly archive: StoredArchive;
}

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
