import type {
  BuildState,
  KojiArchive,
  KojiArchiveId,
  KojiBuild,
  KojiBuildId,
  KojiRpm,
  KojiRpmId,
} from '../../shared/koji.ts';

/** Which builds a listing asks for. All that is given must hold. */
export interface BuildQuery {
  /** Only builds with a larger id: the cursor of a listing ordered by id. */
  readonly afterKojiBuildId?: KojiBuildId;
  /** Seconds since the epoch, by Koji's completion time. */
  readonly completedAfter?: number;
  readonly completedBefore?: number;
  readonly packageName?: string;
}

/** Which builds are counted. All that is given must hold. */
export interface CountQuery {
  readonly state?: BuildState;
  /** Drafts alone. Kojis before 1.34 know none, and answer with a fault. */
  readonly draft?: true;
  readonly kojiVolumeId?: number;
  /** Seconds since the epoch: builds that were completed then or later. */
  readonly completedFrom?: number;
  readonly completedBefore?: number;
}

export interface KojiVolume {
  readonly kojiVolumeId: number;
  readonly name: string;
}

/** As much of a build as shows whether the index agrees with it. */
export interface BuildOutline {
  readonly kojiBuildId: KojiBuildId;
  /** Null if Koji knows no such build. */
  readonly build: KojiBuild | null;
  /** How many RPMs Koji lists for it. */
  readonly rpms: number;
  /** Those of its archives that are tar files. */
  readonly tars: readonly KojiArchiveId[];
  /** As getSignatures, of the RPM that was named as the build's sample; null where none was. */
  readonly sampleSigkeys: readonly string[] | null;
}

/** An RPM is known to be signed with a key, by the digits that stand in the path of a signed copy. */
export interface KojiSignature {
  readonly kojiRpmId: KojiRpmId;
  readonly sigkey: string;
}

/** What is imported into a build: Koji gives each kind its ids one after another. */
export type AdditionKind = 'rpms' | 'archives';

export interface Addition {
  /** Koji's id of the RPM or archive. */
  readonly addedId: number;
  /** Null for what is not looked at: an RPM of an external repository, an archive that is no tar file. */
  readonly kojiBuildId: KojiBuildId | null;
}

export interface KojiBuildContent {
  readonly build: KojiBuild;
  readonly rpms: readonly KojiRpm[];
  /** Of a complete build, those that are tar files by Koji's word or by their names; of others nothing is kept. */
  readonly archives: readonly KojiArchive[];
}

/**
 * The hub as the indexer sees it. Every method may throw `network`, `hub_protocol` or `hub_fault`
 * with the method's name (and the field's, where one was wrong), and `stopped` once its signal says so.
 */
export interface KojiHub {
  /** The instance's name in the configuration. */
  readonly instance: string;
  /** The hub's own version, for check-config. */
  getVersion(signal?: AbortSignal): Promise<string>;
  /** By id or NVR (`bad_input` if it is none); null if Koji knows no such build. */
  getBuild(build: KojiBuildId | string, signal?: AbortSignal): Promise<KojiBuild | null>;
  /** Several builds in few requests, in the order asked for. */
  getBuilds(kojiBuildIds: readonly KojiBuildId[], signal?: AbortSignal): Promise<(KojiBuild | null)[]>;
  /**
   * A build with its RPMs and its tar archives, in one request, so that all are of one moment; null if there
   * is no such build. A second request follows for archives of which Koji tells more when asked by their type.
   */
  getBuildContent(kojiBuildId: KojiBuildId, signal?: AbortSignal): Promise<KojiBuildContent | null>;
  /** Builds in any state, ordered by id, page after page. */
  listBuilds(query: BuildQuery, signal?: AbortSignal): AsyncIterable<KojiBuild[]>;
  /** Builds tagged directly with a tag. A tag that Koji does not know is a `not_found`. */
  listTagged(tag: string, signal?: AbortSignal): Promise<KojiBuildId[]>;
  /** The largest build id that Koji has given out, 0 if none. */
  lastKojiBuildId(signal?: AbortSignal): Promise<number>;
  /** How many builds each query finds, in one request: a hundred of them at most. */
  countBuilds(queries: readonly CountQuery[], signal?: AbortSignal): Promise<number[]>;
  listVolumes(signal?: AbortSignal): Promise<KojiVolume[]>;
  /**
   * As getBuilds, with what is needed to tell whether the index has all of them. `samples` names an RPM of each
   * build whose signatures stand for those of all: builds are signed as a whole.
   */
  getOutlines(
    kojiBuildIds: readonly KojiBuildId[],
    samples?: ReadonlyMap<KojiBuildId, KojiRpmId>,
    signal?: AbortSignal,
  ): Promise<BuildOutline[]>;
  /**
   * With which keys each of these RPMs is signed, in few requests: those that count by the configuration, best
   * first.
   */
  getSignatures(kojiRpmIds: readonly KojiRpmId[], signal?: AbortSignal): Promise<Map<KojiRpmId, string[]>>;
  /** Signatures that count among the last `limit` that Koji lists by the ids of RPMs, newest RPM first. */
  newestSignatures(limit: number, signal?: AbortSignal): Promise<KojiSignature[]>;
  /** Of which builds these RPMs are; one that Koji does not know is left out. */
  buildsOfRpms(kojiRpmIds: readonly KojiRpmId[], signal?: AbortSignal): Promise<Map<KojiRpmId, KojiBuildId>>;
  /** The largest id that Koji has given to an RPM or archive, 0 if none. */
  lastAddedId(kind: AdditionKind, signal?: AbortSignal): Promise<number>;
  /** What was imported with larger ids, newest first, page after page. */
  listAdditions(kind: AdditionKind, afterId: number, signal?: AbortSignal): AsyncIterable<Addition[]>;
}
