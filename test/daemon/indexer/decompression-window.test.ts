import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decompressionWindow, WINDOW_START_BYTES } from '../../../daemon/indexer/decompression-window.ts';

const MiB = 1024 * 1024;
/** Compressors make windows no larger than what they know of the size, which they do not of a pipe. */
const compressed = (command: string, args: readonly string[]): Buffer =>
  execFileSync(command, ['-c', '-q', ...args], { input: 'some text' });

test.each([
  ['zstd', ['--long=27', '-1'], 128],
  ['zstd', ['--zstd=wlog=24'], 16],
  ['zstd', ['-1'], 8],
  ['zstd', ['--stream-size=9'], 8],
  ['xz', ['--lzma2=dict=64MiB'], 64],
  ['xz', ['--lzma2=dict=24MiB'], 24],
  ['xz', ['--x86', '--delta=dist=4', '--lzma2=dict=32MiB'], 32],
  ['xz', ['-0'], 8],
  ['lzma', ['--format=lzma', '--lzma1=dict=64MiB'], 64],
] as const)('%s %j has a window of %d MiB', (compression, args, expected) => {
  const bytes = compressed(compression === 'lzma' ? 'xz' : compression, args);
  const window = decompressionWindow(compression, 0, bytes.subarray(0, WINDOW_START_BYTES));
  expect(window).toBe(expected * MiB);
});

test('more than rpm allows is a limit that names the figures', () => {
  const asks = (): number =>
    decompressionWindow('xz', 77, compressed('xz', ['--lzma2=preset=0,dict=192MiB']));
  expect(asks).toThrow(
    expect.objectContaining({
      code: 'limit',
      message: expect.stringMatching(/^xz data at offset 77: decompressing it takes 192 MiB .* the 98 MiB/),
    }),
  );
});

test('what a frame of known size says, which is its own window', () => {
  const frame = (descriptor: number, ...size: number[]): Uint8Array =>
    Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...size]);
  expect(decompressionWindow('zstd', 0, frame(0xa0, 0, 0, 0, 2))).toBe(32 * MiB);
  expect(decompressionWindow('zstd', 0, frame(0xa1, 99, 0, 0, 0, 2))).toBe(32 * MiB);
  expect(decompressionWindow('zstd', 0, frame(0x60, 0xff, 0xff))).toBe(8 * MiB);
  expect(() => decompressionWindow('zstd', 0, frame(0xe0, 0, 0, 0, 0, 1, 0, 0, 0))).toThrow('4096 MiB');
});

test('data that does not tell may need the most that is allowed', () => {
  expect(decompressionWindow('zstd', 0, Buffer.from('502a4d1804000000', 'hex'))).toBe(128 * MiB);
  expect(decompressionWindow('xz', 0, Buffer.from('fd377a585a000004', 'hex'))).toBe(98 * MiB);
  expect(decompressionWindow('bzip2', 0, Buffer.from('BZh9'))).toBe(4 * MiB);
});

test('whatever the bytes, there is a bound or a limit', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('zstd', 'xz', 'lzma', 'bzip2'),
      fc.uint8Array({ maxLength: WINDOW_START_BYTES }),
      fc.boolean(),
      (compression, bytes, hasMagic) => {
        if (hasMagic) bytes.set([0x28, 0xb5, 0x2f, 0xfd].slice(0, bytes.length));
        try {
          expect(decompressionWindow(compression, 0, bytes)).toBeLessThanOrEqual(128 * MiB);
        } catch (error) {
          expect(error).toMatchObject({ code: 'limit' });
        }
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
});
