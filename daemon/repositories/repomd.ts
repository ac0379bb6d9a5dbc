import { DarkserverError } from '../../shared/errors.ts';
import { type Checksum, readChecksum } from './checksum.ts';
import { locationOf } from './href.ts';
import { readXml } from './xml-reader.ts';

/** Where repomd.xml is in a repository. */
export const REPOMD = 'repodata/repomd.xml';

/** What repomd.xml says of primary.xml. */
export interface PrimaryFacts {
  /** As locationOf makes it. */
  readonly location: string;
  readonly checksum: Checksum;
  /** Of what is compressed; null where it is not said. */
  readonly openChecksum: Checksum | null;
  /** Bytes, as it lies there and decompressed; null where it is not said. */
  readonly size: number | null;
  readonly openSize: number | null;
}

/**
 * Reads repomd.xml (http://linux.duke.edu/metadata/repo, as createrepo_c writes it). Throws `format` for what is
 * none, or names no primary.xml by a checksum that can be compared; `limit` as XmlReader does.
 */
export function readRepomd(bytes: Uint8Array, url: string): PrimaryFacts {
  let root = '';
  let isPrimary = false;
  const locations: (string | null)[] = [];
  let typeOfText: string | undefined;
  const texts = new Map<string, { readonly text: string; readonly type: string | undefined }>();
  readXml(bytes, url, {
    open: (name, attributes, depth) => {
      if (depth === 1) root = name;
      if (depth === 2) isPrimary = name === 'data' && attributes['type'] === 'primary';
      if (depth !== 3 || !isPrimary) return false;
      if (name === 'location') locations.push(locationOf(attributes));
      typeOfText = attributes['type'];
      return true;
    },
    close: (name, text, depth) => {
      if (depth === 3 && isPrimary) texts.set(name, { text, type: typeOfText });
    },
  });
  if (root !== 'repomd') throw formatError(url, `it begins with <${root}> and is no repomd.xml`);
  if (texts.size === 0) throw formatError(url, 'it lists no primary.xml');
  const checksumOf = (name: string): Checksum | null => {
    const found = texts.get(name);
    return found === undefined ? null : readChecksum(found.type, found.text);
  };
  const checksum = checksumOf('checksum');
  if (checksum === null) throw formatError(url, 'it gives no checksum of primary.xml that can be compared');
  const [location = null] = locations;
  if (location === null) throw formatError(url, 'it does not say where in the repository primary.xml is');
  const size = bytesOf(texts.get('size')?.text);
  const openSize = bytesOf(texts.get('open-size')?.text);
  return { location, checksum, openChecksum: checksumOf('open-checksum'), size, openSize };
}

function bytesOf(text: string | undefined): number | null {
  const digits = text?.trim() ?? '';
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

function formatError(url: string, message: string): DarkserverError {
  return new DarkserverError('format', `${url}: ${message}`);
}
