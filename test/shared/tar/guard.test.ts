import { describe, expect, test } from '@jest/globals';
import { TarGuard } from '../../../shared/tar/guard.ts';
import { paxHeader, tarEntry, tarFile } from '../../support/tar-builder.ts';

/** What the guard lets pass of a file that comes in pieces of this size. */
function passed(file: Uint8Array, pieceBytes = file.length): Buffer {
  const guard = new TarGuard();
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += pieceBytes) {
    // The pieces are lent: a guard that kept one would see it change.
    const lent = Uint8Array.from(file.subarray(at, at + pieceBytes));
    pieces.push(...guard.push(lent).map((piece) => Uint8Array.from(piece)));
    lent.fill(0xee);
  }
  guard.end();
  return Buffer.concat(pieces);
}

const LONG = 'l'.repeat(300);
const sound = [
  tarEntry({ name: 'bin/a', data: 'x'.repeat(700) }),
  tarEntry({ name: 'dir/', type: '5' }),
  paxHeader([
    ['path', LONG],
    ['mtime', '1.5'],
  ]),
  tarEntry({ name: 'short', data: 'y' }),
  tarEntry({ name: '././@LongLink', type: 'L', magic: 'gnu', data: `${LONG}\0` }),
  tarEntry({ name: 'b', data: '', magic: 'gnu' }),
  tarEntry({ name: 'v7', data: 'old', magic: 'v7' }),
  tarEntry({ name: 'link', type: '1', linkName: 'bin/a' }),
];

describe('what is sound passes unchanged', () => {
  test.each([1, 7, 511, 512, 513, 1000, 100_000])('in pieces of %d bytes', (pieceBytes) => {
    expect(passed(tarFile(...sound), pieceBytes)).toEqual(Buffer.concat(sound));
  });

  test('without the blocks of zeros at its end, and with anything behind them', () => {
    expect(passed(Buffer.concat(sound))).toEqual(Buffer.concat(sound));
    expect(passed(Buffer.concat([tarFile(...sound), Buffer.from('rubbish')]))).toEqual(Buffer.concat(sound));
  });

  test('with a size of 8 GiB and more, in base 256', () => {
    const size = Buffer.from('800000000000000200000000', 'hex');
    const guard = new TarGuard();
    expect(guard.push(tarEntry({ size }))).toHaveLength(1);
    expect(guard.push(new Uint8Array(512))).toHaveLength(1);
    expect(() => {
      guard.end();
    }).toThrow(/tar at offset 1024: the file is truncated/);
  });

  test('with the size in a pax header, which counts in place of the entry’s own', () => {
    const file = tarFile(paxHeader([['size', '1024']]), tarEntry({ size: 0 }), Buffer.alloc(1024, 'x'), {});
    expect(passed(file)).toHaveLength(1024 + 512 + 1024 + 512);
    // It counts for one entry only.
    expect(() => passed(file.subarray(0, -1536))).not.toThrow();
  });
});

test('the map blocks of a sparse file, which a reader would take for data, are left out', () => {
  const map = Buffer.alloc(1024);
  map[504] = 1;
  const header = tarEntry({ name: 'disk', type: 'S', magic: 'gnu', isExtended: true, size: 600 });
  const data = Buffer.alloc(1024, 'd');
  const file = tarFile(header, map, data, { name: 'next' });
  expect(passed(file, 100)).toEqual(Buffer.concat([header, data, tarEntry({ name: 'next' })]));
});

test('an empty header for the next entry is left out', () => {
  const file = tarFile({ type: 'x' }, { name: 'a', data: 'x' });
  expect(passed(file)).toEqual(tarEntry({ name: 'a', data: 'x' }));
});

