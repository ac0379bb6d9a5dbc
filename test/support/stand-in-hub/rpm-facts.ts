import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** What Koji records of an RPM when it imports it. */
export interface RpmFacts {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch: number | null;
  /** "src" for source packages. */
  readonly arch: string;
  readonly buildtime: number;
  readonly size: number;
  /** SIGMD5 in hex, "" where the package has none. */
  readonly payloadhash: string;
}

const LEAD = 96;
const INTRO = 16;
const ENTRY = 16;
const RPMSIGTAG_MD5 = 1004;
const RPMTAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  buildtime: 1006,
  arch: 1022,
  sourcerpm: 1044,
};

/** One header structure: its entries by tag, each as the bytes from where its data begins. */
class HeaderData {
  readonly #entries = new Map<number, Buffer>();
  /** Bytes of intro, index and data. */
  readonly size: number;

  constructor(bytes: Buffer) {
    if (bytes.readUInt32BE(0) >>> 8 !== 0x8eade8) throw new Error('no RPM header');
    const count = bytes.readUInt32BE(8);
    const data = INTRO + count * ENTRY;
    this.size = data + bytes.readUInt32BE(12);
    for (let entry = INTRO; entry < data; entry += ENTRY) {
      this.#entries.set(
        bytes.readUInt32BE(entry),
        bytes.subarray(data + bytes.readUInt32BE(entry + 8), this.size),
      );
    }
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  text(tag: number): string {
    const bytes = this.#entries.get(tag) ?? Buffer.alloc(1);
    return bytes.toString('utf8', 0, bytes.indexOf(0));
  }

  number(tag: number): number | null {
    return this.#entries.get(tag)?.readUInt32BE(0) ?? null;
  }

  hex(tag: number, length: number): string {
    return this.#entries.get(tag)?.toString('hex', 0, length) ?? '';
  }
}

/**
 * Reads an RPM as `koji import` would. On purpose not darkserver's own reader: a mistake there must not
 * be matched by the same mistake here.
 */
export function readRpmFacts(path: string): RpmFacts {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, 8 * 1024 * 1024));
    readSync(file, bytes, 0, bytes.length, 0);
    const signature = new HeaderData(bytes.subarray(LEAD));
    const start = LEAD + Math.ceil(signature.size / 8) * 8;
    const header = new HeaderData(bytes.subarray(start));
    return {
      name: header.text(RPMTAG.name),
      version: header.text(RPMTAG.version),
      release: header.text(RPMTAG.release),
      epoch: header.number(RPMTAG.epoch),
      arch: header.has(RPMTAG.sourcerpm) ? header.text(RPMTAG.arch) : 'src',
      buildtime: header.number(RPMTAG.buildtime) ?? 0,
      size,
      payloadhash: signature.hex(RPMSIGTAG_MD5, 16),
    };
  } finally {
    closeSync(file);
  }
}
