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
 * with the method's name (and the field's, where one was wrong).
 */
export interface KojiHub {
  /** The instance's name in the configuration. */
  readonly instance: string;
  /** The hub's own version, for check-config. */
  getVersion(): Promise<string>;
  /** Null if Koji knows no such build. */
  getBuild(build: KojiBuildId | string): Promise<KojiBuild | null>;
  /** Several builds in one request, in the order asked for. */
  getBuilds(kojiBuildIds: readonly KojiBuildId[]): Promise<(KojiBuild | null)[]>;
  /** A build and its RPMs in one request, so that both are of one moment; null if there is no such build. */
  getBuildWithRpms(kojiBuildId: KojiBuildId): Promise<{ build: KojiBuild; rpms: KojiRpm[] } | null>;
  /** Builds in any state, ordered by id, page after page. */
  listBuilds(query: BuildQuery): AsyncIterable<KojiBuild[]>;
  /** Builds tagged directly with a tag. A tag that Koji does not know is a `not_found`. */
  listTagged(tag: string): Promise<KojiBuildId[]>;
  /** The largest build id that Koji has given out, 0 if none. */
  lastKojiBuildId(): Promise<number>;
}
