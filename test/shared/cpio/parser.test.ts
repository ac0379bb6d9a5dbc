import { describe, expect, test } from '@jest/globals';
import type { CpioHeader } from '../../../shared/cpio/header.ts';
import { CpioParser } from '../../../shared/cpio/parser.ts';
import { cpioTrailer, newcEntry, newcPayload, strippedEntry } from '../../support/cpio-builder.ts';
import type { NewcEntry } from '../../support/cpio-builder.ts';

interface Seen {
  readonly header: CpioHeader;
  readonly name: string;
  data: Buffer;
  ended: boolean;
}

function parse(bytes: Uint8Array, pieceBytes = bytes.length, sizes: readonly number[] = []): Seen[] {
  const seen: Seen[] = [];
  const parser = new CpioParser({
    entry: (header) => {
      const name = Buffer.from(header.name).toString('latin1');
      seen.push({ header, name, data: Buffer.alloc(0), ended: false });
      return header.form === 'stripped' ? (sizes[header.fileIndex] ?? 0) : header.size;
    },
    data: (piece) => {
      const last = seen.at(-1);
      if (last !== undefined) last.data = Buffer.concat([last.data, piece]);
    },
    entryEnd: () => {
      const last = seen.at(-1);
      if (last !== undefined) last.ended = true;
    },
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.push(bytes.subarray(at, at + pieceBytes));
  parser.end();
  return seen;
}

const ENTRIES: NewcEntry[] = [
  { name: './usr', mode: 0o40755 },
  { name: './usr/bin/a', data: Buffer.from('first'), inode: 5, linkCount: 2, device: 7 },
  { name: './usr/bin/a-much-longer-name', data: Buffer.alloc(1000, 1) },
  { name: './empty' },
  { name: Buffer.from('./lat\xe9', 'latin1'), data: Buffer.from('x') },
];

describe.each(['070701', '070702'])('newc %s', (magic) => {
  const payload = newcPayload(ENTRIES.map((entry) => ({ ...entry, magic })));

  test.each([1, 2, 5, 109, 110, 111, 4096])('reads every entry in pieces of %i bytes', (pieceBytes) => {
    const seen = parse(payload, pieceBytes);
    expect(seen.map(({ name }) => name)).toEqual([
      './usr',
      './usr/bin/a',
      './usr/bin/a-much-longer-name',
      './empty',
      './lat\xe9',
    ]);
    expect(seen.map(({ data }) => data)).toEqual(
      ENTRIES.map(({ data }) => Buffer.from(data ?? Buffer.alloc(0))),
    );
    expect(seen.every(({ ended }) => ended)).toBe(true);
    expect(seen[1]?.header).toMatchObject({ size: 5, linkCount: 2, inodeKey: '8:7:5', form: 'newc' });
  });
});

test("reads rpm's own form, whose sizes come from elsewhere, with either end", () => {
  const data = [Buffer.from('abcde'), Buffer.alloc(0), Buffer.alloc(17, 2)];
  const entries = [2, 0, 1].map((index) => strippedEntry(index, data[index] ?? Buffer.alloc(0)));
  for (const end of [cpioTrailer(), Buffer.from('07070Xffffffff\0\0', 'latin1')]) {
    for (const pieceBytes of [1, 15, 16, 17, 1000]) {
      const seen = parse(Buffer.concat([...entries, end]), pieceBytes, [5, 0, 17]);
      expect(seen.map(({ header }) => header.fileIndex)).toEqual([2, 0, 1]);
      expect(seen.map(({ data: got }) => got)).toEqual([data[2], data[0], data[1]]);
    }
  }
});

test('passes on data without copying it', () => {
  const payload = newcPayload([{ name: './a', data: Buffer.alloc(5000, 3) }]);
  const pieces: Uint8Array[] = [];
  const parser = new CpioParser({
    entry: ({ size }) => size,
    data: (bytes) => void pieces.push(bytes),
    entryEnd: () => undefined,
  });
  parser.push(payload);
  expect(pieces).toHaveLength(1);
  expect(pieces[0]?.buffer).toBe(payload.buffer);
});

test('goes through ten gigabytes of one file that nobody stored', () => {
  const gigabyte = 2 ** 30;
  let bytes = 0;
  let entries = 0;
  const parser = new CpioParser({
    entry: () => {
      entries++;
      return 10 * gigabyte;
    },
    data: (piece) => {
      bytes += piece.length;
    },
    entryEnd: () => undefined,
  });
  parser.push(strippedEntry(0, Buffer.alloc(0)));
  const zeros = new Uint8Array(16 * 1024 * 1024);
  for (let i = 0; i < (10 * gigabyte) / zeros.length; i++) parser.push(zeros);
  parser.push(cpioTrailer());
  parser.end();
  expect({ bytes, entries }).toEqual({ bytes: 10 * gigabyte, entries: 1 });
});

test('cut off at any byte, it says so and where', () => {
  const payload = newcPayload(ENTRIES);
  for (let length = 0; length < payload.length - 3; length++) {
    expect(() => parse(payload.subarray(0, length))).toThrow(/^cpio at offset \d+: the payload is truncated/);
  }
  // What is missing of the trailer's own padding is no loss.
  expect(parse(payload.subarray(0, payload.length))).toHaveLength(ENTRIES.length);
});

test('GNU cpio fills its last block; more than that is no padding', () => {
  const payload = newcPayload(ENTRIES);
  expect(parse(Buffer.concat([payload, Buffer.alloc(512)]))).toHaveLength(ENTRIES.length);
  expect(() => parse(Buffer.concat([payload, Buffer.alloc(70_000)]))).toThrow(/bytes follow the trailer/);
});

test.each([
  ['another form of cpio', Buffer.from('070707000000'.padEnd(110, '0')), /found "070707"/],
  ['no cpio', Buffer.from('\x7fELF\x02\x01'), /offset 0: 070701, 070702 or 07070X is missing/],
  ['a field that is no number', Buffer.from('070701' + 'zzzzzzzz'.repeat(13)), /field 11 is no number/],
  ['a name of no bytes', Buffer.from('070701' + '00000000'.repeat(13)), /a name of 0 bytes/],
  ['a name without end', Buffer.from('070701' + 'ffffffff'.repeat(13)), /a name of 4294967295 bytes/],
])('refuses %s', (_, bytes, message) => {
  expect(() => parse(bytes)).toThrow(message);
});

test('the offset in an error is that of the entry', () => {
  const first = newcEntry({ name: './a', data: Buffer.alloc(10) });
  expect(() => parse(Buffer.concat([first, Buffer.from('garbage')]), 3)).toThrow(
    `cpio at offset ${first.length}: `,
  );
});

test("a visitor's refusal goes to whoever pushed", () => {
  const refusal = new Error('not that one');
  const parser = new CpioParser({
    entry: () => {
      throw refusal;
    },
    data: () => undefined,
    entryEnd: () => undefined,
  });
  expect(() => {
    parser.push(newcPayload(ENTRIES));
  }).toThrow(refusal);
});
