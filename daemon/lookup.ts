import { pathToFileURL } from 'node:url';
import type {
  ArchiveMatch,
  BatchAnswer,
  Match,
  MatchBuild,
  MatchUrl,
  RpmMatch,
  StatusAnswer,
  UpstreamRow,
} from '../shared/api.ts';
import type { BuildId } from '../shared/build-id.ts';
import { type Nvra, distTag, formatNvr, formatNvra } from '../shared/nvr.ts';
import type { KojiConfig } from './config/types.ts';
import type { SweepFacts } from './store/reconciliation-types.ts';
import { archivePath, buildWebUrl, publishedUrl, rpmPath } from './koji/paths.ts';
import type {
  Store,
  StoredArchive,
  StoredArchiveMatch,
  StoredBuild,
  StoredMatch,
  StoredRpm,
  StoredRpmMatch,
} from './store/types.ts';

/** What can be asked of the index, in the words of the API. The store is behind it, and Koji's paths. */
export interface Lookup {
  /** Matches best first, [] if none. */
  byBuildId(buildId: BuildId): Promise<Match[]>;
  byBuildIds(buildIds: readonly BuildId[]): Promise<BatchAnswer>;
  /** Build-ids that begin with these 8 or more hex digits, ascending. */
  byPrefix(prefix: string, limit: number): Promise<BuildId[]>;
  /** Everything with a build-id in the RPMs with this NVRA. */
  byNvra(nvra: Nvra): Promise<RpmMatch[]>;
  /** Upstream's rows for these build-ids. */
  upstreamRows(buildIds: readonly BuildId[]): Promise<UpstreamRow[]>;
  /** Upstream's rows for everything with a build-id in the RPMs with this NVRA. */
  upstreamRowsByNvra(nvra: Nvra): Promise<UpstreamRow[]>;
  /** The best download address of an RPM, null if it is unknown or nowhere to be had. */
  packageUrl(nvra: Nvra): Promise<string | null>;
  status(): Promise<StatusAnswer>;
}

