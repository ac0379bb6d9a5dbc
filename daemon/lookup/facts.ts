import type { ArchiveFactsAnswer, MatchBuild, RpmFactsAnswer } from '../../shared/api.ts';
import { formatNvr, formatNvra } from '../../shared/nvr.ts';
import type { KojiConfig } from '../config/types.ts';
import { buildWebUrl } from '../koji/paths.ts';
import type { StoredArchive, StoredBuild, StoredRpm } from '../store/types.ts';
import { isoTime } from './iso-time.ts';

/** Rows of the store in the words of the API. */

export function rpmFactsOf(rpm: StoredRpm): RpmFactsAnswer {
  return {
    nvra: formatNvra(rpm),
    name: rpm.name,
    epoch: rpm.epoch,
    version: rpm.version,
    release: rpm.release,
    arch: rpm.arch,
    koji_rpm_id: rpm.kojiRpmId,
    size: rpm.size,
    payload_hash: rpm.payloadHash,
  };
}

export function archiveFactsOf(archive: StoredArchive): ArchiveFactsAnswer {
  return {
    filename: archive.filename,
    type: archive.type,
    btype: archive.btype,
    arch: archive.arch,
    koji_archive_id: archive.kojiArchiveId,
    size: archive.size,
    checksum: archive.checksum,
    checksum_type: archive.checksumType,
  };
}

/** `superseded`: of what is shown beside it, which Koji no longer lists in the build. */
export function buildFactsOf(
  build: StoredBuild,
  koji: Pick<KojiConfig, 'web'> | undefined,
  superseded = false,
): MatchBuild {
  const web = koji?.web ?? null;
  return {
    instance: build.instance,
    koji_build_id: build.kojiBuildId,
    nvr: formatNvr(build),
    state: superseded && build.state === 'complete' ? 'superseded' : build.state,
    draft: build.draft,
    completed_at: build.completedAt === null ? null : isoTime(build.completedAt * 1000),
    web_url: web === null ? null : buildWebUrl(web, build.kojiBuildId),
  };
}
