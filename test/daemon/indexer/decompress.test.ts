import { afterEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import {
  detectCompression,
  openDecompressor,
  startInnerDecompressor,
} from '../../../daemon/indexer/decompress.ts';
import type { Compression, Decompressor, OnOutput } from '../../../daemon/indexer/decompress.ts';
import { WINDOW_START_BYTES } from '../../../daemon/indexer/decompression-window.ts';
import { compress, ZSTD_BOMB_BLOCK_BYTES, zstdBomb } from '../../support/rpm-builder.ts';

const ALL: Compression[] = ['gzip', 'bzip2', 'lzma', 'xz', 'zstd', 'none'];
const COMPRESSED = ALL.filter((compression) => compression !== 'none');
const TEXT = Buffer.concat([Buffer.from('070701'), randomBytes(300_000), Buffer.alloc(1_000_000, 'text ')]);

function open(compression: Compression, onOutput: OnOutput): Promise<Decompressor> {
  return openDecompressor({ compression, base: 0, start: new Uint8Array(), descriptor: null }, onOutput);
}

async function decompress(compression: Compression, bytes: Uint8Array, pieceBytes = 65_536): Promise<Buffer> {
  const output: Uint8Array[] = [];
  const input = { compression, base: 1234, start: bytes.subarray(0, WINDOW_START_BYTES), descriptor: null };
  const decompressor = await openDecompressor(input, (chunk) => {
    output.push(Uint8Array.from(chunk));
    return undefined;
  });
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      await decompressor.write(bytes.subarray(at, at + pieceBytes));
    }
    await decompressor.end();
  } finally {
    await decompressor.stop();
  }
  return Buffer.concat(output);
}

test.each(ALL)('%s is known by its magic and decompressed', async (compression) => {
  const bytes = compress(compression, TEXT);
  expect(detectCompression(bytes)).toBe(compression);
  expect((await decompress(compression, bytes)).equals(TEXT)).toBe(true);
});

test('other bytes are no compression', () => {
  for (const text of ['', '\x7fELF', 'PK\x03\x04', '#!/bin/sh']) {
    expect(detectCompression(Buffer.from(text, 'latin1'))).toBeNull();
  }
});

describe.each(COMPRESSED)('%s', (compression) => {
  const bytes = compress(compression, TEXT);

  test.each([0.01, 0.5, 0.99])('cut off after %d of it is an error that says where', async (part) => {
    await expect(decompress(compression, bytes.subarray(0, Math.floor(bytes.length * part)))).rejects.toThrow(
      expect.objectContaining({ code: 'format', offset: 1234 }),
    );
  });

  test('damaged is an error', async () => {
    const damaged = Buffer.from(bytes);
    damaged.fill(0x55, 100_000, 100_200);
    await expect(decompress(compression, damaged)).rejects.toThrow(
      expect.objectContaining({ code: 'format' }),
    );
  });

  test('stopped early it leaves no child behind, and is not an error', async () => {
    let received = 0;
    const decompressor = await open(compression, (chunk) => {
      received += chunk.length;
      return undefined;
    });
    await decompressor.write(bytes.subarray(0, 1000));
    await decompressor.stop();
    await decompressor.stop();
    expect(received).toBeLessThanOrEqual(TEXT.length);
  });

  test('what the taker throws comes out of write or end', async () => {
    const refusal = new Error('enough');
    const decompressor = await open(compression, () => {
      throw refusal;
    });
    const feed = async (): Promise<void> => {
      for (let at = 0; at < bytes.length; at += 1000) await decompressor.write(bytes.subarray(at, at + 1000));
      await decompressor.end();
    };
    await expect(feed()).rejects.toBe(refusal);
    await decompressor.stop();
  });

  test('a taker that needs time is waited for', async () => {
    let taken = 0;
    let busy = false;
    const decompressor = await open(compression, async (chunk) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise((resolve) => setImmediate(resolve));
      busy = false;
      taken += chunk.length;
    });
    for (let at = 0; at < bytes.length; at += 65_536)
      await decompressor.write(bytes.subarray(at, at + 65_536));
    await decompressor.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(TEXT.length);
  });
});

describe('the programs', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
    delete process.env['XZ_OPT'];
  });

  test('one that is missing is named, with what to install', async () => {
    process.env['PATH'] = '/nowhere';
    await expect(decompress('zstd', compressedBefore)).rejects.toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: 'the program zstd is missing, which reads zstd data: install zstd',
      }),
    );
  });
  const compressedBefore = compress('zstd', TEXT);

  test('variables that change what xz does are kept from it', async () => {
    const twoStreams = Buffer.concat([compress('xz', TEXT), compress('xz', TEXT)]);
    process.env['XZ_OPT'] = '--single-stream';
    expect((await decompress('xz', twoStreams)).length).toBe(2 * TEXT.length);
  });

  test('what needs more memory than rpm allows is a limit', async () => {
    // A header of lzma that asks for a dictionary of 1.5 GiB.
    const bytes = Buffer.concat([Buffer.from('5d00000060ffffffffffffffff', 'hex'), Buffer.alloc(1000)]);
    await expect(decompress('lzma', bytes)).rejects.toThrow(expect.objectContaining({ code: 'limit' }));
  });
});