export interface LookupOptions {
  readonly store: Pick<Store, 'index' | 'jobs' | 'instanceFacts'>;
  /** The configured Kojis. The index may know others that were configured once: they have no URLs. */
  readonly koji: readonly Pick<KojiConfig, 'name' | 'topurl' | 'web' | 'reconcileInterval'>[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A reconciliation is overdue when the last that succeeded is this many intervals ago: one has failed. */
const OVERDUE = 2;

/** A Lookup over the store. URLs are made when asked for: builds move between volumes and are promoted. */
export function createLookup({ store, koji, now }: LookupOptions): Lookup {
  const { index, jobs } = store;
  const kojiByName = new Map(koji.map((each) => [each.name, each]));

  function urlsOf(rpm: StoredRpm): MatchUrl[] {
    if (rpm.localPath !== null) return [{ kind: 'file', url: pathToFileURL(rpm.localPath).href }];
    return rpm.build === null ? [] : kojiUrls(rpm.build, rpm.superseded, rpmPath(rpm.build, rpm));
  }

  const archiveUrlsOf = (archive: StoredArchive): MatchUrl[] =>
    kojiUrls(archive.build, archive.superseded, archivePath(archive.build, archive));

  function kojiUrls(build: StoredBuild, superseded: boolean, path: string): MatchUrl[] {
    // Koji removes a deleted build's files, and those of an RPM that it no longer lists.
    if (build.state !== 'complete' || superseded) return [];
    const topurl = kojiByName.get(build.instance)?.topurl;
    return topurl === undefined ? [] : [{ kind: 'koji', url: publishedUrl(topurl, path) }];
  }

  function matchBuildOf(build: StoredBuild, superseded: boolean): MatchBuild {
    const web = kojiByName.get(build.instance)?.web ?? null;
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

  const matchOf = (match: StoredMatch): Match =>
    match.rpm === undefined ? archiveMatchOf(match) : rpmMatchOf(match);

  const archiveMatchOf = ({ file, archive }: StoredArchiveMatch): ArchiveMatch => ({
    path: file.path,
    kind: file.kind,
    archive: {
      filename: archive.filename,
      type: archive.type,
      btype: archive.btype,
      arch: archive.arch,
      koji_archive_id: archive.kojiArchiveId,
      size: archive.size,
      checksum: archive.checksum,
      checksum_type: archive.checksumType,
    },
    build: matchBuildOf(archive.build, archive.superseded),
    urls: archiveUrlsOf(archive),
  });

  const rpmMatchOf = ({ file, rpm }: StoredRpmMatch): RpmMatch => ({
    path: file.path,
    kind: file.kind,
    rpm: {
      nvra: formatNvra(rpm),
      name: rpm.name,
      epoch: rpm.epoch,
      version: rpm.version,
      release: rpm.release,
      arch: rpm.arch,
      koji_rpm_id: rpm.kojiRpmId,
      size: rpm.size,
      payload_hash: rpm.payloadHash,
    },
    build: rpm.build === null ? null : matchBuildOf(rpm.build, rpm.superseded),
    urls: urlsOf(rpm),
  });

  /**
   * What holds the file goes under "rpm" whatever it is: upstream's clients show these texts and ask no more of
   * them, and the URL of an archive leads as far as an RPM's. RPMs go first, for clients that take one row.
   */
  const upstreamRowOf = ({ file, rpm, archive }: StoredMatch): UpstreamRow => ({
    buildid: file.buildId,
    elf: file.path,
    rpm: rpm === undefined ? archive.filename : formatNvra(rpm),
    distro: distTag(rpm === undefined ? archive.build.release : rpm.release),
    url: (rpm === undefined ? archiveUrlsOf(archive) : urlsOf(rpm))[0]?.url ?? '',
  });

  return {
    byBuildId: async (buildId) => {
      const found = await index.findByBuildIds([buildId]);
      return withoutReplaced(found.get(buildId) ?? []).map(matchOf);
    },

    byBuildIds: async (buildIds) => {
      const found = await index.findByBuildIds(buildIds);
      const results: BatchAnswer['results'] = {};
      for (const buildId of buildIds) {
        const matches = found.get(buildId);
        // Which ids a queued or failed build holds is not known before it is read: no other reason is true.
        results[buildId] =
          matches === undefined
            ? { matches: [], reason: 'unknown' }
            : { matches: withoutReplaced(matches).map(matchOf) };
      }
      return { results };
    },

    byPrefix: (prefix, limit) => index.findBuildIdsByPrefix(prefix, limit),

    byNvra: async (nvra) => withoutReplaced(await index.findByNvra(nvra)).map(rpmMatchOf),

    upstreamRows: async (buildIds) => {
      const found = await index.findByBuildIds(buildIds);
      return buildIds.flatMap((buildId) => withoutReplaced(found.get(buildId) ?? [])).map(upstreamRowOf);
    },

    upstreamRowsByNvra: async (nvra) => withoutReplaced(await index.findByNvra(nvra)).map(upstreamRowOf),

    packageUrl: async (nvra) => {
      const urls = (await index.findRpms(nvra)).flatMap(urlsOf);
      return urls[0]?.url ?? null;
    },

    status: async () => {
      const counts = await index.counts();
      return {
        builds: counts.builds,
        rpms: counts.rpms,
        files: counts.files,
        build_ids: counts.buildIds,
        database_bytes: counts.databaseBytes,
        queue: await jobs.countByState(),
        koji: Object.fromEntries(
          await Promise.all(koji.map(async (each) => [each.name, await statusOf(each)] as const)),
        ),
      };
    },
  };

  async function statusOf(
    known: Pick<KojiConfig, 'name' | 'reconcileInterval'>,
  ): Promise<StatusAnswer['koji'][string]> {
    const waitsSince = (await jobs.oldestWaiting(known.name)) ?? Infinity;
    const { lastPush, lastReconciled, sweep } = await store.instanceFacts(known.name);
    const isOverdue = lastReconciled !== null && now() - lastReconciled > OVERDUE * known.reconcileInterval;
    const behindSince = Math.min(waitsSince, isOverdue ? lastReconciled : Infinity);
    return {
      // A clock that was set back must not make this negative; neither does nothing that waits.
      lag_seconds: Math.max(0, (now() - behindSince) / 1000),
      last_push: lastPush === null ? null : isoTime(lastPush),
      last_reconciled: lastReconciled === null ? null : isoTime(lastReconciled),
      sweep: {
        progress: progressOf(sweep),
        last_ended: sweep.ended === null ? null : isoTime(sweep.ended),
        found: sweep.found,
      },
    };
  }
}

/**
 * A build that was reset and imported again has the same RPMs and archives under new ids of Koji's. What the
 * current ones hold as well is said once; what only the old ones held stays, as superseded.
 */
function withoutReplaced<T extends StoredMatch>(matches: readonly T[]): T[] {
  if (!matches.some(isSuperseded)) return [...matches];
  const current = new Set(matches.filter((each) => !isSuperseded(each)).map(keyOf));
  return matches.filter((each) => !isSuperseded(each) || !current.has(keyOf(each)));
}

function isSuperseded({ rpm, archive }: StoredMatch): boolean {
  return rpm === undefined ? archive.superseded : rpm.superseded;
}

/** A match as far as it outlives Koji's ids. */
function keyOf({ file, rpm, archive }: StoredMatch): string {
  const build = rpm === undefined ? archive.build : rpm.build;
  const name = rpm === undefined ? archive.filename : formatNvra(rpm);
  return [build?.instance, build?.kojiBuildId, name, file.buildId, file.path].join('\0');
}

/** By ids, which are given out one after another and compared from the newest down. */
function progressOf({ from, at }: SweepFacts): number | null {
  return from === null || at === null ? null : (from - at) / from;
}

/** Null for what is no time at all: content generators write their own into Koji. */
function isoTime(milliseconds: number): string | null {
  const time = new Date(milliseconds);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
