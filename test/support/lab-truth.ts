import { readFileSync } from 'node:fs';
import { SHARED_DATA } from './shared-data.ts';

/** One file with a build-id of the recorded hub's builds, as an answer must name it. */
export interface LabFile {
  readonly buildId: string;
  readonly path: string;
  readonly kind: 'executable' | 'debuginfo';
  /** The RPM's NVRA, or an archive's file name. */
  readonly holder: string;
  /** Koji's id of the RPM or the archive. */
  readonly holderId: number;
  readonly koji_build_id: number;
  /** The holder's path under topdir, where its URL must lead. */
  readonly published: string;
}

/** The one archive with an ELF file in it, by the recording's README: truth.tsv has RPMs alone. */
const IN_ARCHIVE: LabFile = {
  buildId: 'c89156ebdabf859f4ee70cb0c303004dccf1ae51',
  path: '/usr/bin/true',
  kind: 'executable',
  holder: 'docker-image-sha256_abc.x86_64.tar.gz',
  holderId: 1,
  koji_build_id: 11,
  published: 'packages/kl-img/1.0/1/images/docker-image-sha256_abc.x86_64.tar.gz',
};

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
 * truth.tsv joined with what the hub says of its builds: each row whose build Koji lists as complete, and the
 * file in an archive.
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
  const files: LabFile[] = [IN_ARCHIVE];
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
      holder: rpm,
      holderId: listed.id,
      koji_build_id: build.getBuild.id,
      published: rpmPath,
    });
  }
  return files;
}
