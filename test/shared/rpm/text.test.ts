import { expect, test } from '@jest/globals';
import { binaryString, decodeRpmText } from '../../../shared/rpm/text.ts';

test('reads UTF-8 where it is valid, else Latin-1 without losing a byte', () => {
  expect(decodeRpmText(Buffer.from('/usr/bin/ls'))).toBe('/usr/bin/ls');
  expect(decodeRpmText(Buffer.from('naïve-你好'))).toBe('naïve-你好');
  expect(decodeRpmText(Buffer.from('lat\xe9.txt', 'latin1'))).toBe('laté.txt');
  // Windows-1252, which decoders call latin1, would make "€" of 80.
  expect(decodeRpmText(Uint8Array.of(0x80, 0x9f, 0xff))).toBe('\x80\x9f\xff');
  expect(decodeRpmText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
});

test('two names that read alike stay two as bytes', () => {
  const [utf8, latin1] = [Buffer.from('é'), Buffer.from('é', 'latin1')];
  expect(decodeRpmText(utf8)).toBe(decodeRpmText(latin1));
  expect(binaryString(utf8)).not.toBe(binaryString(latin1));
});

test('takes texts of any length', () => {
  expect(binaryString(new Uint8Array(1_000_000).fill(0x61))).toHaveLength(1_000_000);
});
