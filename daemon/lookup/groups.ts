import type { Group, Match, MatchBuild } from '../../shared/api.ts';
import { distTag, parseNvr } from '../../shared/nvr.ts';

/** A build, and which of the build-ids asked for are in it. */
interface Candidate {
  readonly build: MatchBuild;
  readonly name: string;
  readonly dist: string;
  readonly all: readonly string[];
  /** Those that no build which was chosen before holds. */
  left: number;
  /** The best place that it takes among the matches of an id: 0 where it is the first. */
  readonly rank: number;
}

/**
 * The set of builds that explains most of these build-ids, as one core was made by one set of packages: of each
 * package one build at most. The build that explains most is chosen first, then the one that explains most of the
 * rest, and so on; among equals one of the distribution that most of the ids can only be from, then the one that
 * is best by the rules for matches. What an image holds counts only where no RPM has it.
 */
export function groupOf(results: ReadonlyMap<string, readonly Match[]>): Group {
  const candidates = candidatesOf(results);
  const holders = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const asked of candidate.all) holders.set(asked, [...(holders.get(asked) ?? []), candidate]);
  }
  const weights = distWeights(holders);
  const explained = new Set<string>();
  const builds: Group['builds'] = [];
  let open = candidates;
  for (let best = bestOf(open, weights); best !== null; best = bestOf(open, weights)) {
    const chosen = best;
    builds.push({ build: chosen.build, build_ids: [...chosen.all] });
    for (const asked of chosen.all) {
      if (explained.has(asked)) continue;
      explained.add(asked);
      for (const holder of holders.get(asked) ?? []) holder.left--;
    }
    open = open.filter(({ name, left }) => name !== chosen.name && left > 0);
  }
  const unexplained = [...results.keys()].filter((asked) => !explained.has(asked));
  return { builds, explained: explained.size, unexplained };
}

function candidatesOf(results: ReadonlyMap<string, readonly Match[]>): Candidate[] {
  const found = new Map<string, { build: MatchBuild; all: Set<string>; rank: number }>();
  for (const [asked, matches] of results) {
    const inRpms = matches.filter(({ rpm }) => rpm !== undefined);
    const counted = inRpms.length > 0 ? inRpms : matches;
    for (const [rank, { build }] of counted.entries()) {
      if (build === null) continue;
      const key = `${build.instance}/${build.koji_build_id}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { build, all: new Set([asked]), rank });
      else {
        known.all.add(asked);
        known.rank = Math.min(known.rank, rank);
      }
    }
  }
  return [...found.values()].map(({ build, all, rank }) => {
    const nvr = parseNvr(build.nvr);
    const name = nvr?.name ?? build.nvr;
    return { build, name, dist: distTag(nvr?.release ?? ''), all: [...all], left: all.size, rank };
  });
}

/** By distribution, the ids that only its builds hold. */
function distWeights(holders: ReadonlyMap<string, readonly Candidate[]>): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const candidates of holders.values()) {
    const [dist, ...others] = new Set(candidates.map((each) => each.dist));
    if (dist !== undefined && others.length === 0) weights.set(dist, (weights.get(dist) ?? 0) + 1);
  }
  return weights;
}

function bestOf(open: readonly Candidate[], weights: ReadonlyMap<string, number>): Candidate | null {
  let best: Candidate | null = null;
  for (const candidate of open) {
    if (best === null || isBetter(candidate, best, weights)) best = candidate;
  }
  return best;
}

function isBetter(a: Candidate, b: Candidate, weights: ReadonlyMap<string, number>): boolean {
  const byDist = (weights.get(a.dist) ?? 0) - (weights.get(b.dist) ?? 0);
  return (a.left - b.left || byDist || b.rank - a.rank) > 0;
}
