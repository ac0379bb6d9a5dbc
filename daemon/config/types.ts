import type { LogLevel } from '../log.ts';
import type { ScanMode } from '../indexer/types.ts';
import type { RateLimit } from './network-values.ts';

export const DEFAULT_CONFIG_FILE = '/etc/darkserver/darkserver.toml';

/** A YUM repository in which RPMs of a Koji are published. */
export interface RepositoryConfig {
  /** Unique in its Koji. */
  readonly name: string;
  /** How its mirrors are found: a base URL has no trailing slash, the others are files that name base URLs. */
  readonly source: { readonly kind: RepositorySourceKind; readonly url: string };
  /** Milliseconds. */
  readonly refreshInterval: number;
}

export const REPOSITORY_SOURCE_KINDS = ['baseurl', 'mirrorlist', 'metalink'] as const;
export type RepositorySourceKind = (typeof REPOSITORY_SOURCE_KINDS)[number];

/** What may stand in braces in a koji.retrace. */
export const RETRACE_PLACEHOLDERS = [
  ...['name', 'epoch', 'version', 'release', 'arch'],
  ...['nvra', 'dist', 'letter'],
] as const;

/** One Koji of the configuration, complete with defaults. */
export interface KojiConfig {
  readonly name: string;
  /** XML-RPC endpoint, usually ending in /kojihub. */
  readonly hub: string;
  /** Base URL under which packages/ and vol/ are published, without a trailing slash. */
  readonly topurl: string;
  /** Base URL of kojiweb, for links to a build's page; null if none is known. */
  readonly web: string | null;
  /** Koji's file store mounted here, read in place of topurl; null for reading over HTTP. */
  readonly topdir: string | null;
  /** RPMs of these architectures are not read ("src" by default: source packages hold no build-ids). */
  readonly skipArches: readonly string[];
  /** Keys whose signed copies are looked for, best first, lower-case hex of 8 or 16 digits; [] for all. */
  readonly sigkeys: readonly string[];
  /** The URL of an RPM on an ABRT retrace server, with RETRACE_PLACEHOLDERS in braces; null if there is none. */
  readonly retrace: string | null;
  /** Milliseconds. */
  readonly reconcileInterval: number;
  /** Milliseconds between the beginnings of two comparisons of all builds, at least. */
  readonly sweepInterval: number;
  /** Requests to this Koji under way at once, at most. */
  readonly maxConnections: number;
  /** Of what its servers send; null for as fast as it comes. */
  readonly maxBytesPerSecond: number | null;
  /** In the order of the file: the first is the best to be sent to. */
  readonly repositories: readonly RepositoryConfig[];
}

export interface Config {
  readonly http: {
    readonly listen: { readonly host: string; readonly port: number };
    /** Addresses and ranges whose X-Forwarded-For is believed. */
    readonly trustedProxies: readonly string[];
    /** Null: no limit. */
    readonly rateLimit: RateLimit | null;
  };
  readonly database: { readonly path: string };
  /** The token itself, read from push.token_file; null: only loopback may push. */
  readonly push: { readonly token: string | null };
  readonly indexer: { readonly workers: number; readonly scan: ScanMode };
  readonly log: { readonly level: LogLevel; readonly format: 'text' | 'json' };
  /** At least one; the first is the default instance. */
  readonly koji: readonly [KojiConfig, ...KojiConfig[]];
}
