import { describe, expect, test } from '@jest/globals';
import { FormatError } from '../../../shared/errors.ts';
import { parseRpmHeaderIntro, RpmHeader, signaturePadding } from '../../../shared/rpm/header.ts';
import { buildRpmHeader } from '../../support/rpm-builder.ts';
import type { TagValue } from '../../support/rpm-builder.ts';

const TAGS: (readonly [number, TagValue])[] = [
  [1000, { string: 'hello' }],
  [1004, { strings: ['one', '', 'three'] }],
  [1030, { int16: [0o100755, 65535] }],
  [1028, { int32: [1, 4294967295] }],
  [5008, { int64: [5, 2 ** 40] }],
  [1146, { binary: Uint8Array.of(1, 2, 3) }],
];

const parse = (bytes: Uint8Array): RpmHeader => new RpmHeader(bytes, 'header', 0);

/** Overwrites one 32-bit number of the n-th index entry. */
function withEntry(entry: number, field: 'tag' | 'type' | 'offset' | 'count', value: number): Buffer {
  const bytes = buildRpmHeader(TAGS, 63);
  bytes.writeUInt32BE(value >>> 0, 16 + entry * 16 + { tag: 0, type: 4, offset: 8, count: 12 }[field]);
  return bytes;
}

describe.each([
  ['of rpm 4', 63],
  ['of rpm 3, without a region', null],
])('a header %s', (_, region) => {
  const header = parse(buildRpmHeader(TAGS, region));

  test('has its values by type', () => {
    expect(header.string(1000)).toBe('hello');
    const strings = header.strings(1004);
    expect(strings?.length).toBe(3);
    expect([0, 1, 2, 3].map((i) => Buffer.from(strings?.bytes(i) ?? []).toString())).toEqual([
      'one',
      '',
      'three',
      '',
    ]);
    expect([...(header.integers(1030) ?? [])]).toEqual([0o100755, 65535]);
    expect([...(header.integers(1028) ?? [])]).toEqual([1, 4294967295]);
    expect([...(header.integers(5008) ?? [])]).toEqual([5, 2 ** 40]);
    expect(header.integer(5008)).toBe(5);
    expect([...(header.binary(1146) ?? [])]).toEqual([1, 2, 3]);
  });

  test('has null for what it lacks', () => {
    expect(header.has(1001)).toBe(false);
    expect([header.string(1001), header.strings(1001), header.integers(1001), header.binary(1001)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  test('does not take one type for another', () => {
    expect(() => header.integers(1000)).toThrow(/tag 1000 has type 6, not integers/);
    expect(() => header.strings(1028)).toThrow(/tag 1028 has type 4, not strings/);
    expect(() => header.binary(1028)).toThrow(/not bytes/);
    expect(() => header.integers(1146)).toThrow(/not integers/);
  });
});

test('entries behind the region replace those in it', () => {
  expect(parse(buildRpmHeader([...TAGS, [1000, { string: 'later' }]], 63)).string(1000)).toBe('later');
});

test.each([
  ['an unknown type', withEntry(1, 'type', 10), /tag 1000 has the unknown type 10/],
  ['no values', withEntry(1, 'count', 0), /tag 1000 has 0 values/],
  ['more values than data', withEntry(4, 'count', 1000), /do not hold/],
  ['a count past all numbers', withEntry(4, 'count', 0xffffffff), /do not hold/],
  ['data outside', withEntry(4, 'offset', 0x7fffffff), /do not hold/],
  ['several values of one string', withEntry(1, 'count', 2), /is one string, and has the count 2/],
  ['a region in the wrong place', withEntry(2, 'tag', 63), /tag 63 has no place here/],
  ['a region of another type', withEntry(0, 'type', 2), /region 63 has type 2/],
  ['a region outside', withEntry(0, 'offset', 1), /trailer of region 63 is broken/],
])('refuses an entry with %s', (_, bytes, message) => {
  expect(() => parse(bytes)).toThrow(message);
  expect(() => parse(bytes)).toThrow(FormatError);
});

test('refuses a string that does not end', () => {
  const bytes = buildRpmHeader([[1000, { strings: ['one', 'two'] }]], null);
  expect(() => parse(bytes.subarray(0, bytes.length - 1)).strings(1000)).toThrow(
    /string 1 of tag 1000 has no end/,
  );
});

test('refuses a name that no file could have, which would be repeated in messages and keys', () => {
  const named = (bytes: number): RpmHeader =>
    parse(buildRpmHeader([[1000, { string: 'x'.repeat(bytes) }]], 63));
  expect(named(255).string(1000)).toHaveLength(255);
  expect(() => named(256).string(1000)).toThrow(/tag 1000 is a string of 256 bytes, more than 255/);
});

test('refuses a 64-bit size that no file has', () => {
  const bytes = buildRpmHeader([[5008, { binary: Buffer.alloc(8, 0xff) }]], null);
  bytes.writeUInt32BE(5, 20);
  bytes.writeUInt32BE(1, 28);
  expect(() => parse(bytes).integers(5008)).toThrow(/larger than any file/);
});

test('refuses an index that is larger than the header', () => {
  const bytes = buildRpmHeader(TAGS, 63);
  bytes.writeUInt32BE(60000, 8);
  expect(() => parse(bytes)).toThrow(/an index of 60000 entries does not fit/);
});

describe('intro', () => {
  const intro = (tags: number, bytes: number): Buffer => {
    const made = Buffer.from('8eade801000000000000000000000000', 'hex');
    made.writeUInt32BE(tags, 8);
    made.writeUInt32BE(bytes, 12);
    return made;
  };

  test('tells how much follows', () => {
    expect(parseRpmHeaderIntro(intro(3, 100), 'header', 0)).toBe(148);
  });

  test.each([
    ['header', 0x10000, 0, /65536 tags are more than the 65535/],
    ['header', 1, 0x10000000, /more than the 268435455 that rpm allows/],
    ['signature', 33, 0, /33 tags are more than the 32/],
    ['signature', 1, 64 * 1024 * 1024 + 1, /more than the 67108864 that rpm allows/],
  ] as const)("a %s keeps within rpm's limits (%i tags, %i bytes)", (kind, tags, bytes, message) => {
    expect(() => parseRpmHeaderIntro(intro(tags, bytes), kind, 0)).toThrow(message);
  });

  test('a header that rpm takes and that is too large to hold is a limit, not an error of format', () => {
    const read = (): number => parseRpmHeaderIntro(intro(1, 0x0fffffff), 'header', 7000);
    expect(read).toThrow(/^RPM header at offset 7000: it has 268435471 bytes/);
    expect(read).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  test('is known by its magic', () => {
    expect(() => parseRpmHeaderIntro(Buffer.alloc(16), 'signature', 96)).toThrow(
      'RPM signature header at offset 96: 8eade801 is missing, found 00000000',
    );
  });
});

test('signature headers are padded to eight bytes', () => {
  expect([16, 17, 23, 24].map(signaturePadding)).toEqual([0, 7, 1, 0]);
});
