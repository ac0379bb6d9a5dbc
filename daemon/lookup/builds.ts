import type { BuildAnswer } from '../../shared/api.ts';
import { formatNvr } from '../../shared/nvr.ts';
import type { Store, StoredBuild } from '../store/types.ts';
import { archiveEntry, jobFactsOf, locatedRpmOf, rpmEntry } from './content.ts';
import { isKey, isBuildPlace, readCursor, writeCursor } from './cursors.ts';
import { buildFactsOf } from './facts.ts';
import { isoTime } from './iso-time.ts';
import { type MatchParts, NO_EXTRAS } from './matches.ts';
import { notFound, whyNoBuild } from './not-found.ts';
import type { Extras, Lookup, PageRequest } from './types.ts';
import { locate } from './urls.ts';

/** What is asked of builds and packages. */
export function createBuildLookups(
  store: Pick<Store, 'index' | 'jobs'>,
  parts: MatchParts,
): Pick<Lookup, 'build' | 'kojiBuild' | 'package'> {
  const { index, jobs } = store;

  const answer = async (
    build: StoredBuild,
    others: readonly StoredBuild[],
    { limit, cursor }: PageRequest,
    extras: Extras,
  ): Promise<BuildAnswer> => {
    const after = readCursor(cursor, isKey);
    const { instance, kojiBuildId } = build;
    const { holders, next } = await index.findHolders(instance, kojiBuildId, { after, limit });
    const urlsOf = await locate(
      holders.map(({ rpm, archive }) => (rpm === undefined ? archive : rpm)),
      parts,
      extras.verify,
    );
    return {
      build: buildFactsOf(build, parts.koji.get(instance)),
      indexed_at: isoTime(build.indexedAt) ?? '',
      job: jobFactsOf(await jobs.find(instance, kojiBuildId)),
      rpms: holders.flatMap(({ rpm, files }) => (rpm === undefined ? [] : rpmEntry(rpm, files, urlsOf))),
      archives: holders.flatMap(({ archive, files }) =>
        archive === undefined ? [] : archiveEntry(archive, files, urlsOf),
      ),
      next_cursor: writeCursor(next),
      others: others.map((other) => buildFactsOf(other, parts.koji.get(other.instance))),
    };
  };

  return {
    build: async (nvr, page, extras = NO_EXTRAS) => {
      const [build, ...others] = await index.findBuilds(nvr);
      if (build !== undefined) return answer(build, others, page, extras);
      const hint = 'one that waits to be read is known by its number alone';
      return notFound('unknown', `no build ${formatNvr(nvr)} is known; ${hint}`);
    },

    kojiBuild: async (instance, kojiBuildId, page, extras = NO_EXTRAS) => {
      const build = await index.getBuild(instance, kojiBuildId);
      if (build === null) return whyNoBuild(instance, kojiBuildId, store);
      const others = await index.findBuilds(build);
      return answer(
        build,
        others.filter((other) => other.instance !== instance || other.kojiBuildId !== kojiBuildId),
        page,
        extras,
      );
    },

    package: async (name, { limit, cursor }) => {
      const after = readCursor(cursor, isBuildPlace);
      const { builds, next } = await index.findBuildsOfPackage(name, { after, limit });
      const local = after === null ? await index.findLocalRpms(name, limit) : [];
      if (builds.length + local.length === 0 && after === null) {
        return notFound('unknown', `no build or RPM of the name ${name} is known`);
      }
      const urlsOf = await locate(local, parts, false);
      return {
        name,
        builds: builds.map(({ build, rpms }) => ({
          ...buildFactsOf(build, parts.koji.get(build.instance)),
          rpms,
        })),
        local_rpms: local.map((rpm) => locatedRpmOf(rpm, urlsOf)),
        next_cursor: writeCursor(next),
      };
    },
  };
}
