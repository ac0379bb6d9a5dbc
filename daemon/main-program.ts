import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type * as Program from './cli/program.ts';

/** What `make build` leaves beside main.js. */
export const PROGRAM = 'program.js';
export const CODE_CACHE = 'program.cache';

type Wrapper = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

/**
 * The program in `directory`, and the script that it is. As Node's own loader would, but with what V8 has kept of
 * compiling it (main-code-cache.ts), which saves a short command half of its start. V8 takes nothing that another
 * version, or one with other flags, has kept, nor what is cut off: then it compiles anew, as it does without.
 */
export function loadProgram(directory: string): { program: typeof Program; script: Script } {
  const filename = join(directory, PROGRAM);
  // `make build` sees to it that it is ASCII, of which V8 needs not half as long to make a text as of UTF-8.
  const source = readFileSync(filename, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename,
    ...readCodeCache(join(directory, CODE_CACHE)),
  });
  const module = { exports: {} };
  const wrapper = script.runInThisContext() as Wrapper;
  wrapper(module.exports, createRequire(filename), module, filename, directory);
  return { program: module.exports as typeof Program, script };
}

function readCodeCache(path: string): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(path) };
  } catch {
    return {};
  }
}
