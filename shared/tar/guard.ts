import { DarkserverError, FormatError } from '../errors.ts';
import { TAR_BLOCK_BYTES, isZeroBlock, parseTarHeader } from './header.ts';
import { parsePaxRecords } from './pax.ts';

/** Bytes of a pax header, which holds extended attributes, of 64 KiB at most each. */
const PAX_BYTES_MAX = 256 * 1024;
/** Bytes of a long name; Linux's longest path has 4096. */
const LONG_NAME_BYTES_MAX = 64 * 1024;
/** Records for all that follows, which are looked at anew for each entry. */
const GLOBAL_RECORDS_MAX = 100;
/** Headers of one tar file. The largest images have some hundred thousand. */
const HEADERS_MAX = 4_000_000;
/** In a block with more of the map of a GNU sparse file: whether another one follows. */
const MORE_SPARSE_AT = 504;

type Expected = 'header' | 'meta' | 'data' | 'sparse' | 'nothing';

/**
 * Stands before a reader of tar files that believes what it reads, and lets pass only what cannot hurt it:
 * sizes are numbers, of what is to be held in memory small ones, records mean what they say, and the map
 * blocks of sparse files, which the reader would take for data, are left out, as is all behind the end.
 * Bytes are pushed in order, in pieces of any size.
 */
export class TarGuard {
  #expected: Expected = 'header';
  /** Offset in the file of the first byte that was not looked at. */
  #offset = 0;
  /** What came and is not yet whole: a block, or a header for the next entry with its data. */
  #held: Uint8Array = new Uint8Array();
  #headers = 0;
  #zeroBlocks = 0;
  /** Bytes of data, with what fills its last block, that are still to come. */
  #remaining = 0;
  /** The type and the padded size of a header for the next entry. */
  #meta = { type: '', bytes: 0, padded: 0 };
  /** The size that a pax header gave to the next entry. */
  #paxSize: number | null = null;

  /** Headers that were read so far. */
  get headers(): number {
    return this.#headers;
  }

  /** Offset in the file up to which it was looked at. */
  get offset(): number {
    return this.#offset;
  }

  /** What may pass of these bytes, and of those held back before, as views in order. Throws `format`, `limit`. */
  push(bytes: Uint8Array): Uint8Array[] {
    const chunk = this.#held.length === 0 ? bytes : joined(this.#held, bytes);
    const passed: Uint8Array[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const taken = this.#take(chunk.subarray(at));
      if (taken === null) break;
      if (!taken.passes) {
        if (from < at) passed.push(chunk.subarray(from, at));
        from = at + taken.bytes;
      }
      at += taken.bytes;
      this.#offset += taken.bytes;
    }
    if (from < at) passed.push(chunk.subarray(from, at));
    this.#held = chunk.slice(at);
    return passed;
  }

  /** The last byte was pushed. Throws FormatError if there must be more. */
  end(): void {
    if (this.#expected === 'nothing') return;
    if (this.#expected === 'header' && this.#held.length === 0 && this.#headers > 0) return;
    throw new FormatError(
      'tar',
      this.#offset + this.#held.length,
      'the file is truncated: it ends in the middle of an entry',
    );
  }

  /** How many of the next bytes were understood, and whether they may pass; null if more must come first. */
  #take(next: Uint8Array): { bytes: number; passes: boolean } | null {
    switch (this.#expected) {
      case 'nothing':
        return { bytes: next.length, passes: false };
      case 'data': {
        const bytes = Math.min(this.#remaining, next.length);
        this.#remaining -= bytes;
        if (this.#remaining === 0) this.#expected = 'header';
        return { bytes, passes: true };
      }
      case 'meta':
        if (next.length < this.#meta.padded) return null;
        this.#readMeta(next.subarray(0, this.#meta.bytes));
        return { bytes: this.#meta.padded, passes: true };
      case 'sparse':
        if (next.length < TAR_BLOCK_BYTES) return null;
        if (next[MORE_SPARSE_AT] === 0) this.#expected = this.#remaining > 0 ? 'data' : 'header';
        return { bytes: TAR_BLOCK_BYTES, passes: false };
      case 'header':
        if (next.length < TAR_BLOCK_BYTES) return null;
        return { bytes: TAR_BLOCK_BYTES, passes: this.#readHeader(next.subarray(0, TAR_BLOCK_BYTES)) };
    }
  }

  /** Returns whether it may pass: blocks of zeros are for us alone. */
  #readHeader(block: Uint8Array): boolean {
    if (isZeroBlock(block)) {
      if (++this.#zeroBlocks === 2) this.#expected = 'nothing';
      return false;
    }
    this.#zeroBlocks = 0;
    const { type, size, hasSparseBlocks } = parseTarHeader(block, this.#offset);
    if (++this.#headers > HEADERS_MAX) {
      throw new DarkserverError('limit', `tar: it has more than ${HEADERS_MAX} entries`);
    }
    if (isMeta(type)) {
      // tar-stream 3.2 loses its place behind an empty one.
      if (size > 0) this.#expectMeta(type, size);
      return size > 0;
    }
    const dataBytes = type === '5' ? 0 : (this.#paxSize ?? size);
    this.#paxSize = null;
    this.#remaining = padded(dataBytes);
    this.#expected = hasSparseBlocks ? 'sparse' : this.#remaining > 0 ? 'data' : 'header';
    return true;
  }

  #expectMeta(type: string, size: number): void {
    const isPax = type === 'x' || type === 'g';
    const most = isPax ? PAX_BYTES_MAX : LONG_NAME_BYTES_MAX;
    if (size > most) {
      const what = isPax ? 'a pax header' : 'a long name';
      const message = `tar at offset ${this.#offset}: ${what} of ${size} bytes is more than ${most}`;
      throw new DarkserverError('limit', message);
    }
    this.#meta = { type, bytes: size, padded: padded(size) };
    this.#expected = 'meta';
  }

  #readMeta(bytes: Uint8Array): void {
    this.#expected = 'header';
    const { type } = this.#meta;
    if (type !== 'x' && type !== 'g') return;
    const { size, count } = parsePaxRecords(bytes, this.#offset);
    if (type === 'x') {
      this.#paxSize = size;
    } else if (size !== null || count > GLOBAL_RECORDS_MAX) {
      const what = size === null ? `more than ${GLOBAL_RECORDS_MAX} records` : 'a size';
      throw new FormatError('tar', this.#offset, `pax header: ${what} for all entries that follow`);
    }
  }
}

/** Headers for the entry that follows, whose data is held in memory: pax headers, GNU's long names. */
function isMeta(type: string): boolean {
  return 'xgLKN'.includes(type);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
