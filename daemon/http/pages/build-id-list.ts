import { type AskedBuildId, readAskedBuildId } from '../../../shared/build-id-forms.ts';

/**
 * What stands alone and has the form of a build-id of 8 bytes or more, or of a Breakpad module id. Addresses
 * (0x7f…), parts of longer words, of paths and of versions are none. And the file names of build-id links
 * (.build-id/ab/cdef….debug), where a slash parts the first byte from the others.
 */
const BUILD_ID =
  /(?<![\w./~^+-])(?:[0-9a-f]{16,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-?[0-9a-f])?)(?![\w/~^+-])|\.build-id\/([0-9a-f]{2}\/[0-9a-f]{6,126})(?![0-9a-f])/gi;

/**
 * The build-ids in a text, each once, in its order: a list however it is parted, or what eu-unstrip -n, file,
 * readelf -n, coredumpctl or a crash report prints.
 */
export function pickBuildIds(text: string): AskedBuildId[] {
  const picked = new Map<string, AskedBuildId>();
  for (const [whole, linked] of text.matchAll(BUILD_ID)) {
    const asked = readAskedBuildId(linked === undefined ? whole : linked.replace('/', ''));
    if (asked !== null) picked.set(asked.asked, asked);
  }
  return [...picked.values()];
}
