import { ChunkReader } from '../../daemon/indexer/chunk-reader.ts';
import { readHeaderEvidence } from '../../daemon/indexer/evidence.ts';
import type { HeaderEvidence } from '../../daemon/indexer/evidence.ts';
import { readRpmHead } from '../../daemon/indexer/rpm-head.ts';
import { RpmTag } from '../../shared/rpm/tags.ts';
import { buildRpm } from './rpm-builder.ts';
import type { RpmFile, TagValue } from './rpm-builder.ts';
import { RpmInMemory } from './rpm-in-memory.ts';

/** What the header of a package with one file says of it, by the classes that libmagic gives to files. */

export const ID = '00112233445566778899aabbccddeeff01234567';

/** The class of a program that has the build-id. */
export const ELF = `ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, BuildID[sha1]=${ID}, stripped`;

/** The class of an object file without one, or of which libmagic did not say it. */
export const BARE_ELF = 'ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), not stripped';

/** What the indexer takes from the header of a package of one file. */
async function evidenceOf(
  file: Partial<RpmFile>,
  rpmVersion: string | null,
  tags: [number, TagValue][],
): Promise<HeaderEvidence> {
  const version: [number, TagValue][] =
    rpmVersion === null ? [] : [[RpmTag.rpmVersion, { string: rpmVersion }]];
  const rpm = buildRpm({
    files: [{ path: '/usr/bin/x', size: 1000, ...file }],
    extraTags: [...version, ...tags],
  });
  const { chunks } = await new RpmInMemory(rpm).open(0);
  const head = await readRpmHead(new ChunkReader(chunks, 0));
  return readHeaderEvidence(head);
}

/**
 * Of one file, in a package of a rpm so old that its libmagic may know no ids unless said otherwise: the build-id and
 * the kind, with a question mark if that is a guess, or "none", or "cannot say".
 */
export async function verdict(
  file: Partial<RpmFile>,
  rpmVersion: string | null = null,
  tags: [number, TagValue][] = [],
): Promise<string> {
  const { proved, unknown } = await evidenceOf(file, rpmVersion, tags);
  if (unknown.length > 0) return 'cannot say';
  const [found] = proved;
  return found === undefined ? 'none' : `${found.buildId} ${found.kind}${found.isKindSure ? '' : '?'}`;
}
