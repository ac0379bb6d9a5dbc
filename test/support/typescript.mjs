/**
 * `node --import ./test/support/typescript.mjs FILE.ts` runs a TypeScript program where it lies, the way jest
 * runs the tests: swc strips the types, and nothing is written. For the demo, the benchmarks, and programs that
 * tests start. Threads of such a program load this file, too.
 */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
