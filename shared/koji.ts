/** What Koji says, in this project's words. Koji's own spellings end at daemon/koji's decoder. */

/** Koji's integer for a build. Not a GNU build-id. */
export type KojiBuildId = number & { readonly __brand: 'KojiBuildId' };

/** Koji's integer for an RPM; several RPMs of one hub may share an NVRA (drafts), none shares this. */
export type KojiRpmId = number & { readonly __brand: 'KojiRpmId' };

/** Koji's integer for an archive: any file of a build that is no RPM and no log. */
export type KojiArchiveId = number & { readonly __brand: 'KojiArchiveId' };

/** PostgreSQL's integer, which Koji's ids are. */
const KOJI_ID_MAX = 2 ** 31 - 1;

function isKojiId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= KOJI_ID_MAX;
}

/** Returns null for what cannot be Koji's id of a build. */
export function asKojiBuildId(value: unknown): KojiBuildId | null {
  return isKojiId(value) ? (value as KojiBuildId) : null;
}

/** Returns null for what cannot be Koji's id of an RPM. */
export function asKojiRpmId(value: unknown): KojiRpmId | null {
  return isKojiId(value) ? (value as KojiRpmId) : null;
}

/** Returns null for what cannot be Koji's id of an archive. */
export function asKojiArchiveId(value: unknown): KojiArchiveId | null {
  return isKojiId(value) ? (value as KojiArchiveId) : null;
}

/** Koji's build states by the numbers that its API uses (koji.BUILD_STATES). */
export const BUILD_STATES = ['building', 'complete', 'deleted', 'failed', 'canceled'] as const;
export type BuildState = (typeof BUILD_STATES)[number];

export interface KojiBuild {
  readonly kojiBuildId: KojiBuildId;
  readonly name: string;
  readonly epoch: number | null;
  readonly version: string;
  /** A draft's release ends in ",draft_N". */
  readonly release: string;
  readonly state: BuildState;
  readonly draft: boolean;
  /** "DEFAULT" or the name of another volume. */
  readonly volume: string;
  /** Seconds since the epoch with a fraction; null while building. Content generators choose their own. */
  readonly completedAt: number | null;
}

export interface KojiRpm {
  readonly kojiRpmId: KojiRpmId;
  readonly kojiBuildId: KojiBuildId;
  readonly name: string;
  readonly epoch: number | null;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  /** Bytes. */
  readonly size: number;
  /** Hex md5 of header and payload (SIGMD5), as Koji recorded it at import; null where Koji has none. */
  readonly payloadHash: string | null;
  /** Seconds since the epoch, by the clock of the machine that built it; null where Koji has none. */
  readonly buildTime: number | null;
  /** A content generator's entry without a file. */
  readonly metadataOnly: boolean;
}

/** Koji's checksum types by the numbers that its API uses (koji.CHECKSUM_TYPES). */
export const CHECKSUM_TYPES = ['md5', 'sha1', 'sha256'] as const;
export type ChecksumType = (typeof CHECKSUM_TYPES)[number];

/** What is told of an archive wherever it is named. */
export interface KojiArchiveFacts {
  readonly filename: string;
  /** Where it lies under its build's directory, without slashes at its ends: "images", "files/remote-sources". */
  readonly directory: string;
  /** Koji's type of the archive, by what kind of file it is: "tar". */
  readonly type: string;
  /** Koji's build type that it belongs to: "image", "maven", "win", or a content generator's own. */
  readonly btype: string;
  /** Of image archives; null for all others. */
  readonly arch: string | null;
  /** Bytes. */
  readonly size: number;
  /** Hex digits. */
  readonly checksum: string;
  /** Null where Koji has a type that is not known here. */
  readonly checksumType: ChecksumType | null;
}

export interface KojiArchive extends KojiArchiveFacts {
  readonly kojiArchiveId: KojiArchiveId;
  readonly kojiBuildId: KojiBuildId;
  /** A content generator's entry without a file. */
  readonly metadataOnly: boolean;
}
