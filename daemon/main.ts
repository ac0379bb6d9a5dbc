#!/usr/bin/env node
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadProgram } from './main-program.ts';

/** What Node itself ends with where a module waits for what never comes. */
const CAME_TO_NO_END = 13;

const { program } = loadProgram(dirname(fileURLToPath(import.meta.url)));
process.once('beforeExit', cameToNoEnd);
void program.run(process.argv.slice(2)).then((code) => {
  process.off('beforeExit', cameToNoEnd);
  process.exitCode = code;
});

/** Nothing is left to wait for, and the command has not said how it ended. */
function cameToNoEnd(): void {
  process.stderr.write('darkserver: this is a defect of darkserver: the command came to no end\n');
  process.exitCode = CAME_TO_NO_END;
}
