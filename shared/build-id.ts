import { DarkserverError } from './errors.ts';

/**
 * The GNU build-id of an ELF file in lower-case hex: the descriptor of its note with owner "GNU" and
 * type 3 (NT_GNU_BUILD_ID, System V gABI note format). Linkers make 8 (xxhash), 16 (md5, uuid) or
 * 20 bytes (sha1), and `--build-id=0x…` makes any length; 2 to 64 bytes are taken here.
 */
export type BuildId = string & { readonly __brand: 'BuildId' };

const BUILD_ID_MIN_BYTES = 2;
export const BUILD_ID_MAX_BYTES = 64;

/** Hex digits by byte value: a table because indexing makes one of these for every ELF file. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** True if `bytes` has the length of a build-id. */
export function isBuildIdLength(bytes: number): boolean {
  return bytes >= BUILD_ID_MIN_BYTES && bytes <= BUILD_ID_MAX_BYTES;
}

/**
 * Reads a build-id as a person or a program wrote it: upper case and surrounding blanks are accepted.
 * Returns null for anything else.
 */
export function parseBuildId(text: string): BuildId | null {
  const hex = text.trim().toLowerCase();
  if (hex.length % 2 !== 0 || !isBuildIdLength(hex.length / 2) || !/^[0-9a-f]+$/.test(hex)) return null;
  return hex as BuildId;
}

/** As parseBuildId, for callers that have nothing to do with a wrong one. Throws `bad_input`. */
export function requireBuildId(text: string): BuildId {
  const buildId = parseBuildId(text);
  if (buildId !== null) return buildId;
  const shown = text.length > 140 ? `${text.slice(0, 140)}…` : text;
  throw new DarkserverError(
    'bad_input',
    `"${shown}" is not a build-id: give ${BUILD_ID_MIN_BYTES} to ${BUILD_ID_MAX_BYTES} bytes as hex digits`,
  );
}

/** The build-id of a note's descriptor. The caller has checked isBuildIdLength. */
export function buildIdFromBytes(bytes: Uint8Array): BuildId {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte] ?? '';
  return hex as BuildId;
}

/** The bytes of a build-id, as the store keeps it. */
export function buildIdToBytes(buildId: BuildId): Uint8Array {
  const bytes = new Uint8Array(buildId.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(buildId.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
