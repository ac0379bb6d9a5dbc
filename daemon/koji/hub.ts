import type { KojiBuild, KojiBuildId, KojiRpm } from '../../shared/koji.ts';

/** Which builds a listing asks for. All that is given must hold. */
export interface BuildQuery {
  /** Only builds with a larger id: the cursor of a listing ordered by id. */
  readonly afterKojiBuildId?: KojiBuildId;
  /** Seconds since the epoch, by Koji's completion time. */
  readonly completedAfter?: number;
  readonly completedBefore?: number;
  readonly packageName?: string;
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
  /** A build and its RPMs in one request, so that both are of one moment; null if there is no such build. */
  getBuildWithRpms(
    kojiBuildId: KojiBuildId,
    signal?: AbortSignal,
  ): Promise<{ build: KojiBuild; rpms: KojiRpm[] } | null>;
  /** Builds in any state, ordered by id, page after page. */
  listBuilds(query: BuildQuery, signal?: AbortSignal): AsyncIterable<KojiBuild[]>;
  /** Builds tagged directly with a tag. A tag that Koji does not know is a `not_found`. */
  listTagged(tag: string, signal?: AbortSignal): Promise<KojiBuildId[]>;
  /** The largest build id that Koji has given out, 0 if none. */
  lastKojiBuildId(signal?: AbortSignal): Promise<number>;
}
