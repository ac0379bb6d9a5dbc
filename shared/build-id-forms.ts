import { BUILD_ID_MAX_BYTES, type BuildId, parseBuildId } from './build-id.ts';
import { DarkserverError } from './errors.ts';

/** What was asked for, taken for something else than a whole build-id. */
export interface Reading {
  readonly form: 'first-16-bytes' | 'guid' | 'zero-padded';
  /** In the order of the build-id's bytes. */
  readonly digits: string;
}

/** What somebody asked for in place of a build-id, in all readings that make sense. */
export interface AskedBuildId {
  /** As asked for, trimmed and in lower case: what the answer is listed under. */
  readonly asked: string;
  /** Null if it cannot be a build-id as it stands. */
  readonly exact: BuildId | null;
  /** To be tried in this order where nothing has the exact one. */
  readonly readings: readonly Reading[];
}

/** Hex digits of a Breakpad module identifier without its age, and so of what is left of a build-id in it. */
const KEPT_DIGITS = 32;

/** Hex digits of the shortest build-id that linkers make (xxhash): nothing shorter is looked for. */
const SHORTEST_DIGITS = 16;

/** Eight, four, four, four and twelve digits, as GUIDs are written, with or without dashes and a digit more. */
const GUID =
  /^([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})(?:-?([0-9a-f]))?$/;

/**
 * Reads a build-id, or what crash reporters make of one. Breakpad and its kin keep the first 16 bytes, filled up
 * with zeros where the build-id is shorter, as a GUID: the first four bytes, the next two and the next two are
 * each turned round, as a little-endian machine reads them, and an age in hex follows, which is 0 for ELF files
 * (google_breakpad::FileID). Others write the same bytes with dashes, in their own order, or filled up to the 20
 * bytes of a sha1. Returns null for what is none of these.
 */
export function readAskedBuildId(text: string): AskedBuildId | null {
  const asked = text.trim().toLowerCase();
  const exact = parseBuildId(asked);
  const guid = readGuid(asked);
  if (exact === null && guid === null) return null;
  const padded: Reading[] =
    exact !== null && guid === null && asked.endsWith('00') ? [{ form: 'zero-padded', digits: asked }] : [];
  return { asked, exact, readings: [...(guid ?? []), ...padded] };
}

/** As readAskedBuildId, for callers that have nothing to do with anything else. Throws `bad_input`. */
export function requireAskedBuildId(text: string): AskedBuildId {
  const asked = readAskedBuildId(text);
  if (asked !== null) return asked;
  const shown = text.length > 140 ? `${text.slice(0, 140)}…` : text;
  throw new DarkserverError(
    'bad_input',
    `"${shown}" is not a build-id: give 2 to ${BUILD_ID_MAX_BYTES} bytes as hex digits, or a Breakpad module id`,
  );
}

/** The digits with which every build-id begins that a reading may mean; null where they would be too few. */
export function startOf({ digits }: Reading): string | null {
  const start = digits.slice(0, SHORTEST_DIGITS);
  return start.length < SHORTEST_DIGITS || /^0*$/.test(start) ? null : start;
}

/** Whether a reading stands for this build-id: for its first 16 bytes, or for all of it and zeros. */
export function means({ digits }: Reading, buildId: BuildId): boolean {
  if (buildId.length < digits.length && buildId.padEnd(digits.length, '0') === digits) return true;
  const isPadded = /^0*$/.test(digits.slice(KEPT_DIGITS));
  return isPadded && digits.length >= KEPT_DIGITS && buildId.startsWith(digits.slice(0, KEPT_DIGITS));
}

function readGuid(asked: string): Reading[] | null {
  const [, a, , b, c, d, e, age] = GUID.exec(asked) ?? [];
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined)
    return null;
  const asWritten: Reading = { form: 'first-16-bytes', digits: a + b + c + d + e };
  const turned: Reading = { form: 'guid', digits: [a, b, c].map(turnBytes).join('') + d + e };
  // With an age or dashes it was once a GUID. Bare digits are met in both orders, more often as they are.
  return age === undefined && !asked.includes('-') ? [asWritten, turned] : [turned, asWritten];
}

function turnBytes(digits: string): string {
  return (digits.match(/../g) ?? []).reverse().join('');
}
