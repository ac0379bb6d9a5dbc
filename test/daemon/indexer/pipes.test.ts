import { expect, test } from '@jest/globals';
import { closeSync, existsSync, readdirSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { openPipe } from '../../../daemon/indexer/pipes.ts';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

test('what is written to one end comes out of the other, and after it the end', () => {
  const { readEnd, writeEnd } = openPipe();
  const buffer = Buffer.alloc(100);
  expect(() => readSync(readEnd, buffer)).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  writeSync(writeEnd, 'some bytes');
  expect(buffer.toString('latin1', 0, readSync(readEnd, buffer))).toBe('some bytes');
  closeSync(writeEnd);
  expect(readSync(readEnd, buffer)).toBe(0);
  closeSync(readEnd);
});

test('many are apart from each other, and only some spare ones stay open', () => {
  const before = openDescriptors();
  const pipes = Array.from({ length: 50 }, openPipe);
  for (const [index, { writeEnd }] of pipes.entries()) writeSync(writeEnd, `pipe ${index}`);
  const buffer = Buffer.alloc(100);
  const texts = pipes.map(({ readEnd }) => buffer.toString('latin1', 0, readSync(readEnd, buffer)));
  expect(texts).toEqual(pipes.map((_, index) => `pipe ${index}`));
  for (const { readEnd, writeEnd } of pipes) [readEnd, writeEnd].forEach(closeSync);
  expect(openDescriptors() - before).toBeLessThan(10);
});

test('their names and the directory of these are gone once they are open', () => {
  const { readEnd, writeEnd } = openPipe();
  const name = readlinkSync(`/proc/self/fd/${readEnd}`);
  [readEnd, writeEnd].forEach(closeSync);
  expect(name).toMatch(/darkserver-pipes-.* \(deleted\)$/);
  expect(existsSync(dirname(name))).toBe(false);
});
