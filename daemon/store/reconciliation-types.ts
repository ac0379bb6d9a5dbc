import type { KojiArchiveId, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';

/** Facts about each Koji that outlive a restart. Times are milliseconds since the epoch, null if never. */
export interface InstanceFacts {
  readonly lastPush: number | null;
  readonly lastReconciled: number | null;
  /** The last build that Koji had at the first contact: what came before is for backfill. */
  readonly firstKojiBuildId: number | null;
  /** Builds with larger ids are still to be asked for; 0 if Koji had none, null before the first contact. */
  readonly reconciledKojiBuildId: number | null;
  /** The same for RPMs and archives that are imported into builds. */
  readonly reconciledKojiRpmId: number | null;
  readonly reconciledKojiArchiveId: number | null;
  readonly sweep: SweepFacts;
}

/** The slow comparison of all builds, from the newest to the oldest and again. */
export interface SweepFacts {
  /** When the last one began. */
  readonly began: number | null;
  /** It began below this id. */
  readonly from: number | null;
  /** Builds below this id are still to be compared; null if none is under way. */
  readonly at: number | null;
  /** When the last one came to its end. */
  readonly ended: number | null;
  /** Builds that all sweeps together have found different and queued. */
  readonly found: number;
}

/** How far the index was compared with a Koji: what is left out stays as it was. Ids never go back. */
export interface ReconciledUpTo {
  /** Builds up to this id are in the index, in the queue, watched, or too old to be asked for. */
  readonly kojiBuildId?: number;
  /** Once set it stays. */
  readonly firstKojiBuildId?: number;
  readonly kojiRpmId?: number;
  readonly kojiArchiveId?: number;
  /** Milliseconds since the epoch: what Koji changed before was looked at. */
  readonly time?: number;
}

export type SweepStep =
  | { readonly began: number; readonly from: number }
  | { readonly at: number; readonly found: number }
  | { readonly ended: number };

/** A build that no list of builds shows yet, or not as it will be. */
export interface WatchedBuild {
  readonly kojiBuildId: KojiBuildId;
  /** When it was first met, milliseconds since the epoch. */
  readonly since: number;
}

export interface ChangedPeriod {
  readonly period: number;
  readonly changes: number;
}

/** What the index knows that a build has now; superseded RPMs and archives do not count. */
export interface StoredContent {
  readonly rpms: ReadonlySet<KojiRpmId>;
  readonly archives: ReadonlySet<KojiArchiveId>;
}

/** An RPM that stands for all of its build, and the keys with which it is signed by the index, best first. */
export interface SampleRpm {
  readonly kojiRpmId: KojiRpmId;
  readonly sigkeys: readonly string[];
}

/** What only the comparison with a Koji asks of the store. */
export interface ReconciliationStore {
  /** Begins, moves on or ends the sweep, in one statement. What was found must be in the queue before. */
  recordSweep(instance: string, step: SweepStep): Promise<void>;

  /** Keeps what was watched before as it was. */
  watch(instance: string, kojiBuildIds: readonly KojiBuildId[], since: number): Promise<void>;
  unwatch(instance: string, kojiBuildIds: readonly KojiBuildId[]): Promise<void>;
  /** Those with larger ids, ascending, at most `limit`. */
  watched(instance: string, afterKojiBuildId: number, limit: number): Promise<WatchedBuild[]>;

  /** How many builds of this kind Koji had in these periods when they were counted last. */
  counted(instance: string, kind: string, fromPeriod: number, beforePeriod: number): Promise<number>;
  recordCount(instance: string, kind: string, period: number, builds: number): Promise<void>;
  /** Periods in which the index itself has changed since they were counted, at most `limit`. */
  changedPeriods(instance: string, limit: number): Promise<ChangedPeriod[]>;
  /** Forgets a period's changes if there were no more meanwhile. */
  forgetChanges(instance: string, changed: ChangedPeriod): Promise<void>;

  /** Builds of the index that were completed then, in seconds since the epoch; of any state. */
  buildsCompleted(instance: string, from: number, before: number): Promise<KojiBuildId[]>;
  /** Builds of the index with smaller ids, descending, at most `limit`. */
  buildsBelow(instance: string, kojiBuildId: number, limit: number): Promise<KojiBuildId[]>;
  /** Null for a build whose RPMs and archives were never taken over. */
  storedContent(instance: string, kojiBuildId: KojiBuildId): Promise<StoredContent | null>;

  /** One RPM of each of these builds that is complete and has any. */
  sampleRpms(instance: string, kojiBuildIds: readonly KojiBuildId[]): Promise<Map<KojiBuildId, SampleRpm>>;
  /** The keys of each RPM of a build that has any; null as of storedContent. */
  storedSignatures(
    instance: string,
    kojiBuildId: KojiBuildId,
  ): Promise<ReadonlyMap<KojiRpmId, ReadonlySet<string>> | null>;
  /**
   * Builds with signed copies that are expected to come and have not been looked at since it was time to, by these
   * waits in milliseconds since the signature was met.
   */
  buildsAwaitingCopies(instance: string, waits: readonly number[], now: number): Promise<KojiBuildId[]>;
}
