import { statSync } from 'node:fs';
import { DarkserverError } from '../../shared/errors.ts';
import { readBounded, whyUnreadable } from './read-bounded.ts';

/** Bytes; a token is a line of random text. */
const TOKEN_FILE_LIMIT = 4096;

/** Reads push.token_file. Throws `configuration` with what is wrong with the file. */
export function readPushToken(path: string): { token: string; warning: string | null } {
  const token = read(path).trim();
  if (token === '') {
    throw new DarkserverError(
      'configuration',
      `${path} is empty: put a token in it, as "openssl rand -hex 32" makes one`,
    );
  }
  // What cannot be in an HTTP header could never be sent by a hub.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new DarkserverError(
      'configuration',
      `${path} must hold one word of printable ASCII, and nothing else`,
    );
  }
  const open = (statSync(path).mode & 0o007) !== 0;
  return { token, warning: open ? `${path} is open to every user of this machine: chmod o= ${path}` : null };
}

function read(path: string): string {
  try {
    return readBounded(path, TOKEN_FILE_LIMIT);
  } catch (error) {
    throw new DarkserverError('configuration', `${path} cannot be read: ${whyUnreadable(error)}`, {
      cause: error,
    });
  }
}
