import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FileRpmSource } from '../../../daemon/indexer/rpm-source.ts';

let directory = '';
const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (i * 7) & 0xff));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'darkserver-source-'));
  await writeFile(join(directory, 'a.rpm'), content);
});
afterAll(() => rm(directory, { recursive: true }));

const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

/** Reads until `isEnough` says so. */
async function readChunks(
  chunks: AsyncIterable<Uint8Array>,
  isEnough: (chunk: Uint8Array) => boolean = () => false,
): Promise<void> {
  for await (const chunk of chunks) if (isEnough(chunk)) break;
}

test('reads from any offset to the end, and tells the size', async () => {
  for (const start of [0, 1, 500_000, 1_000_000, 2_000_000]) {
    const { size, chunks } = await new FileRpmSource(join(directory, 'a.rpm')).open(start);
    expect(size).toBe(content.length);
    const read: Uint8Array[] = [];
    for await (const chunk of chunks) read.push(chunk);
    expect(Buffer.concat(read).equals(content.subarray(start))).toBe(true);
  }
});

test('reads no more than is asked for, but for the first few kilobytes', async () => {
  const { chunks } = await new FileRpmSource(join(directory, 'a.rpm')).open(0);
  const iterator = chunks[Symbol.asyncIterator]();
  expect((await iterator.next(100)).value).toEqual(content.subarray(0, 6144));
  expect((await iterator.next(100)).value).toEqual(content.subarray(6144, 6244));
  expect((await iterator.next()).value).toEqual(content.subarray(6244, 6244 + 262_144));
  await iterator.return?.();
});

test('closes the file whether it was read to the end, in part or not at all', async () => {
  const before = await openFiles();
  const source = new FileRpmSource(join(directory, 'a.rpm'));
  await readChunks((await source.open(0)).chunks);
  await readChunks((await source.open(0)).chunks, () => true);
  await (await source.open(0)).chunks[Symbol.asyncIterator]().return?.();
  expect(await openFiles()).toBe(before);
});

test('a file that is closed while it is read is closed after that', async () => {
  const before = await openFiles();
  const iterator = (await new FileRpmSource(join(directory, 'a.rpm')).open(0)).chunks[Symbol.asyncIterator]();
  const reading = iterator.next(100);
  await iterator.return?.();
  // Another file would have the number of one that was closed at once, and be read in its place.
  const others = Array.from({ length: 4 }, () => openSync('/dev/zero', 'r'));
  expect((await reading).value).toEqual(content.subarray(0, 6144));
  for (const other of others) closeSync(other);
  await expect(iterator.next(100)).rejects.toThrow('is closed already');
  expect(await openFiles()).toBe(before);
});

test.each([
  ['is not there', 'none.rpm', 'missing_file'],
  ['lies below a file', 'a.rpm/b.rpm', 'missing_file'],
  ['is a directory', '', 'bad_input'],
])('a file that %s has a code of its own', async (_, name, code) => {
  const path = join(directory, name);
  const opening = new FileRpmSource(path).open(0);
  await expect(opening).rejects.toThrow(expect.objectContaining({ code }));
  await expect(opening).rejects.toThrow(path.replace(/\/$/, ''));
});

test('reading can be called off', async () => {
  const controller = new AbortController();
  const { chunks } = await new FileRpmSource(join(directory, 'a.rpm')).open(0, { signal: controller.signal });
  const reading = readChunks(chunks, () => {
    controller.abort();
    return false;
  });
  await expect(reading).rejects.toThrow(expect.objectContaining({ code: 'stopped' }));
});

test('a child can read the file from any offset, and is asked afterwards how far it came', async () => {
  for (const start of [0, 1, 400_000]) {
    const { chunks, file } = await new FileRpmSource(join(directory, 'a.rpm')).open(0);
    const iterator = chunks[Symbol.asyncIterator]();
    await iterator.next();
    const descriptor = (await file?.seek(start)) ?? -1;
    const child = spawnSync('cat', { stdio: [descriptor, 'pipe', 'pipe'], maxBuffer: 2 * content.length });
    expect(child.stdout.equals(content.subarray(start))).toBe(true);
    expect(await file?.position()).toBe(content.length);
    await iterator.return?.();
  }
});

test('a file that cannot be read where a child stopped is an error of the file', async () => {
  // The first page of a process is nobody's, and reading it fails as a broken disk does.
  const { chunks, file } = await new FileRpmSource('/proc/self/mem').open(0);
  await expect(file?.position()).rejects.toThrow(expect.objectContaining({ code: 'network' }));
  await chunks[Symbol.asyncIterator]().return?.();
});
