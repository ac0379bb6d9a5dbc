import { type Hash, createHash } from 'node:crypto';

/**
 * The digests that repodata uses, strongest first. MD5 and SHA-1, which old repositories have ("sha" is what
 * createrepo called SHA-1), show damage as well as the others, and that is what they are for here: a mirror
 * that means ill writes repomd.xml itself.
 */
const TYPES = ['sha512', 'sha384', 'sha256', 'sha224', 'sha1', 'md5'] as const;
type ChecksumType = (typeof TYPES)[number];

export interface Checksum {
  readonly type: ChecksumType;
  /** Lower case. */
  readonly hex: string;
}

/** Null for a type that is not known here, and for digits that are none of it. */
export function readChecksum(type: string | undefined, text: string): Checksum | null {
  const plain = (type ?? '').toLowerCase().replace('-', '');
  const known = TYPES.find((each) => each === (plain === 'sha' ? 'sha1' : plain));
  const hex = text.trim().toLowerCase();
  if (known === undefined || !/^[0-9a-f]+$/.test(hex)) return null;
  return hex.length === 2 * createHash(known).digest().length ? { type: known, hex } : null;
}

/** The strongest, null if there is none. */
export function strongest(checksums: readonly Checksum[]): Checksum | null {
  return TYPES.flatMap((type) => checksums.filter((each) => each.type === type))[0] ?? null;
}

export function formatChecksum({ type, hex }: Checksum): string {
  return `${type}:${hex}`;
}

/** Digests what passes by. */
export class Digester {
  readonly #hash: Hash;
  readonly #expected: Checksum;

  constructor(expected: Checksum) {
    this.#expected = expected;
    this.#hash = createHash(expected.type);
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Once, at the end: null if it is what was expected, else what it is. */
  mismatch(): Checksum | null {
    const hex = this.#hash.digest('hex');
    return hex === this.#expected.hex ? null : { type: this.#expected.type, hex };
  }
}

export function matches(bytes: Uint8Array, expected: Checksum): boolean {
  const digester = new Digester(expected);
  digester.add(bytes);
  return digester.mismatch() === null;
}
