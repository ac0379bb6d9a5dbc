import { readFileSync } from 'node:fs';

export const FIXTURES = new URL('../fixtures/rpms/', import.meta.url);

/** A file with a build-id in one of the RPMs under test/fixtures, as readelf and eu-unstrip see it. */
export interface TrueFile {
  /** N-V-R.A without ".rpm". */
  readonly nvra: string;
  readonly path: string;
  readonly buildId: string;
  readonly kind: 'executable' | 'debuginfo';
}

/** Hex digits of the shortest build-id that a package's header names; `--scan payload` finds shorter ones too. */
const SHORTEST_IN_HEADER = 8;

/** What the default scan finds. */
export function readTruth(): TrueFile[] {
  return readFileSync(new URL('truth.tsv', FIXTURES), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [rpm = '', path = '', buildId = '', debuginfo] = line.split('\t');
      return {
        nvra: rpm.replace(/\.rpm$/, ''),
        path,
        buildId,
        kind: debuginfo === '1' ? 'debuginfo' : 'executable',
      } as const;
    })
    .filter(({ buildId }) => buildId.length >= SHORTEST_IN_HEADER);
}
