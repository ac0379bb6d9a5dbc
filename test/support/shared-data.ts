import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';

/** The recorded hub and the RPM corpus lie beside the checkout; they are too large to be part of it. */
export const SHARED_DATA = fileURLToPath(new URL('../../../shared/', import.meta.url));

const present =
  existsSync(`${SHARED_DATA}corpus/truth.tsv`) && existsSync(`${SHARED_DATA}koji-lab/truth.tsv`);

/**
 * `describe` for tests over that data. Where CI runs, missing data is a failure; elsewhere the tests are
 * left out, and say so in their name.
 */
export function describeWithSharedData(name: string, tests: () => void): void {
  if (present || process.env['CI'] === 'true') describe(name, tests);
  else describe.skip(`${name} (left out: there is no ../shared here)`, tests);
}
