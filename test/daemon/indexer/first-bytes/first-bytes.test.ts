import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { firstBytes, START_BYTES } from '../../../../daemon/indexer/first-bytes/first-bytes.ts';
import type { ModuleCompression } from '../../../../daemon/indexer/separators.ts';

/** Bytes that nothing makes smaller, the same in each run. */
function noise(bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
    createHash('sha256').update(`${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

const words = Array.from({ length: 30_000 }, (_, i) => `word ${(i * 7919) % 613} of ${i}\n`).join('');

/** Of all kinds that lead a compressor to each of its ways. */
const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ['a program', readFileSync(process.execPath).subarray(0, 300_000)],
  ['text', Buffer.from(words)],
  ['noise', noise(200_000)],
  ['zeros', Buffer.alloc(300_000)],
  ['one byte and noise', Buffer.concat([Buffer.alloc(90_000, 7), noise(90_000)])],
  ['few letters', Buffer.from(noise(150_000).map((byte) => byte & 3))],
  ['skewed letters', Buffer.from(noise(150_000).map((byte) => (byte < 250 ? 65 : byte)))],
  ['a hundred bytes', noise(100)],
  ['short text', Buffer.from('a short text, a short text, a long text and a short one')],
  ['one byte', Buffer.from('x')],
];

const OPTIONS: readonly (readonly [ModuleCompression, readonly string[]])[] = [
  ['xz', ['-0']],
  ['xz', ['-6', '--check=crc32', '--lzma2=dict=1MiB']],
  ['xz', ['-4e', '--check=none']],
  ['xz', ['--lzma2=lc=0,lp=2,pb=0,mode=fast,nice=5']],
  ['xz', ['--lzma2=lc=1,lp=3,pb=4']],
  ['xz', ['-T2', '--block-size=65536']],
  ['zstd', ['-1']],
  ['zstd', ['-3', '--no-check']],
  ['zstd', ['-19']],
  ['zstd', ['--fast=9']],
  ['gzip', ['-1']],
  ['gzip', ['-9', '-n']],
];

const compressed = (compression: string, options: readonly string[], input: Uint8Array): Buffer =>
  execFileSync(compression, ['-c', '-q', ...options], { input, maxBuffer: 1 << 24 });

describe.each(OPTIONS)('%s %j', (compression, options) => {
  test.each(CONTENTS)('%s', (_, content) => {
    const file = compressed(compression, options, content);
    const start = file.subarray(0, START_BYTES[compression]);
    for (const wanted of [1, 64, 192]) {
      expect(Buffer.from(firstBytes(compression, start, wanted) ?? [])).toEqual(content.subarray(0, wanted));
    }
    // Far into the data, where bad bookkeeping would show; as far as one block or chunk goes.
    const whole = firstBytes(compression, file, 60_000) ?? new Uint8Array();
    expect(whole.length).toBeGreaterThanOrEqual(Math.min(content.length, 10_000));
    expect(content.subarray(0, whole.length).equals(whole)).toBe(true);
  });

  test('cut off or damaged, it is nothing or something, of bounded size', () => {
    const file = compressed(compression, options, Buffer.from(words));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 5 }),
        fc.oneof(fc.nat(400), fc.constant(file.length)),
        (changes, length) => {
          const bytes = Uint8Array.from(file.subarray(0, Math.min(length, START_BYTES[compression])));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          expect(firstBytes(compression, bytes, 192)?.length ?? 0).toBeLessThanOrEqual(192);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});

test('what only the programs read is left to them', () => {
  const text = Buffer.from(words);
  expect(firstBytes('xz', compressed('xz', ['--x86', '--lzma2'], text), 10)).toBeNull();
  expect(firstBytes('xz', compressed('xz', [], Buffer.alloc(0)), 10)).toBeNull();
  const skippable = Buffer.from('502a4d180400000000000000', 'hex');
  expect(firstBytes('zstd', Buffer.concat([skippable, compressed('zstd', [], text)]), 10)).toBeNull();
  for (const compression of ['xz', 'zstd', 'gzip'] as const) {
    expect(firstBytes(compression, text, 10)).toBeNull();
    expect(firstBytes(compression, new Uint8Array(), 10)?.length ?? 0).toBe(0);
  }
});
