import { closeSync, openSync, readSync } from 'node:fs';
import { DarkserverError } from '../../shared/errors.ts';

/**
 * A small text file, whole. Bounded by reading and not by the size that stat tells, which is 0 for
 * pipes and devices. Throws what the system throws, and `configuration` beyond `limit` bytes.
 */
export function readBounded(path: string, limit: number): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(limit + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (length > limit) {
        throw new DarkserverError('configuration', `it is larger than ${limit} bytes`);
      }
      if (read === 0) return bytes.toString('utf8', 0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** Why a file could not be read, in words for the person who wrote its name. */
export function whyUnreadable(thrown: unknown): string {
  switch (String((thrown as NodeJS.ErrnoException).code)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return `user ${process.getuid?.() ?? '?'} may not read it: check the owner and mode of it and of its directories`;
    case 'EISDIR':
      return 'it is a directory';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
