import { formatNvra } from '../../shared/nvr.ts';
import type { KojiConfig } from '../config/types.ts';
import type { Store } from '../store/types.ts';
import { createBatchLookup } from './batches.ts';
import { createBuildLookups } from './builds.ts';
import { isBuildId, isKey, isRpmFilesPlace, readCursor, writeCursor } from './cursors.ts';
import { createOrder } from './large-questions.ts';
import { type MatchParts, NO_EXTRAS, named, prepareMatches, withoutReplaced } from './matches.ts';
import { notFound, whyNoBuildId, whyNoRpm } from './not-found.ts';
import { namedRpmEntry } from './content.ts';
import { resolveAll } from './resolve.ts';
import { statusOf } from './status.ts';
import type { Lookup } from './types.ts';
import { upstreamRows } from './upstream.ts';
import type { UrlChecks } from './url-checks.ts';
import { type UrlKoji, locate } from './urls.ts';

export interface LookupOptions {
  readonly store: Pick<Store, 'index' | 'jobs' | 'instanceFacts' | 'repositories'>;
  /** The configured Kojis. */
  readonly koji: readonly (UrlKoji & Pick<KojiConfig, 'reconcileInterval'>)[];
  readonly checks: UrlChecks;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A Lookup over the store. */
export function createLookup({ store, koji, checks, now }: LookupOptions): Lookup {
  const { index, repositories } = store;
  const kojiByName = new Map(koji.map((each) => [each.name, each]));
  const inOrder = createOrder();
  const parts: MatchParts = { koji: kojiByName, repositories, checks, index };

  return {
    ...createBuildLookups(store, parts),

    byBuildId: async (asked, extras = NO_EXTRAS, hint = { build: null, rpm: null }) => {
      const resolved = (await resolveAll([asked], index)).get(asked.asked);
      if (resolved === undefined) return whyNoBuildId(asked.asked, hint, store);
      const matchOf = await prepareMatches(resolved.stored, parts, extras);
      const matches = resolved.stored.map(matchOf);
      const { buildId, form } = resolved;
      return form === undefined ? { build_id: buildId, matches } : { build_id: buildId, form, matches };
    },

    byBuildIds: createBatchLookup(index, parts, inOrder),

    byPrefix: async (prefix, { limit, cursor }) => {
      const after = readCursor(cursor, isBuildId);
      // One more than asked for tells whether there are more.
      const buildIds = await index.findBuildIdsByPrefix(prefix, limit + 1, after ?? undefined);
      const page = buildIds.slice(0, limit);
      return {
        build_ids: page,
        next_cursor: buildIds.length > limit ? writeCursor(page.at(-1) ?? null) : null,
      };
    },

    byNvra: async (nvra, { limit, cursor }, extras = NO_EXTRAS) => {
      const rpms = await index.findRpmSummaries(nvra);
      if (rpms.length === 0) {
        return (await whyNoRpm(nvra, store)) ?? notFound('unknown', `no RPM ${formatNvra(nvra)} is known`);
      }
      const after = readCursor(cursor, isRpmFilesPlace);
      const { matches: stored, next } = await index.findFilesOfRpms(nvra, { after, limit });
      const kept = withoutReplaced(stored);
      const matchOf = await prepareMatches(kept, parts, extras);
      const urlsOf = await locate(
        rpms.map(({ rpm }) => rpm),
        parts,
        extras.verify,
      );
      return {
        rpms: rpms.map(({ rpm, files }) => namedRpmEntry(rpm, files, urlsOf, kojiByName)),
        matches: kept.map((each) => named(matchOf(each), each)),
        next_cursor: writeCursor(next),
      };
    },

    byPath: (path, { limit, cursor }, extras = NO_EXTRAS) =>
      inOrder({ members: extras.siblings ? limit : 0, verify: extras.verify }, async () => {
        const after = readCursor(cursor, isKey);
        const { matches: stored, next } = await index.findByPath(path, { after, limit });
        if (stored.length === 0 && after === null && next === null) {
          return notFound('unknown', `no indexed package has a file with a build-id at ${path}`);
        }
        const kept = withoutReplaced(stored);
        const matchOf = await prepareMatches(kept, parts, extras);
        return {
          path,
          matches: kept.map((each) => named(matchOf(each), each)),
          next_cursor: writeCursor(next),
        };
      }),

    newest: async () => {
      const stored = await index.findNewestFile();
      if (stored === null) return null;
      const matchOf = await prepareMatches([stored], parts, NO_EXTRAS);
      return named(matchOf(stored), stored);
    },

    upstreamRows: async (buildIds) => {
      const found = await index.findByBuildIds(buildIds);
      return upstreamRows(
        buildIds.flatMap((buildId) => withoutReplaced(found.get(buildId) ?? [])),
        parts,
      );
    },

    upstreamRowsByNvra: async (nvra) => upstreamRows(withoutReplaced(await index.findByNvra(nvra)), parts),

    packageUrl: async (nvra) => {
      const rpms = await index.findRpms(nvra);
      const urlsOf = await locate(rpms, parts, false);
      return rpms.flatMap(urlsOf)[0]?.url ?? null;
    },

    status: () => statusOf({ store, koji, now }),
  };
}
