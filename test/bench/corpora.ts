import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** RPM files of one directory. */
export interface Corpus {
  readonly directory: string;
  readonly rpms: readonly string[];
  readonly bytes: number;
}

const MADE = fileURLToPath(new URL('../../.bench/corpus', import.meta.url));
const SMALL = fileURLToPath(new URL('../../../shared/corpus/made', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/rpms', import.meta.url));

/** BENCH_CORPUS, or what `make bench-corpus` made, with plain/ and modules/ below it. */
const top = resolve(process.env['BENCH_CORPUS'] ?? MADE);

/**
 * RPMs without compressed modules. Where nobody made a corpus, the small ones that lie about: enough to see
 * that everything runs, too few for ratios in which the start of a program is nothing.
 */
export function plainCorpus(): Corpus {
  const large = corpusIn(join(top, 'plain'));
  if (large !== null) return large;
  if (process.env['BENCH_CORPUS'] !== undefined) throw new Error(`no RPMs in ${join(top, 'plain')}`);
  console.log('The corpus is a small one: `make bench-corpus` makes one of 3 GB, which takes half an hour.');
  const small = corpusIn(SMALL) ?? corpusIn(FIXTURES);
  if (small === null) throw new Error(`no RPMs in ${FIXTURES}`);
  return small;
}

/** Kernels with compressed modules; null where there are none. */
export function moduleCorpus(): Corpus | null {
  return corpusIn(join(top, 'modules'));
}

function corpusIn(directory: string): Corpus | null {
  if (!existsSync(directory)) return null;
  const rpms = readdirSync(directory)
    .filter((name) => name.endsWith('.rpm'))
    .sort()
    .map((name) => join(directory, name));
  if (rpms.length === 0) return null;
  return { directory, rpms, bytes: rpms.reduce((sum, rpm) => sum + statSync(rpm).size, 0) };
}
