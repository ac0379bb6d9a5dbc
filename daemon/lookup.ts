import type { BatchAnswer, Match, StatusAnswer, UpstreamRow } from '../shared/api.ts';
import type { BuildId } from '../shared/build-id.ts';
import type { Nvra } from '../shared/nvr.ts';

/** What can be asked of the index, in the words of the API. The store is behind it, and Koji's paths. */
export interface Lookup {
  /** Matches best first, [] if none. */
  byBuildId(buildId: BuildId): Promise<Match[]>;
  byBuildIds(buildIds: readonly BuildId[]): Promise<BatchAnswer>;
  /** Build-ids that begin with these 8 or more hex digits, ascending. */
  byPrefix(prefix: string, limit: number): Promise<BuildId[]>;
  /** Everything with a build-id in the RPMs with this NVRA. */
  byNvra(nvra: Nvra): Promise<Match[]>;
  /** Upstream's rows for these build-ids. */
  upstreamRows(buildIds: readonly BuildId[]): Promise<UpstreamRow[]>;
  /** Upstream's rows for everything with a build-id in the RPMs with this NVRA. */
  upstreamRowsByNvra(nvra: Nvra): Promise<UpstreamRow[]>;
  /** The best download address of an RPM, null if it is unknown or nowhere to be had. */
  packageUrl(nvra: Nvra): Promise<string | null>;
  status(): Promise<StatusAnswer>;
}
