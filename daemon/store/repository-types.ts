import type { Nvra } from '../../shared/nvr.ts';

/** What an RPM is matched to packages by: a StoredRpm, or as much of it. */
export interface MatchedRpm extends Nvra {
  readonly epoch: number | null;
  readonly buildTime: number | null;
  readonly contentSize: number | null;
  readonly build: { readonly instance: string } | null;
}

/** A copy of an RPM in a YUM repository. */
export interface MirrorCopy {
  /** As the configuration names it. */
  readonly repository: string;
  /** On the mirror that answered last. */
  readonly url: string;
  /** Bytes; a signature may have made the file larger or smaller than Koji's. */
  readonly size: number;
  /** When the repository last said that it has it; milliseconds since the epoch. */
  readonly lastSeen: number;
}

/** A package as the primary of a repository lists it. */
export interface RepositoryPackage extends Nvra {
  /** "src" for every source package, also for one whose file is a .nosrc.rpm. */
  readonly arch: string;
  /** 0 for none: repodata does not tell them apart. */
  readonly epoch: number;
  /** Relative to the repository's base URL, or a whole URL (xml:base); not percent-encoded. */
  readonly href: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of header and payload together, which signing does not change; null where it is not said. */
  readonly contentSize: number | null;
  /** Seconds since the epoch; null where it is not said. */
  readonly buildTime: number | null;
}

/** What tells whether a repomd.xml has changed. */
export interface Validators {
  /** Where it came from: another mirror knows other tags. */
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Of the file, in hex. */
  readonly sha256: string;
}

/** What is known of a repository. Times are milliseconds since the epoch, null if never. */
export interface RepositoryState {
  readonly name: string;
  /** In force now. */
  readonly packages: number;
  /** When these packages were taken over. */
  readonly lastRefreshed: number | null;
  /** When the repository last said that it has them. */
  readonly lastSeen: number | null;
  /** Refreshes that have failed since the last that did not. */
  readonly failures: number;
  /** How and when the last refresh failed; null if it did not. */
  readonly error: { readonly message: string; readonly at: number } | null;
  /** "TYPE:HEX" of the primary whose packages these are. */
  readonly primaryChecksum: string | null;
  /** Of the repomd.xml that was read last. */
  readonly validators: Validators | null;
}

/** What came of asking a repository. */
export interface RepositorySeen {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of the mirror that answered; ends in "/". */
  readonly baseUrl: string;
  readonly validators: Validators;
}

/** A repository as it is configured. */
export interface KnownRepository {
  readonly name: string;
  /** Packages of another source are not this one's. */
  readonly source: string;
}

/**
 * The packages of YUM repositories: a cache, which replaces what a repository held in one statement, so that
 * what was there stays until all that is new is there.
 */
export interface RepositoryStore {
  /**
   * Copies of each RPM, in the order in which the repositories of its Koji are configured; RPMs without one are
   * left out. An RPM is matched by name, epoch, version, release and architecture, and, where both sides say
   * them, by build time and by the bytes of header and payload together, so that two builds with one NVRA are
   * told apart. repodata names the digest of neither header nor payload.
   */
  copiesOf<Rpm extends MatchedRpm>(rpms: readonly Rpm[]): Promise<Map<Rpm, MirrorCopy[]>>;

  /** Makes the repositories exactly these, by instance: all others, and those of another source, are forgotten. */
  configure(repositories: ReadonlyMap<string, readonly KnownRepository[]>): Promise<void>;
  /** In the order of the configuration. */
  states(instance: string): Promise<RepositoryState[]>;

  /** A set of packages to be filled and taken over. */
  begin(): Promise<number>;
  /** All in one transaction. Returns how many of them were not there yet. */
  add(generation: number, packages: readonly RepositoryPackage[]): Promise<number>;
  /**
   * Makes these the packages of a repository. Throws `store` if they are not as many as were added: another
   * daemon has taken them for leftovers.
   */
  takeOver(
    instance: string,
    name: string,
    taken: RepositorySeen & {
      readonly generation: number;
      readonly packages: number;
      readonly primaryChecksum: string;
    },
  ): Promise<void>;
  /** It will not be filled further nor taken over. */
  abandon(generation: number): Promise<void>;
  /** The packages are still these. */
  recordSeen(instance: string, name: string, seen: RepositorySeen): Promise<void>;
  recordFailure(
    instance: string,
    name: string,
    failure: { readonly at: number; readonly message: string },
  ): Promise<void>;
  /** Deletes a few thousand packages that no repository has any more. False once there are none. */
  discard(): Promise<boolean>;
}