describe('what is hostile does not pass', () => {
  const huge = '77777777777\0';
  test.each<[string, Buffer, string, RegExp]>([
    ['no tar file', Buffer.alloc(512, 'x'), 'format', /^tar at offset 0: .* this is no tar file$/],
    ['nothing', Buffer.alloc(0), 'format', /^tar at offset 0: the file is truncated/],
    [
      'a wrong checksum',
      tarFile({}, { checksum: '0000001\0' }),
      'format',
      /at offset 512: .*checksum is wrong$/,
    ],
    ['a size with a sign', tarFile({ size: '-0000000001\0' }), 'format', /size of the entry is no number/],
    ['a size of letters', tarFile({ size: 'everything' }), 'format', /size of the entry is no number/],
    [
      'a size below zero',
      tarFile({ size: Buffer.alloc(12, 0xff) }),
      'format',
      /size of the entry is negative/,
    ],
    [
      'a size beyond 2^53',
      tarFile({ size: Buffer.from('80ffffffffffffffffffffff', 'hex') }),
      'format',
      /larger than any file/,
    ],
    [
      'a size in no known form',
      tarFile({ size: Buffer.from('c00000000000000000000001', 'hex') }),
      'format',
      /no number/,
    ],
    ['a pax header of 8 GiB', tarFile({ type: 'x', size: huge }), 'limit', /pax header of 8589934591 bytes/],
    ['the same for all', tarFile({ type: 'g', size: huge }), 'limit', /pax header of 8589934591 bytes/],
    ['a long name of 8 GiB', tarFile({ type: 'L', size: huge }), 'limit', /long name of 8589934591 bytes/],
    ['a long link of 8 GiB', tarFile({ type: 'K', size: huge }), 'limit', /long name of 8589934591 bytes/],
    ['a name cut off', tarEntry({ type: 'L', size: 600 }), 'format', /offset 512: the file is truncated/],
    ['data cut off', tarEntry({ size: 513, data: 'x' }), 'format', /offset 1024: the file is truncated/],
    ['a header cut off', tarEntry({ name: 'x' }).subarray(0, 500), 'format', /offset 500: .* truncated/],
    [
      'an entry that continues in its own end',
      tarFile(paxHeader([['size', '99999999999999999999']]), {}),
      'format',
      /size of the entry is no number/,
    ],
    ['a negative pax size', tarFile(paxHeader([['size', '-512']]), {}), 'format', /offset 512: .* no number/],
    ['one size for all', tarFile(paxHeader([['size', '5']], 'g'), {}), 'format', /a size for all entries/],
    [
      'a thousand records for all',
      tarFile(paxHeader(Array(101).fill(['a', 'b']) as [string, string][], 'g'), {}),
      'format',
      /more than 100 records for all/,
    ],
    [
      'more records than there are attributes',
      tarFile(paxHeader(Array(1001).fill(['a', 'b']) as [string, string][]), {}),
      'format',
      /more than 1000 records/,
    ],
    [
      'a record without end',
      tarFile({ type: 'x', data: '9999 a=b\n' }),
      'format',
      /length of a record is wrong/,
    ],
    ['a record of nothing', tarFile({ type: 'x', data: '0 a=b\n' }), 'format', /length of a record is wrong/],
    [
      'a record going back',
      tarFile({ type: 'x', data: '-5 a=b\n' }),
      'format',
      /length of a record is wrong/,
    ],
    ['a record off by one', tarFile({ type: 'x', data: '6 a=bc\n' }), 'format', /end where its length says/],
    ['a record without a keyword', tarFile({ type: 'x', data: '5 =b\n' }), 'format', /has no keyword/],
  ])('%s', (_name, file, code, message) => {
    expect(() => passed(file)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test('nothing of a piece that is refused has passed', () => {
    const guard = new TarGuard();
    const first = tarEntry({ name: 'a', data: 'x' });
    expect(guard.push(Buffer.concat([first, tarEntry({ size: 'x' }).subarray(0, 511)]))).toEqual([first]);
    expect(() => guard.push(Buffer.alloc(1))).toThrow(/offset 1024: the size/);
  });
});
