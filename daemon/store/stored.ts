import type { BuildId } from '../../shared/build-id.ts';
import type { FileKind } from '../../shared/elf/kind.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type {
  ChecksumType,
  KojiArchiveFacts,
  KojiArchiveId,
  KojiBuild,
  KojiRpmId,
} from '../../shared/koji.ts';
import type { Nvra } from '../../shared/nvr.ts';

/** Files, RPMs, archives and builds, as they are handed to the index and as it has them. */

/** A file with a build-id, as the index keeps it. */
export interface StoredFile {
  readonly path: string;
  readonly buildId: BuildId;
  readonly kind: FileKind;
  readonly evidence: StoredEvidence;
}

/** What proved a row; the numbers in schema.sql follow this order. */
export const STORED_EVIDENCE = ['file-class', 'payload', 'link', 'debuginfo-link', 'provides'] as const;
export type StoredEvidence = (typeof STORED_EVIDENCE)[number];

export interface RpmFacts extends Nvra {
  readonly epoch: number | null;
  /** Bytes. */
  readonly size: number;
  readonly payloadHash: string | null;
  /** Seconds since the epoch, by the header (BUILDTIME); null where nobody says. */
  readonly buildTime: number | null;
  /**
   * Bytes of the main header and the payload, which signing does not change, unlike `size`; null if the RPM
   * was not read (where the index had them before, it keeps them).
   */
  readonly contentSize: number | null;
}

/** A signed copy of an RPM in Koji's file store, as data/signed/SIGKEY/ARCH/FILE under its build. */
export interface SignedCopy {
  /** Lower-case hex, as it stands in the path: the last 8 digits of the key's id. */
  readonly sigkey: string;
  /** Bytes; null where the file server does not tell. */
  readonly size: number | null;
  /** When it was last seen there, milliseconds since the epoch. */
  readonly seenAt: number;
}

/** A signature of an RPM that Koji knows, and whether the copy that carries it was there just now. */
export interface IndexedSignature {
  readonly sigkey: string;
  readonly copy: { readonly size: number | null } | null;
}

/**
 * What became of an RPM or an archive. A list: this is all that it holds. "keep": it was read before and has
 * not changed, leave its rows. A failure: it could not be read; rows that it had are left, and the reason is
 * kept.
 */
export type IndexedFiles =
  readonly StoredFile[] | 'keep' | { readonly error: ErrorCode; readonly message: string };

/** One RPM of a build as the indexer hands it over. */
export interface IndexedRpm extends RpmFacts {
  readonly kojiRpmId: KojiRpmId;
  readonly files: IndexedFiles;
  /** Best first. "keep": nobody could be asked, what the index has stays. */
  readonly signatures: readonly IndexedSignature[] | 'keep';
}

/** One tar archive of a build as the indexer hands it over. */
export interface IndexedArchive extends KojiArchiveFacts {
  readonly kojiArchiveId: KojiArchiveId;
  readonly files: IndexedFiles;
}

/** What the store knows of an RPM's content, so that an unchanged one is not read again. */
export interface KnownRpm {
  readonly kojiRpmId: KojiRpmId;
  readonly payloadHash: string | null;
  readonly size: number;
  /** True if its files were read without an error. */
  readonly indexed: boolean;
}

/** The same of an archive. */
export interface KnownArchive {
  readonly kojiArchiveId: KojiArchiveId;
  /** Where it was found, which is not always where Koji's listing would have it. */
  readonly directory: string;
  readonly checksum: string;
  readonly checksumType: ChecksumType | null;
  readonly size: number;
  readonly indexed: boolean;
}

/** An RPM file of this machine, and what was found in it. */
export interface LocalRpm {
  /** Absolute, without symbolic links: what the file is known by. */
  readonly path: string;
  readonly facts: RpmFacts;
  readonly files: readonly StoredFile[];
}

/** A build as stored: Koji's facts as of `indexedAt`. */
export interface StoredBuild extends KojiBuild {
  readonly instance: string;
  /** Milliseconds since the epoch. */
  readonly indexedAt: number;
}

export interface StoredRpm extends RpmFacts {
  /** Null for an RPM that no Koji knows (instance `local`). */
  readonly kojiRpmId: KojiRpmId | null;
  readonly build: StoredBuild | null;
  /** True if Koji no longer lists it in its build: it is known, but nowhere to be had. */
  readonly superseded: boolean;
  /** Those that were there when they were last asked for, best first. */
  readonly signedCopies: readonly SignedCopy[];
  /** Absolute path of a local RPM, else null. */
  readonly localPath: string | null;
  /** Why its files could not be read, else null. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface StoredArchive extends KojiArchiveFacts {
  readonly kojiArchiveId: KojiArchiveId;
  readonly build: StoredBuild;
  /** As of an RPM. */
  readonly superseded: boolean;
  readonly error: StoredRpm['error'];
}

/** What holds files, with all of them, as a walk through the index meets it. */
export type Holder = HeldRpm | HeldArchive;

interface HeldRpm {
  /** Its place in the walk: 1, 2, … as RPMs came to the index. */
  readonly holderKey: number;
  readonly rpm: StoredRpm;
  readonly archive?: undefined;
  readonly files: readonly StoredFile[];
}

interface HeldArchive {
  /** -1, -2, … as archives came to the index. */
  readonly holderKey: number;
  readonly rpm?: undefined;
  readonly archive: StoredArchive;
  readonly files: readonly StoredFile[];
}

/** One row of an answer: a file, and the RPM or the archive that holds it. */
export type StoredMatch = StoredRpmMatch | StoredArchiveMatch;

export interface StoredRpmMatch {
  readonly file: StoredFile;
  readonly rpm: StoredRpm;
  readonly archive?: undefined;
}

export interface StoredArchiveMatch {
  readonly file: StoredFile;
  readonly rpm?: undefined;
  readonly archive: StoredArchive;
}
