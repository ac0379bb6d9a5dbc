import pLimit from 'p-limit';
import { toDarkserverError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { KojiBuild, KojiRpm } from '../../shared/koji.ts';
import { formatNvra } from '../../shared/nvr.ts';
import { rpmPath } from '../koji/paths.ts';
import type { Log, LogFields } from '../log.ts';
import type { IndexedRpm, KnownRpm } from '../store/types.ts';
import { askDebuginfoOf } from './debuginfo-links.ts';
import type { AskDebuginfo } from './debuginfo-links.ts';
import { readRpm } from './read-rpm.ts';
import type { RpmSource, ScanMode } from './types.ts';

/** RPMs of one build that are read at once. */
const PARALLEL = 4;

export interface ReadBuildParts {
  readonly openRpm: (path: string) => RpmSource;
  readonly scan: ScanMode;
  readonly skipArches: readonly string[];
  readonly log: Log;
}

export interface RpmFailure {
  readonly rpm: KojiRpm;
  readonly error: ErrorCode;
  readonly message: string;
}

/** What became of a build's RPMs. */
export interface BuildReading {
  /** All of them, for the store. */
  readonly rpms: readonly IndexedRpm[];
  readonly failures: readonly RpmFailure[];
  /** What was read: RPMs, files with a build-id in them, bytes. */
  readonly read: { readonly rpms: number; readonly files: number; readonly bytes: number };
}

/**
 * Reads those RPMs of a complete build that are new or changed, several at once. An RPM that cannot be
 * read is a failure of its own and keeps no other from being read, but for one thing: once the network
 * fails no further RPM is begun, because a server in trouble must not be asked for sixty files more.
 * Throws `stopped` when the signal calls it off.
 */
export async function readBuild(
  build: KojiBuild,
  rpms: readonly KojiRpm[],
  known: readonly KnownRpm[],
  parts: ReadBuildParts,
  signal: AbortSignal,
): Promise<BuildReading> {
  const reading = new Reading(build, rpms, parts, signal);
  const knownById = new Map(known.map((each) => [each.kojiRpmId, each]));
  const slots = pLimit(PARALLEL);
  const indexed = await Promise.all(
    rpms.map(async (rpm): Promise<IndexedRpm> => {
      const { kojiRpmId, name, epoch, version, release, arch, size, payloadHash } = rpm;
      const files = isUnchanged(rpm, knownById.get(kojiRpmId))
        ? 'keep'
        : isSkipped(rpm, parts)
          ? []
          : await slots(() => reading.filesOf(rpm));
      return { kojiRpmId, name, epoch, version, release, arch, size, payloadHash, files };
    }),
  );
  return { rpms: indexed, failures: reading.failures, read: reading.read };
}

function isUnchanged(rpm: KojiRpm, known: KnownRpm | undefined): boolean {
  if (known === undefined || !known.indexed) return false;
  return known.payloadHash === rpm.payloadHash && known.size === rpm.size;
}

/** What holds no build-id, or has no file at all: its name is worth knowing all the same. */
function isSkipped(rpm: KojiRpm, { skipArches }: ReadBuildParts): boolean {
  return rpm.metadataOnly || skipArches.includes(rpm.arch);
}

class Reading {
  readonly failures: RpmFailure[] = [];
  readonly read = { rpms: 0, files: 0, bytes: 0 };
  readonly #build: KojiBuild;
  readonly #parts: ReadBuildParts;
  readonly #signal: AbortSignal;
  readonly #askDebuginfo: AskDebuginfo;
  #networkFailure: RpmFailure | null = null;

  constructor(build: KojiBuild, rpms: readonly KojiRpm[], parts: ReadBuildParts, signal: AbortSignal) {
    this.#build = build;
    this.#askDebuginfo = askDebuginfoOf(rpms, (rpm) => parts.openRpm(rpmPath(build, rpm)), signal);
    this.#parts = parts;
    this.#signal = signal;
  }

  async filesOf(rpm: KojiRpm): Promise<IndexedRpm['files']> {
    const { scan: mode, openRpm, log } = this.#parts;
    if (this.#networkFailure !== null) {
      const { error, message } = this.#networkFailure;
      return this.#fail(rpm, error, `not begun, because of ${message}`);
    }
    try {
      const source = openRpm(rpmPath(this.#build, rpm));
      const { files, bytesRead, warnings } = await readRpm(rpm, source, {
        mode,
        signal: this.#signal,
        askDebuginfo: this.#askDebuginfo,
      });
      for (const warning of warnings) log.warn(`${formatNvra(rpm)}: ${warning}`, this.#fields(rpm));
      this.read.rpms++;
      this.read.files += files.length;
      this.read.bytes += bytesRead;
      return files;
    } catch (thrown) {
      const { code, message } = toDarkserverError(thrown);
      if (code === 'stopped' || this.#signal.aborted) throw thrown;
      if (code === 'internal') {
        const stack = thrown instanceof Error ? (thrown.stack ?? null) : null;
        log.error('this is a defect of darkserver', { ...this.#fields(rpm), stack });
      }
      return this.#fail(rpm, code, message);
    }
  }

  #fail(rpm: KojiRpm, error: ErrorCode, message: string): { error: ErrorCode; message: string } {
    this.#parts.log.debug(`${formatNvra(rpm)} cannot be read: ${message}`, this.#fields(rpm));
    const failure = { rpm, error, message };
    this.failures.push(failure);
    if (error === 'network') this.#networkFailure ??= failure;
    return { error, message };
  }

  #fields(rpm: KojiRpm): LogFields {
    return { koji_build_id: this.#build.kojiBuildId, koji_rpm_id: rpm.kojiRpmId };
  }
}
