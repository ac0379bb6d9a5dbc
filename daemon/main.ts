#!/usr/bin/env node
import { run } from './cli/program.ts';

/** What Node itself ends with where a module waits for what never comes. */
const CAME_TO_NO_END = 13;

process.once('beforeExit', cameToNoEnd);
void run(process.argv.slice(2)).then((code) => {
  process.off('beforeExit', cameToNoEnd);
  process.exitCode = code;
});

/** Nothing is left to wait for, and the command has not said how it ended. */
function cameToNoEnd(): void {
  process.stderr.write('darkserver: this is a defect of darkserver: the command came to no end\n');
  process.exitCode = CAME_TO_NO_END;
}
