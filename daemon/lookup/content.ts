import type { BuildAnswer, LocatedRpm, RpmAnswer } from '../../shared/api.ts';
import type { Job, StoredArchive, StoredRpm } from '../store/types.ts';
import { archiveFactsOf, buildFactsOf, rpmFactsOf } from './facts.ts';
import type { UrlParts, UrlsOf } from './urls.ts';

/** RPMs and archives as they are listed in a build, and RPMs as they are listed under their NVRA. */

type Entry = Pick<BuildAnswer['rpms'][number], 'urls' | 'files' | 'superseded' | 'error'>;

function entryOf(holder: StoredRpm | StoredArchive, files: number, urlsOf: UrlsOf): Entry {
  return { urls: urlsOf(holder), files, superseded: holder.superseded, error: holder.error };
}

export function locatedRpmOf(rpm: StoredRpm, urlsOf: UrlsOf): LocatedRpm {
  return { rpm: rpmFactsOf(rpm), urls: urlsOf(rpm) };
}

export function rpmEntry(rpm: StoredRpm, files: number, urlsOf: UrlsOf): BuildAnswer['rpms'][number] {
  return { rpm: rpmFactsOf(rpm), ...entryOf(rpm, files, urlsOf) };
}

export function archiveEntry(
  archive: StoredArchive,
  files: number,
  urlsOf: UrlsOf,
): BuildAnswer['archives'][number] {
  return { archive: archiveFactsOf(archive), ...entryOf(archive, files, urlsOf) };
}

export function namedRpmEntry(
  rpm: StoredRpm,
  files: number,
  urlsOf: UrlsOf,
  koji: UrlParts['koji'],
): RpmAnswer['rpms'][number] {
  const build =
    rpm.build === null ? null : buildFactsOf(rpm.build, koji.get(rpm.build.instance), rpm.superseded);
  return { build, ...rpmEntry(rpm, files, urlsOf) };
}

export function jobFactsOf(job: Job | null): BuildAnswer['job'] {
  return job === null ? null : { state: job.state, error: job.lastError };
}
