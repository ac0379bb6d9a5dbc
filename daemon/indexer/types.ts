import type { BuildId } from '../../shared/build-id.ts';
import type { FileKind } from '../../shared/elf/kind.ts';

/**
 * auto: the header first, the payload only where the header cannot prove the answer.
 * header: the header alone; what it cannot prove is left out.
 * payload: every regular file is read.
 */
export const SCAN_MODES = ['auto', 'header', 'payload'] as const;
export type ScanMode = (typeof SCAN_MODES)[number];

/**
 * What proved that a file has a build-id: the ELF note itself in the payload; in the header libmagic's words, a
 * .build-id link, or a package's word that it provides the debuginfo of this build-id; or a .build-id link in the
 * debuginfo package of the same build and architecture.
 */
export const EVIDENCE = ['payload', 'file-class', 'link', 'debuginfo-link', 'provides'] as const;
export type Evidence = (typeof EVIDENCE)[number];

/** A file of an RPM (or of an archive) that has a build-id. */
export interface ScannedFile {
  /** Absolute, as the package installs it. */
  readonly path: string;
  readonly buildId: BuildId;
  readonly kind: FileKind;
  readonly evidence: Evidence;
}

/** What one RPM says of itself and what was found in it. */
export interface RpmScan {
  readonly name: string;
  readonly epoch: number | null;
  readonly version: string;
  readonly release: string;
  /** "src" or "nosrc" for source packages, whatever arch their header names. */
  readonly arch: string;
  /** Hex md5 of header and payload (SIGMD5), null where the package carries none (rpm 6). */
  readonly payloadHash: string | null;
  /** Seconds since the epoch, by the header; null where it does not say. */
  readonly buildTime: number | null;
  /** Bytes of the whole RPM. */
  readonly size: number;
  /** Bytes from the main header on: signing changes what is before it. */
  readonly contentSize: number;
  readonly files: readonly ScannedFile[];
  /** Bytes taken from the source, for the scan's statistics. */
  readonly bytesRead: number;
  /** What could not be read in an RPM that could: a sentence for each, naming the file in it. */
  readonly warnings: readonly string[];
}

/**
 * Where an RPM's bytes come from. `open` streams from `start` on and may be called more than once
 * (a second pass, or the payload after the header). Errors: `missing_file`, `network`.
 */
export interface RpmSource {
  /** Path or URL, for messages. */
  readonly name: string;
  /**
   * Streams the bytes from `start` to the end, or as many as the reader takes: a reader that stops
   * iterating closes the source. `expect` is how many bytes the reader thinks that it needs, so that
   * a source over HTTP can ask for a range once; more may be delivered.
   */
  open(start: number, options?: { expect?: number; signal?: AbortSignal }): Promise<OpenedRpm>;
}

/**
 * Chunks as they come. A reader that knows how many bytes it needs next says so: where asking costs little, as on
 * a file system, no more is read then.
 */
export interface ChunkSource {
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, unknown, number | undefined>;
}

export interface OpenedRpm {
  /** Bytes of the whole RPM where the source knows it. */
  readonly size: number | null;
  readonly chunks: ChunkSource;
  /** The open file, where it is one on a file system. Closed with `chunks`. */
  readonly file?: OpenFile;
}

/** An open file for a child to read from, which costs less than sending it the bytes. */
export interface OpenFile {
  /** The descriptor, which stands at `offset` now. Throws `network`. */
  seek(offset: number): Promise<number>;
  /**
   * The offset up to which it has been read. Throws `network` if it cannot be read there: a child that was
   * told so by the system says no more than that its input is bad.
   */
  position(): Promise<number>;
}
