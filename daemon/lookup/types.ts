import type {
  BatchAnswer,
  BuildAnswer,
  BuildIdAnswer,
  FilesAnswer,
  NamedMatch,
  NotFoundReason,
  PackageAnswer,
  PrefixAnswer,
  RpmAnswer,
  StatusAnswer,
  UpstreamRow,
} from '../../shared/api.ts';
import type { AskedBuildId } from '../../shared/build-id-forms.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { Nvr, Nvra } from '../../shared/nvr.ts';

/** Nothing here, because: as much a result as what was found. */
export interface NotFound {
  readonly notFound: { readonly reason: NotFoundReason; readonly message: string };
}

/** What is added to matches. */
export interface Extras {
  /** RPMs of the same build that go with each. */
  readonly siblings: boolean;
  /** Servers are asked whether the URLs work. */
  readonly verify: boolean;
}

export interface PageRequest {
  readonly limit: number;
  /** `next_cursor` of the page before; a text that is none is a `bad_input`. */
  readonly cursor?: string | undefined;
}

/** Where somebody believes a build-id to be. */
export interface Hint {
  readonly build: Nvr | null;
  readonly rpm: Nvra | null;
}

/**
 * What can be asked of the index, in the words of the API. The store is behind it, and where files are to be had.
 * Throws `too_many_requests` where too many large questions wait.
 */
export interface Lookup {
  /** Matches best first. */
  byBuildId(asked: AskedBuildId, extras?: Extras, hint?: Hint): Promise<BuildIdAnswer | NotFound>;
  /** Each by what it was asked as; `group`: which builds together explain most of them. */
  byBuildIds(
    asked: readonly AskedBuildId[],
    options?: Extras & { readonly group: boolean },
  ): Promise<BatchAnswer>;
  /** Build-ids that begin with these 8 or more hex digits, ascending. */
  byPrefix(prefix: string, page: PageRequest): Promise<PrefixAnswer>;
  /** The RPMs with this NVRA and everything with a build-id in them. */
  byNvra(nvra: Nvra, page: PageRequest, extras?: Extras): Promise<RpmAnswer | NotFound>;
  build(nvr: Nvr, page: PageRequest, extras?: Extras): Promise<BuildAnswer | NotFound>;
  kojiBuild(
    instance: string,
    kojiBuildId: KojiBuildId,
    page: PageRequest,
    extras?: Extras,
  ): Promise<BuildAnswer | NotFound>;
  package(name: string, page: PageRequest): Promise<PackageAnswer | NotFound>;
  byPath(path: string, page: PageRequest, extras?: Extras): Promise<FilesAnswer | NotFound>;
  /** What came to the index last, for an example of what it knows; null if it is empty. */
  newest(): Promise<NamedMatch | null>;
  /** Upstream's rows for these build-ids. */
  upstreamRows(buildIds: readonly BuildId[]): Promise<UpstreamRow[]>;
  /** Upstream's rows for everything with a build-id in the RPMs with this NVRA. */
  upstreamRowsByNvra(nvra: Nvra): Promise<UpstreamRow[]>;
  /** The best download address of an RPM, null if it is unknown or nowhere to be had. */
  packageUrl(nvra: Nvra): Promise<string | null>;
  status(): Promise<StatusAnswer>;
}
