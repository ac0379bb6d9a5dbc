import { readFileSync } from 'node:fs';
import { SHARED_DATA } from './shared-data.ts';

/** One file with a build-id of the recorded hub's builds, as an answer must name it. */
export interface LabFile {
  readonly buildId: string;
  readonly path: string;
  readonly kind: 'executable' | 'debuginfo';
  /** NVRA. */
  readonly rpm: string;
  readonly koji_rpm_id: number;
  readonly koji_build_id: number;
  /** The RPM's path under topdir, where its URL must lead. */
  readonly rpmPath: string;
}

interface LabRpm {
  readonly id: number;
  readonly nvr: string;
  readonly arch: string;
}

interface LabBuild {
  readonly getBuild: {
    readonly id: number;
    readonly name: string;
    readonly version: string;
    readonly release: string;
    readonly state: number;
  };
  readonly listRPMs: readonly LabRpm[];
}

/**
 * truth.tsv joined with what the hub says of its builds: each row whose build Koji lists as complete.
 * A signed copy is the same RPM as the unsigned one; the stray RPMs of a failed build are in no build.
 */
export function labTruth(): LabFile[] {
  const { builds } = JSON.parse(readFileSync(`${SHARED_DATA}koji-lab/hub-data.json`, 'utf8')) as {
    builds: readonly LabBuild[];
  };
  const rows = readFileSync(`${SHARED_DATA}koji-lab/truth.tsv`, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t') as [string, string, string, string]);
  const files: LabFile[] = [];
  for (const [rpmPath, path, buildId, debuginfo] of rows) {
    const match =
      /(?:^|\/)packages\/([^/]+)\/([^/]+)\/([^/]+)\/(data\/signed\/[^/]+\/)?([^/]+)\/([^/]+)\.rpm$/.exec(
        rpmPath,
      );
    if (match === null) throw new Error(`truth.tsv: ${rpmPath} is not a path under topdir`);
    const [, name, version, release, signed, , rpm = ''] = match;
    if (signed !== undefined) continue;
    const build = builds.find(
      ({ getBuild: b }) => b.name === name && b.version === version && b.release === release && b.state === 1,
    );
    const listed = build?.listRPMs.find((r) => `${r.nvr}.${r.arch}` === rpm);
    if (build === undefined || listed === undefined) continue;
    files.push({
      buildId,
      path,
      kind: debuginfo === '1' ? 'debuginfo' : 'executable',
      rpm,
      koji_rpm_id: listed.id,
      koji_build_id: build.getBuild.id,
      rpmPath,
    });
  }
  return files;
}
