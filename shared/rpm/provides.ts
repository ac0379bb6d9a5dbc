import { parseBuildId } from '../build-id.ts';
import type { BuildId } from '../build-id.ts';
import type { RpmHeader } from './header.ts';
import { RpmTag } from './tags.ts';
import { binaryString } from './text.ts';

/** The capability of debuginfo packages, versioned with the id (rpm's fileattrs/debuginfo.attr). */
const CAPABILITY = 'debuginfo(build-id)';

/** The build-ids whose debuginfo a package says that it provides. Throws FormatError for tags of a wrong type. */
export function readProvidedBuildIds(header: RpmHeader): BuildId[] {
  const names = header.strings(RpmTag.provideName);
  const versions = header.strings(RpmTag.provideVersion);
  if (names === null || versions === null) return [];
  const buildIds = new Set<BuildId>();
  for (let i = 0; i < Math.min(names.length, versions.length); i++) {
    if (names.byteLength(i) !== CAPABILITY.length || !names.startsWith(i, CAPABILITY)) continue;
    const buildId = parseBuildId(binaryString(versions.bytes(i)));
    if (buildId !== null) buildIds.add(buildId);
  }
  return [...buildIds];
}
