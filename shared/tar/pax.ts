import { FormatError } from '../errors.ts';

/** Records of one pax header. Real ones have five, and one for each extended attribute. */
const RECORDS_MAX = 1000;
/** Digits of a record's length. */
const LENGTH_DIGITS_MAX = 8;

const BLANK = 0x20;
const NEWLINE = 0x0a;
const EQUALS = 0x3d;

/** What the records of a pax header say about the entry behind it, as far as its data is concerned. */
export interface PaxRecords {
  readonly count: number;
  /** The entry's size in place of its header's; null if there is none. */
  readonly size: number | null;
}

/**
 * Reads the records of a pax header ("LENGTH KEYWORD=VALUE\n", the length that of the whole record), which
 * lie at `offset` in the file. Throws FormatError for records that readers could understand differently.
 */
export function parsePaxRecords(bytes: Uint8Array, offset: number): PaxRecords {
  let count = 0;
  let size: number | null = null;
  for (let at = 0; at < bytes.length;) {
    const refuse = (what: string): never => {
      throw new FormatError('tar', offset + at, `pax header: ${what}`);
    };
    if (++count > RECORDS_MAX) return refuse(`it has more than ${RECORDS_MAX} records`);
    const blank = bytes.subarray(at, at + LENGTH_DIGITS_MAX + 1).indexOf(BLANK);
    const length = blank < 1 ? NaN : decimal(bytes.subarray(at, at + blank));
    const end = at + length;
    // Not "end > bytes.length": of what is no number nothing is true.
    if (!(end <= bytes.length && length > blank + 1)) return refuse('the length of a record is wrong');
    if (bytes[end - 1] !== NEWLINE) return refuse('a record does not end where its length says');
    const record = bytes.subarray(at + blank + 1, end - 1);
    const equals = record.indexOf(EQUALS);
    if (equals < 1) return refuse('a record has no keyword');
    if (isSize(record.subarray(0, equals))) {
      size = decimal(record.subarray(equals + 1));
      if (!Number.isSafeInteger(size)) return refuse('the size of the entry is no number');
    }
    at = end;
  }
  return { count, size };
}

function isSize(keyword: Uint8Array): boolean {
  return keyword.length === 4 && String.fromCharCode(...keyword) === 'size';
}

function decimal(digits: Uint8Array): number {
  const text = digits.length > 20 ? '' : String.fromCharCode(...digits);
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
