import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { CODE_CACHE, PROGRAM, loadProgram } from '../../daemon/main-program.ts';
// For its look at whether dist is as new as the sources.
import '../support/darkserver.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Ends with 3 where it was loaded as Node loads modules. */
const ENDS_WITH_3 = `"use strict";
const { join } = require('node:path');
const isModule = module.exports === exports && join(__dirname, '${PROGRAM}') === __filename;
exports.run = (args) => Promise.resolve(isModule ? args.length : 0);
`;

const BUILT = fileURLToPath(new URL('../../dist/daemon', import.meta.url));

const ARGS = ['one', 'two', 'three'];

function directoryOf(source: string, cache?: Buffer): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, PROGRAM), source);
  if (cache !== undefined) writeFileSync(join(directory, CODE_CACHE), cache);
  return directory;
}

function cacheOf(source: string): Buffer {
  return loadProgram(directoryOf(source)).script.createCachedData();
}

test('V8 takes the code cache that was built', () => {
  expect(loadProgram(BUILT).script.cachedDataRejected).toBe(false);
});

test('a program runs without a code cache', async () => {
  const { program, script } = loadProgram(directoryOf(ENDS_WITH_3));
  expect(script.cachedDataRejected).toBeUndefined();
  expect(await program.run(ARGS)).toBe(3);
});

test('a program runs with its code cache', async () => {
  const { program, script } = loadProgram(directoryOf(ENDS_WITH_3, cacheOf(ENDS_WITH_3)));
  expect(script.cachedDataRejected).toBe(false);
  expect(await program.run(ARGS)).toBe(3);
});

describe('a program runs with a code cache that is none of its', () => {
  const cache = cacheOf(ENDS_WITH_3);
  test.each([
    ['empty', Buffer.alloc(0)],
    ['cut off', cache.subarray(0, -1000)],
    ['of another version', Buffer.concat([Buffer.alloc(16, 1), cache.subarray(16)])],
    ["another program's", cacheOf('exports.run = () => Promise.resolve(4);')],
  ])('%s', async (_, other) => {
    const { program, script } = loadProgram(directoryOf(ENDS_WITH_3, other));
    expect(script.cachedDataRejected).toBe(true);
    expect(await program.run(ARGS)).toBe(3);
  });
});

test.each([
  ['ends with what it returns', 'exports.run = (args) => Promise.resolve(args.length);', 3, ''],
  [
    'that waits for nothing any more is told of',
    'exports.run = () => new Promise(() => undefined);',
    13,
    'darkserver: this is a defect of darkserver: the command came to no end\n',
  ],
])('a command %s', (_, source, code, said) => {
  const directory = directoryOf(source);
  copyFileSync(join(BUILT, 'main.js'), join(directory, 'main.cjs'));
  const { status, stderr } = spawnSync(process.execPath, [join(directory, 'main.cjs'), ...ARGS], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect([status, stderr]).toEqual([code, said]);
});
