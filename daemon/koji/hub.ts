import type { KojiArchive, KojiBuild, KojiBuildId, KojiRpm } from '../../shared/koji.ts';

/** Which builds a listing asks for. All that is given must hold. */
export interface BuildQuery {
  /** Only builds with a larger id: the cursor of a listing ordered by id. */
  readonly afterKojiBuildId?: KojiBuildId;
  /** Seconds since the epoch, by Koji's completion time. */
  readonly completedAfter?: number;
  readonly completedBefore?: number;
  readonly packageName?: string;
}

export interface KojiBuildContent {
  readonly build: KojiBuild;
  readonly rpms: readonly KojiRpm[];
  /** Those that are tar files by Koji's word or by their names; of the others nothing is kept. */
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
}
