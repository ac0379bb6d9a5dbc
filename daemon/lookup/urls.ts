import { pathToFileURL } from 'node:url';
import type { MatchUrl } from '../../shared/api.ts';
import type { KojiConfig } from '../config/types.ts';
import { archivePath, publishedUrl, rpmPath, signedRpmPath } from '../koji/paths.ts';
import type { MirrorCopy, RepositoryStore } from '../store/repository-types.ts';
import type { StoredArchive, StoredRpm } from '../store/types.ts';
import { isoTime } from './iso-time.ts';
import { retraceUrl } from './retrace.ts';
import { MAX_CHECKED, type UrlChecks, isAskable } from './url-checks.ts';

export type Holder = StoredRpm | StoredArchive;

/** Where a holder is to be had, best first; [] for nowhere. For those that were asked for alone. */
export type UrlsOf = (holder: Holder) => MatchUrl[];

export type UrlKoji = Pick<KojiConfig, 'name' | 'topurl' | 'web' | 'retrace' | 'repositories'>;

export interface UrlParts {
  /** By name. The index may know others that were configured once: they have no URLs. */
  readonly koji: ReadonlyMap<string, UrlKoji>;
  readonly repositories: Pick<RepositoryStore, 'copiesOf'>;
  readonly checks: UrlChecks;
}

/**
 * Where files are to be had: mirrors, Koji's signed copy, Koji, a retrace server. Made when asked for, since builds
 * move between volumes and are promoted, and mirrors drop packages. With `verify` the servers are asked, and URLs
 * that do not work are left out.
 */
export async function locate(
  holders: readonly Holder[],
  { koji, repositories, checks }: UrlParts,
  verify: boolean,
): Promise<UrlsOf> {
  const mirrored = new Set<StoredRpm>();
  for (const holder of holders) if (isMirrored(holder, koji)) mirrored.add(holder);
  const copies = mirrored.size === 0 ? NO_COPIES : await repositories.copiesOf([...mirrored]);
  const urlsOf: UrlsOf = (holder) => allUrls(holder, koji, copies);
  if (!verify) return urlsOf;
  const listed = new Map<Holder, MatchUrl[]>();
  let askable = 0;
  for (const holder of holders) {
    // The URLs of a batch with siblings, of which no more are checked, take a second.
    if (askable >= MAX_CHECKED) break;
    if (listed.has(holder)) continue;
    const urls = urlsOf(holder);
    listed.set(holder, urls);
    askable += urls.filter(isAskable).length;
  }
  const checked = await checks.check([...listed.values()].flat());
  return (holder) => listed.get(holder)?.flatMap((url) => checked.get(url) ?? []) ?? urlsOf(holder);
}

const NO_COPIES: ReadonlyMap<StoredRpm, MirrorCopy[]> = new Map();

/** Mirrors have what Koji once listed, deleted or not; an archive is in no repository, a draft in none yet. */
function isMirrored(holder: Holder, koji: UrlParts['koji']): holder is StoredRpm {
  if (holder.build === null || 'kojiArchiveId' in holder || holder.build.draft) return false;
  return (koji.get(holder.build.instance)?.repositories.length ?? 0) > 0;
}

function allUrls(
  holder: Holder,
  kojis: UrlParts['koji'],
  copies: ReadonlyMap<StoredRpm, readonly MirrorCopy[]>,
): MatchUrl[] {
  if ('kojiArchiveId' in holder) return kojiUrl(holder, kojis, archivePath(holder.build, holder));
  if (holder.localPath !== null) return [localUrl(holder, holder.localPath)];
  if (holder.build === null) return [];
  const mirrors = (copies.get(holder) ?? []).map(mirrorUrl);
  return [
    ...mirrors,
    ...signedUrls(holder, kojis),
    ...kojiUrl(holder, kojis, rpmPath(holder.build, holder)),
    ...retraceUrls(holder, kojis),
  ];
}

function localUrl({ size }: StoredRpm, path: string): MatchUrl {
  return { kind: 'file', url: pathToFileURL(path).href, size, last_seen: null };
}

function mirrorUrl({ repository, url, size, lastSeen }: MirrorCopy): MatchUrl {
  return { kind: 'mirror', url, repository, size, last_seen: isoTime(lastSeen) };
}

/** Koji removes a deleted build's files, and those of an RPM or archive that it no longer lists. */
function isKept({ build, superseded }: Holder): boolean {
  return build?.state === 'complete' && !superseded;
}

/** False where Koji lists a file that could not be had when it was to be read. */
function wasMet({ error }: Holder): boolean {
  return error?.code !== 'missing_file' && error?.code !== 'network';
}

function kojiUrl(holder: Holder, kojis: UrlParts['koji'], path: string): MatchUrl[] {
  if (holder.build === null || !isKept(holder)) return [];
  const topurl = kojis.get(holder.build.instance)?.topurl;
  if (topurl === undefined) return [];
  const { size, build } = holder;
  const lastSeen = wasMet(holder) ? isoTime(build.indexedAt) : null;
  return [{ kind: 'koji', url: publishedUrl(topurl, path), size, last_seen: lastSeen }];
}

function signedUrls(rpm: StoredRpm, kojis: UrlParts['koji']): MatchUrl[] {
  const { build, signedCopies } = rpm;
  if (build === null || signedCopies.length === 0 || !isKept(rpm)) return [];
  const koji = kojis.get(build.instance);
  if (koji === undefined) return [];
  return signedCopies.map(({ sigkey, size, seenAt }) => ({
    kind: 'koji-signed',
    url: publishedUrl(koji.topurl, signedRpmPath(build, rpm, sigkey)),
    sigkey,
    size,
    last_seen: isoTime(seenAt),
  }));
}

/** The last resort: nobody knows what it has, and it may have what Koji has deleted. */
function retraceUrls(rpm: StoredRpm, kojis: UrlParts['koji']): MatchUrl[] {
  const template = rpm.build === null ? null : (kojis.get(rpm.build.instance)?.retrace ?? null);
  const url = template === null ? null : retraceUrl(template, rpm);
  return url === null ? [] : [{ kind: 'retrace', url, size: null, last_seen: null }];
}
