import { createHash } from 'node:crypto';
import type { IndexedRpm, StoredFile } from '../../daemon/store/types.ts';
import type { BuildId } from '../../shared/build-id.ts';
import type { KojiBuild, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';

/**
 * Files with a build-id in each RPM of ../shared/corpus/made: 209 in 42 RPMs, of which 8 hold debuginfo and
 * one, with the largest of directories, kernel modules.
 */
const EXECUTABLES = [
  18, 19, 1, 2, 2, 1, 1, 2, 1, 1, 16, 3, 1, 1, 1, 1, 10, 1, 1, 1, 1, 1, 1, 6, 50, 1, 1, 1, 2, 0, 0, 0, 0,
];
const DEBUGINFO = [3, 3, 1, 1, 6, 5, 1, 1];
const MODULES = [40];
export const ROWS_OF_ROUND = 209;

/** The build-id of a file: as random as a linker's, and known again from its place. */
function madeLikeBuildId(round: number, rpm: number, file: number): BuildId {
  return createHash('sha1').update(`${round}/${rpm}/${file}`).digest('hex') as BuildId;
}

function pathOf(kind: string, name: string, version: string, file: number): string {
  if (kind === 'debuginfo') {
    return `/usr/lib/debug/usr/lib64/${name}/lib${name}-plugin${file}.so-${version}.x86_64.debug`;
  }
  if (kind === 'modules') {
    return `/lib/modules/${version}.x86_64/kernel/drivers/net/vendor-${file >> 1}/module_${file}.ko.xz`;
  }
  return file % 2 === 0
    ? `/usr/bin/${name}-tool-${file}`
    : `/usr/lib64/${name}/lib${name}_${file}.so.1.0.${file}`;
}

export interface MadeLikeBuild {
  readonly build: KojiBuild;
  readonly rpms: readonly (IndexedRpm & { readonly files: readonly StoredFile[] })[];
}

/** A large Koji has more: its builds have an RPM for each subpackage and architecture. */
const RPMS_OF_BUILD = 6;

/** One round: the corpus once more, as another release, with other build-ids, in builds of six RPMs. */
export function madeLikeRound(round: number): MadeLikeBuild[] {
  const kinds = [
    ...EXECUTABLES.map((files) => ({ kind: 'executable', files })),
    ...DEBUGINFO.map((files) => ({ kind: 'debuginfo', files })),
    ...MODULES.map((files) => ({ kind: 'modules', files })),
  ];
  const rpms = kinds.map(({ kind, files }, number) => rpmOf(round, number, kind, files));
  return rpms
    .filter((_, number) => number % RPMS_OF_BUILD === 0)
    .map((rpm, number) => ({
      build: buildOf(rpm, round * kinds.length + number + 1),
      rpms: rpms.slice(number * RPMS_OF_BUILD, (number + 1) * RPMS_OF_BUILD),
    }));
}

function buildOf({ name, epoch, version, release }: IndexedRpm, kojiBuildId: number): KojiBuild {
  return {
    kojiBuildId: kojiBuildId as KojiBuildId,
    name,
    epoch,
    version,
    release,
    state: 'complete',
    draft: false,
    volume: 'DEFAULT',
    completedAt: 1_700_000_000.25 + kojiBuildId,
  };
}

function rpmOf(
  round: number,
  number: number,
  kind: string,
  count: number,
): IndexedRpm & { files: StoredFile[] } {
  const name = `package${number}`;
  const version = `2.${number}.13+dfsg`;
  const release = `${round}.fc40`;
  const kojiRpmId = 10_000_000 + round * 100 + number;
  return {
    kojiRpmId: kojiRpmId as KojiRpmId,
    name: kind === 'debuginfo' ? `${name}-debuginfo` : name,
    epoch: null,
    version,
    release,
    arch: 'x86_64',
    size: kojiRpmId % 1_000_000,
    payloadHash: createHash('md5').update(String(kojiRpmId)).digest('hex'),
    buildTime: 1_700_000_000 + kojiRpmId,
    contentSize: Math.max(0, (kojiRpmId % 1_000_000) - 4500),
    signatures: [],
    files: Array.from({ length: count }, (_, file) => ({
      path: pathOf(kind, name, `${version}-${release}`, file),
      buildId: madeLikeBuildId(round, number, file),
      kind: kind === 'debuginfo' ? 'debuginfo' : 'executable',
      evidence: 'file-class',
    })),
  };
}
