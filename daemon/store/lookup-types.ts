import type { BuildId } from '../../shared/build-id.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import type { Nvr, Nvra } from '../../shared/nvr.ts';
import type { StoredArchive, StoredBuild, StoredMatch, StoredRpm, StoredRpmMatch } from './stored.ts';

/** Which part of a listing is asked for: what comes behind a place, or what comes first if that is null. */
export interface Page<Place> {
  readonly after: Place | null;
  /** 1 to 1001: a thousand, and the one that tells whether there are more. */
  readonly limit: number;
}

/** What a build holds. `holderKey` is as in a walk through the index; `files` have a build-id. */
export type HeldSummary =
  | {
      readonly holderKey: number;
      readonly rpm: StoredRpm;
      readonly archive?: undefined;
      readonly files: number;
    }
  | {
      readonly holderKey: number;
      readonly rpm?: undefined;
      readonly archive: StoredArchive;
      readonly files: number;
    };

/** An RPM, and how many of its files have a build-id. */
export interface RpmSummary {
  readonly rpm: StoredRpm;
  readonly files: number;
}

/** A place among the builds of a package. */
export interface BuildPlace {
  readonly completedAt: number | null;
  readonly buildKey: number;
}

/** A place among the files of the RPMs with one NVRA. */
export interface RpmFilesPlace {
  /** The RPMs that come first, best first, as they were ranked at the first page. */
  readonly best: readonly number[];
  /** The last file that was given: what RPM it is in, and where. */
  readonly fileKey: number;
}

/**
 * Questions whose answers may be long, page by page. Each page is of one moment. A place stays valid while
 * rows arrive: what was there at the first page and stays is met once. `next` is null behind the last page;
 * a page may be short, or empty, and not the last. All throw `bad_input` for a limit that is none.
 */
export interface LookupPages {
  /** Build-ids that begin with these hex digits (8 or more), ascending; those up to `after` are left out. */
  findBuildIdsByPrefix(prefix: string, limit: number, after?: BuildId): Promise<BuildId[]>;
  /** Builds with this NVR, of any Koji, best first. */
  findBuilds(nvr: Nvr): Promise<StoredBuild[]>;
  /** What a build holds or held: RPMs as they came to the index, then archives. None of an unknown build. */
  findHolders(
    instance: string,
    kojiBuildId: KojiBuildId,
    page: Page<number>,
  ): Promise<{ readonly holders: readonly HeldSummary[]; readonly next: number | null }>;
  /**
   * Builds whose name this is, or that hold or held an RPM of this name, the last completed first, those never
   * completed last. `rpms` counts what Koji lists in the build.
   */
  findBuildsOfPackage(
    name: string,
    page: Page<BuildPlace>,
  ): Promise<{
    readonly builds: readonly { readonly build: StoredBuild; readonly rpms: number }[];
    readonly next: BuildPlace | null;
  }>;
  /** RPMs of this name that no Koji knows, the newest in the index first. */
  findLocalRpms(name: string, limit: number): Promise<StoredRpm[]>;
  /** Files at exactly this path, those of RPMs first, the newest in the index first; then of archives. */
  findByPath(
    path: string,
    page: Page<number>,
  ): Promise<{ readonly matches: readonly StoredMatch[]; readonly next: number | null }>;
  /** The file that came to the index last in an RPM, null if there is none. */
  findNewestFile(): Promise<StoredMatch | null>;
  /** Every RPM with this NVRA, best first. */
  findRpmSummaries(nvra: Nvra): Promise<RpmSummary[]>;
  /** Everything with a build-id in the RPMs with this NVRA: the best RPM first, files as they came. */
  findFilesOfRpms(
    nvra: Nvra,
    page: Page<RpmFilesPlace>,
  ): Promise<{ readonly matches: readonly StoredRpmMatch[]; readonly next: RpmFilesPlace | null }>;
  /**
   * Of each of these builds what goes with its files: debuginfo, debugsource and source RPMs that Koji lists in
   * it, of all architectures. By "instance/koji_build_id"; builds without are left out.
   */
  findSiblings(
    builds: readonly { readonly instance: string; readonly kojiBuildId: KojiBuildId }[],
  ): Promise<Map<string, StoredRpm[]>>;
}

/** Pages larger than this take too long: nobody else is answered meanwhile. */
export const MAX_PAGE = 1001;
