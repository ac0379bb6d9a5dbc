import { readFileSync } from 'node:fs';
import { DarkserverError } from '../shared/errors.ts';

/** The version of package.json, which lies one directory above the sources and two above the built program. */
export const VERSION = readVersion();

function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const manifest = read(new URL(place, import.meta.url));
    if (manifest?.name === 'darkserver' && typeof manifest.version === 'string') return manifest.version;
  }
  throw new DarkserverError('internal', 'package.json is not where this program was installed');
}

function read(file: URL): { name?: unknown; version?: unknown } | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
