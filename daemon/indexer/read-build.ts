import pLimit from 'p-limit';
import { toDarkserverError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiArchive, KojiBuild, KojiRpm } from '../../shared/koji.ts';
import { formatNvra } from '../../shared/nvr.ts';
import { rpmPath } from '../koji/paths.ts';
import type { KojiBuildContent } from '../koji/hub.ts';
import type { Log, LogFields } from '../log.ts';
import type {
  IndexedArchive,
  IndexedFiles,
  IndexedRpm,
  KnownArchive,
  KnownRpm,
  StoredFile,
} from '../store/types.ts';
import { askDebuginfoOf } from './debuginfo-links.ts';
import type { AskDebuginfo } from './debuginfo-links.ts';
import { readArchive } from './read-archive.ts';
import { readRpm } from './read-rpm.ts';
import type { RpmSource, ScanMode } from './types.ts';

/** RPMs of one build that are read at once. Archives are read one by one: each may need a decompressor or two. */
const PARALLEL = 4;

export interface ReadBuildParts {
  readonly openRpm: (path: string) => RpmSource;
  readonly scan: ScanMode;
  readonly skipArches: readonly string[];
  readonly log: Log;
}

/** All of an RPM but its signatures, which are not in it. */
type ReadRpm = Omit<IndexedRpm, 'signatures'>;

export interface ReadFailure {
  readonly error: ErrorCode;
  readonly message: string;
}

/** What the index knows of a build's content. */
export interface KnownContent {
  readonly rpms: readonly KnownRpm[];
  readonly archives: readonly KnownArchive[];
}

/** What became of a build's RPMs and archives. */
export interface BuildReading {
  /** All of them, for the store. */
  readonly rpms: readonly ReadRpm[];
  /** Null where archives are not looked at: the headers alone say nothing about them. */
  readonly archives: readonly IndexedArchive[] | null;
  readonly failures: readonly ReadFailure[];
  /** What was read: RPMs, archives, files with a build-id in them, bytes. */
  readonly read: {
    readonly rpms: number;
    readonly archives: number;
    readonly files: number;
    readonly bytes: number;
  };
}

/**
 * Reads those RPMs and archives of a complete build that are new or changed, several RPMs at once. One that
 * cannot be read is a failure of its own and keeps no other from being read, but for one thing: once the
 * network fails no further one is begun, because a server in trouble must not be asked for sixty files more.
 * Throws `stopped` when the signal calls it off.
 */
export async function readBuild(
  { build, rpms, archives }: KojiBuildContent,
  known: KnownContent,
  parts: ReadBuildParts,
  signal: AbortSignal,
): Promise<BuildReading> {
  const reading = new Reading(build, rpms, parts, signal);
  const knownById = new Map(known.rpms.map((each) => [each.kojiRpmId, each]));
  const slots = pLimit(PARALLEL);
  const indexed = await Promise.all(
    rpms.map(async (rpm): Promise<ReadRpm> => {
      const { kojiRpmId, name, epoch, version, release, arch, size, payloadHash, buildTime } = rpm;
      const { files, contentSize } = isUnchanged(rpm, knownById.get(kojiRpmId))
        ? KEPT
        : isSkipped(rpm, parts)
          ? NOT_READ
          : await slots(() => reading.contentOf(rpm));
      const facts = { name, epoch, version, release, arch, size, payloadHash, buildTime, contentSize };
      return { kojiRpmId, ...facts, files };
    }),
  );
  const indexedArchives =
    parts.scan === 'header' ? null : await readArchives(archives, known, parts, reading);
  return { rpms: indexed, archives: indexedArchives, failures: reading.failures, read: reading.read };
}

/** What reading an RPM came to. */
interface RpmContent {
  readonly files: IndexedFiles;
  readonly contentSize: number | null;
}

const KEPT: RpmContent = { files: 'keep', contentSize: null };
const NOT_READ: RpmContent = { files: [], contentSize: null };

async function readArchives(
  archives: readonly KojiArchive[],
  known: KnownContent,
  parts: ReadBuildParts,
  reading: Reading,
): Promise<IndexedArchive[]> {
  const knownById = new Map(known.archives.map((each) => [each.kojiArchiveId, each]));
  const indexed: IndexedArchive[] = [];
  for (const archive of archives) {
    const before = knownById.get(archive.kojiArchiveId);
    if (before !== undefined && isUnchangedArchive(archive, before)) {
      indexed.push({ ...archive, directory: before.directory, files: 'keep' });
    } else if (isSkipped(archive, parts)) {
      indexed.push({ ...archive, files: [] });
    } else {
      indexed.push({ ...archive, ...(await reading.contentOfArchive(archive)) });
    }
  }
  return indexed;
}