describe('memory', () => {
  /** A frame without content that asks for a window of 2 to the power of `log` bytes. */
  const frame = (log: number): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 1, 0, 0]);
  const takeNothing = (): undefined => undefined;
  const openWith = (log: number, signal?: AbortSignal): Promise<Decompressor> =>
    openDecompressor(
      { compression: 'zstd', base: 0, start: frame(log), descriptor: null },
      takeNothing,
      signal,
    );

  test('a window that rpm does not allow is a limit, and told in words', async () => {
    await expect(decompress('zstd', frame(31))).rejects.toThrow(
      expect.objectContaining({
        code: 'limit',
        message:
          'zstd data at offset 1234: decompressing it takes 2048 MiB of memory, more than the 128 MiB that are allowed, here and by rpm',
      }),
    );
  });

  test('so is one that comes later in the data', async () => {
    const bytes = Buffer.concat([frame(20), frame(27)]);
    await expect(decompress('zstd', bytes)).rejects.toThrow(
      expect.objectContaining({
        code: 'limit',
        message: expect.stringMatching(/^zstd data at offset 1234: .*memory[^\n]*$/),
      }),
    );
    expect(await decompress('zstd', Buffer.concat([frame(20), frame(23)]))).toHaveLength(0);
  });

  test.each([
    ['zstd', frame(24)],
    ['xz', compress('xz', TEXT, ['--lzma2=dict=16MiB'])],
  ] as const)('and inside of other data so is one of 16 MiB (%s)', async (compression, bytes) => {
    const inner = startInnerDecompressor(compression, takeNothing);
    await inner.write(bytes);
    await expect(inner.end()).rejects.toThrow(
      expect.objectContaining({ code: 'limit', message: expect.stringMatching(/^\w+ data: .*memory/i) }),
    );
    await inner.stop();
  });

  test('no more programs run at once than there is memory for', async () => {
    const events: string[] = [];
    const first = await openWith(27);
    const second = openWith(27).then((decompressor) => {
      events.push('second runs');
      return decompressor;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    events.push('first stops');
    await first.stop();
    await (await second).stop();
    expect(events).toEqual(['first stops', 'second runs']);
  });

  test('seven with the usual window do, and those that end make room', async () => {
    for (let round = 0; round < 2; round++) {
      const running = await Promise.all(Array.from({ length: 7 }, () => openWith(23)));
      for (const decompressor of running) await decompressor.write(frame(23));
      await Promise.all(running.map((decompressor) => decompressor.end()));
    }
  });

  test('who waits may be called off', async () => {
    const first = await openWith(27);
    const calledOff = new AbortController();
    const second = openWith(27, calledOff.signal);
    calledOff.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    await first.stop();
    await (await openWith(27)).stop();
  });
});

test('what comes while output is being taken does not pile up', async () => {
  const zeros = zstdBomb(4000);
  let goOn: () => void = () => undefined;
  let pieces = 0;
  const decompressor = await open('zstd', () => {
    if (pieces++ > 0) return undefined;
    return new Promise((resolve) => {
      goOn = resolve;
    });
  });
  await decompressor.write(zeros);
  const ending = decompressor.end();
  const before = process.memoryUsage().arrayBuffers;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024);
  goOn();
  await ending;
  expect(pieces).toBeGreaterThan(100);
});

test('a thousand to one comes out in pieces, and not faster than it is taken', async () => {
  const zeros = zstdBomb(1600);
  let largest = 0;
  let total = 0;
  const decompressor = await open('zstd', (chunk) => {
    largest = Math.max(largest, chunk.length);
    total += chunk.length;
    return undefined;
  });
  await decompressor.write(zeros);
  await decompressor.end();
  expect(total).toBe(1600 * ZSTD_BOMB_BLOCK_BYTES);
  expect(largest).toBeLessThanOrEqual(1024 * 1024);
});

test('neither end, stop, bad data nor a missing program leaves a descriptor open', async () => {
  const bytes = compress('xz', TEXT);
  const path = process.env['PATH'];
  const runs = async (): Promise<void> => {
    await decompress('xz', bytes);
    await expect(decompress('xz', bytes.subarray(0, 5000))).rejects.toThrow();
    const stopped = await open('xz', () => undefined);
    await stopped.write(bytes);
    await stopped.stop();
    process.env['PATH'] = '/nowhere';
    await expect(decompress('xz', bytes)).rejects.toThrow('missing');
    process.env['PATH'] = path;
  };
  await runs();
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 8; i++) await runs();
  expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(9);
});

test('a taker that is still busy when the child has ended gets the rest, in order', async () => {
  const text = Buffer.from(Array.from({ length: 10_000 }, (_, i) => `line ${i}\n`).join(''));
  const output: Buffer[] = [];
  const decompressor = await open('zstd', async (chunk) => {
    output.push(Buffer.from(chunk));
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  await decompressor.write(compress('zstd', text));
  await decompressor.end();
  expect(Buffer.concat(output).equals(text)).toBe(true);
  expect(output.length).toBeGreaterThan(1);
});
