import { dirname, join } from 'node:path';
import { toDarkserverError } from '../../shared/errors.ts';
import type { KojiRpm } from '../../shared/koji.ts';
import { formatNvra, parseNvra } from '../../shared/nvr.ts';
import { readLinksElsewhere } from './build-id-links.ts';
import type { BuildIdsByPath } from './evidence.ts';
import { ChunkReader } from './chunk-reader.ts';
import { HEAD_BYTES_EXPECTED, readRpmHead } from './rpm-head.ts';
import type { RpmHead } from './rpm-head.ts';
import { FileRpmSource } from './rpm-source.ts';
import type { RpmSource } from './types.ts';

/**
 * The packages of RHEL 6 say nothing of their files' build-ids: the links are all in the debuginfo package of the same
 * build and architecture, whose header is read when one of them asks.
 */
export type AskDebuginfo = (rpm: RpmHead) => Promise<BuildIdsByPath>;

/** Not "-debuginfo-common", which holds sources. */
const DEBUGINFO_NAME = /-debuginfo$/;

/** Asks the debuginfo packages among the RPMs of a Koji build, each once. */
export function askDebuginfoOf(
  rpms: readonly KojiRpm[],
  openRpm: (rpm: KojiRpm) => RpmSource,
  signal: AbortSignal,
): AskDebuginfo {
  const answers = new Map<string, Promise<BuildIdsByPath>>();
  return ({ identity: { arch } }) => {
    const answer =
      answers.get(arch) ??
      Promise.all(
        rpms
          .filter((rpm) => rpm.arch === arch && DEBUGINFO_NAME.test(rpm.name) && !rpm.metadataOnly)
          .map((rpm) => readLinks(openRpm(rpm), signal)),
      ).then((links) => new Map(links.flatMap((each) => [...each])));
    answers.set(arch, answer);
    return answer;
  };
}

/** Asks the debuginfo package that lies in the same directory as a local RPM, as it does in Koji's and in a mirror's. */
export function askDebuginfoBeside(path: string, signal: AbortSignal): AskDebuginfo {
  return async ({ sourceRpm, identity: { arch } }) => {
    const source = parseNvra(sourceRpm ?? '');
    if (source === null) return new Map();
    const debuginfo = `${formatNvra({ ...source, name: `${source.name}-debuginfo`, arch })}.rpm`;
    return readLinks(new FileRpmSource(join(dirname(path), debuginfo)), signal);
  };
}

/** A package that cannot be read says nothing: then the payload of the one that asks does. Throws `stopped`. */
async function readLinks(source: RpmSource, signal: AbortSignal): Promise<BuildIdsByPath> {
  try {
    const { chunks } = await source.open(0, { expect: HEAD_BYTES_EXPECTED, signal });
    const reader = new ChunkReader(chunks, 0);
    try {
      return readLinksElsewhere((await readRpmHead(reader)).files);
    } finally {
      await reader.close();
    }
  } catch (thrown) {
    if (signal.aborted || toDarkserverError(thrown).code === 'internal') throw thrown;
    return new Map();
  }
}
