import { DarkserverError } from '../../shared/errors.ts';
import { MAX_PAGE } from './lookup-types.ts';

/** Throws `bad_input` for a limit that is none. */
export function requireLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return;
  throw new DarkserverError('bad_input', `${limit} is no limit of a page: give 1 to ${MAX_PAGE}`);
}
