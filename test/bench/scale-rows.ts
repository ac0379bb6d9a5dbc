import type { IndexedRpm } from '../../daemon/store/types.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { KojiBuild, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';

/** As large packages have them; the RPMs of `make bench-corpus` have 31. */
const ROWS_OF_RPM = 31;
const RPMS_OF_BUILD = 32;
export const ROWS_OF_BUILD = ROWS_OF_RPM * RPMS_OF_BUILD;

/** Their builds come in turn, each time as another release. */
const PACKAGES = 1000;

const bytes = Buffer.alloc(20);

/** The build-ids of rows 0, 1, … up to `rows` ascend; all bytes behind the fourth are as random as a linker's. */
export function scaleBuildId(row: number, rows: number): BuildId {
  // The last build may go beyond.
  bytes.writeUInt32BE(Math.floor((row * 2 ** 32) / (rows + ROWS_OF_BUILD)), 0);
  for (let at = 4, mixed = row + 1; at < 20; at += 4) {
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) ^ (mixed >>> 12);
    bytes.writeInt32BE(mixed | 0, at);
  }
  return bytes.toString('hex') as BuildId;
}

interface Named {
  readonly name: string;
  readonly release: string;
}

function buildOfRow(row: number): Named & { readonly number: number } {
  const number = Math.floor(row / ROWS_OF_BUILD);
  return { number, name: `package${number % PACKAGES}`, release: `${Math.floor(number / PACKAGES)}.fc40` };
}

/** Half are programs and libraries, half their debuginfo; each fourth path is the same in every release. */
function scalePath(row: number): string {
  const { name, release } = buildOfRow(row);
  const rpm = Math.floor(row / ROWS_OF_RPM) % RPMS_OF_BUILD;
  const file = row % ROWS_OF_RPM;
  switch (rpm >> 3) {
    case 0:
      return `/usr/lib64/${name}/plugin-${rpm}-${file}.so`;
    case 1:
      return `/usr/lib64/lib${name}_${rpm}-${file}.so.1.${release}`;
    case 2:
      return `/usr/lib/debug/usr/bin/${name}-${rpm}-${file}-1.0-${release}.x86_64.debug`;
    default:
      return `/usr/lib/debug/usr/lib64/${name}/plugin-${rpm}-${file}.so-1.0-${release}.x86_64.debug`;
  }
}

/** The row's path, or another of its build if that is the same in every release. */
export function pathOfOneRelease(row: number): string {
  const path = scalePath(row);
  return path.endsWith('.so') ? scalePath(row + (RPMS_OF_BUILD / 4) * ROWS_OF_RPM) : path;
}

/** The build that the rows from `row` on make, and its RPMs. */
export function scaleBuild(row: number, rows: number): { build: KojiBuild; rpms: IndexedRpm[] } {
  const { number, name, release } = buildOfRow(row);
  const nvr = { name, epoch: null, version: '1.0', release };
  const rpms = Array.from({ length: RPMS_OF_BUILD }, (_, rpm): IndexedRpm => {
    const kojiRpmId = (number * RPMS_OF_BUILD + rpm + 1) as KojiRpmId;
    const first = row + rpm * ROWS_OF_RPM;
    return {
      ...nvr,
      name: `${name}-part${rpm}`,
      arch: 'x86_64',
      kojiRpmId,
      size: 1_000_000 + kojiRpmId,
      payloadHash: kojiRpmId.toString(16).padStart(32, '7'),
      buildTime: 1_700_000_000 + number,
      contentSize: 990_000 + kojiRpmId,
      signatures: [],
      files: Array.from({ length: ROWS_OF_RPM }, (_, file) => ({
        path: scalePath(first + file),
        buildId: scaleBuildId(first + file, rows),
        kind: rpm < RPMS_OF_BUILD / 2 ? 'executable' : 'debuginfo',
        evidence: 'file-class',
      })),
    };
  });
  const build: KojiBuild = {
    ...nvr,
    kojiBuildId: (number + 1) as KojiBuildId,
    state: 'complete',
    draft: false,
    volume: 'DEFAULT',
    completedAt: 1_700_000_000.25 + number,
  };
  return { build, rpms };
}
