import { parseBuildId } from '../../shared/build-id.ts';
import type { BuildId } from '../../shared/build-id.ts';
import { DarkserverError } from '../../shared/errors.ts';
import type { BuildPlace, RpmFilesPlace } from '../store/lookup-types.ts';

/**
 * Places in listings, as text that means nothing to who passes it on. They name rows and no numbers of rows, so
 * that they stay right while others come.
 */
export function writeCursor(place: unknown): string | null {
  return place === null ? null : Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** Null where none is given. Throws `bad_input` for what is no place of this kind of listing. */
export function readCursor<Place>(
  cursor: string | undefined,
  isPlace: (value: unknown) => value is Place,
): Place | null {
  if (cursor === undefined) return null;
  const place = parse(cursor);
  if (isPlace(place)) return place;
  throw new DarkserverError('bad_input', 'cursor: give the next_cursor of an answer to the same question');
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
}

/** Of a listing in the order of the store's keys. */
export function isKey(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

export function isBuildId(value: unknown): value is BuildId {
  return typeof value === 'string' && parseBuildId(value) === value;
}

export function isBuildPlace(value: unknown): value is BuildPlace {
  if (!isObject(value)) return false;
  const { completedAt, buildKey } = value;
  return isKey(buildKey) && (completedAt === null || Number.isFinite(completedAt));
}

export function isRpmFilesPlace(value: unknown): value is RpmFilesPlace {
  return (
    isObject(value) && Array.isArray(value['best']) && value['best'].every(isKey) && isKey(value['fileKey'])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