function isUnchangedArchive(archive: KojiArchive, known: KnownArchive): boolean {
  const { checksum, checksumType, size } = archive;
  return (
    known.indexed && known.checksum === checksum && known.checksumType === checksumType && known.size === size
  );
}

function isUnchanged(rpm: KojiRpm, known: KnownRpm | undefined): boolean {
  if (known === undefined || !known.indexed) return false;
  return known.payloadHash === rpm.payloadHash && known.size === rpm.size;
}

/** What holds no build-id, or has no file at all: its name is worth knowing all the same. */
function isSkipped(
  { metadataOnly, arch }: Pick<KojiRpm | KojiArchive, 'metadataOnly' | 'arch'>,
  { skipArches }: ReadBuildParts,
): boolean {
  return metadataOnly || (arch !== null && skipArches.includes(arch));
}

/** What reading an RPM or an archive came to. */
interface Content {
  readonly files: readonly StoredFile[];
  readonly bytesRead: number;
  readonly warnings: readonly string[];
}

class Reading {
  readonly failures: ReadFailure[] = [];
  readonly read = { rpms: 0, archives: 0, files: 0, bytes: 0 };
  readonly #build: KojiBuild;
  readonly #parts: ReadBuildParts;
  readonly #signal: AbortSignal;
  readonly #askDebuginfo: AskDebuginfo;
  #networkFailure: ReadFailure | null = null;

  constructor(build: KojiBuild, rpms: readonly KojiRpm[], parts: ReadBuildParts, signal: AbortSignal) {
    this.#build = build;
    this.#askDebuginfo = askDebuginfoOf(rpms, (rpm) => parts.openRpm(rpmPath(build, rpm)), signal);
    this.#parts = parts;
    this.#signal = signal;
  }

  async contentOf(rpm: KojiRpm): Promise<RpmContent> {
    let contentSize: number | null = null;
    const files = await this.#attempt(formatNvra(rpm), { koji_rpm_id: rpm.kojiRpmId }, async () => {
      const { scan: mode, openRpm } = this.#parts;
      const content = await readRpm(rpm, openRpm(rpmPath(this.#build, rpm)), {
        mode,
        signal: this.#signal,
        askDebuginfo: this.#askDebuginfo,
      });
      this.read.rpms++;
      contentSize = content.contentSize;
      return content;
    });
    return { files, contentSize };
  }

  /** The files, and the directory where the archive was found. */
  async contentOfArchive(archive: KojiArchive): Promise<{ files: IndexedFiles; directory: string }> {
    let { directory } = archive;
    const fields = { koji_archive_id: archive.kojiArchiveId };
    const files = await this.#attempt(archive.filename, fields, async () => {
      const { openRpm } = this.#parts;
      const content = await readArchive(this.#build, archive, { openRpm, signal: this.#signal });
      directory = content.directory;
      this.read.archives++;
      return content;
    });
    return { files, directory };
  }

  async #attempt(name: string, ids: LogFields, read: () => Promise<Content>): Promise<IndexedFiles> {
    const { log } = this.#parts;
    const fields = { koji_build_id: this.#build.kojiBuildId, ...ids };
    if (this.#networkFailure !== null) {
      const { error, message } = this.#networkFailure;
      return this.#fail(name, fields, error, `not begun, because of ${message}`);
    }
    try {
      const { files, bytesRead, warnings } = await read();
      for (const warning of warnings) log.warn(`${name}: ${warning}`, fields);
      this.read.files += files.length;
      this.read.bytes += bytesRead;
      return files;
    } catch (thrown) {
      const { code, message } = toDarkserverError(thrown);
      if (code === 'stopped' || this.#signal.aborted) throw thrown;
      if (code === 'internal') {
        const stack = thrown instanceof Error ? (thrown.stack ?? null) : null;
        log.error('this is a defect of darkserver', { ...fields, stack });
      }
      return this.#fail(name, fields, code, message);
    }
  }

  #fail(name: string, fields: LogFields, error: ErrorCode, message: string): ReadFailure {
    this.#parts.log.debug(`${name} cannot be read: ${message}`, fields);
    const failure = { error, message };
    this.failures.push(failure);
    if (error === 'network') this.#networkFailure ??= failure;
    return failure;
  }
}
