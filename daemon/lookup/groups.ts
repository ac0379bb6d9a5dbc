import type { Group, Match, MatchBuild } from '../../shared/api.ts';
import { distTag, parseNvr } from '../../shared/nvr.ts';
import { compareText } from '../store/rank.ts';

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
  /** Whether Koji has a signed copy of what it holds. */
  readonly signed: boolean;
}

/**
 * The set of builds that explains most of these build-ids, as one core was made by one set of packages: of each
 * package one build at most. The build that explains most is chosen first, then the one that explains most of the
 * rest, and so on; among equals one of the distribution that most of the ids can only be from, then the one that
 * is best by the rules for matches. What an image holds counts only where no RPM has it.
 */
export function groupOf(results: ReadonlyMap<string, readonly Match[]>): Group {
  const candidates = candidatesOf(results);
  const chosen = choose(candidates, holdersOf(candidates));
  const explained = new Set(chosen.flatMap(({ all }) => all));
  return {
    builds: chosen.map(({ build, all }) => ({ build, build_ids: [...all] })),
    explained: explained.size,
    unexplained: [...results.keys()].filter((asked) => !explained.has(asked)),
  };
}

/** Who has what was asked for. */
type Holders = ReadonlyMap<string, readonly Candidate[]>;

/** Since what is left of a candidate only becomes less, whoever has most is met in one walk down. */
function choose(candidates: readonly Candidate[], holders: Holders): Candidate[] {
  const weights = distWeights(holders);
  const byLeft: Candidate[][] = [];
  const put = (candidate: Candidate): void => {
    (byLeft[candidate.left] ??= []).push(candidate);
  };
  candidates.forEach(put);
  const chosen = new Map<string, Candidate>();
  const explained = new Set<string>();
  for (let left = byLeft.length - 1; left > 0; left--) {
    for (const candidate of (byLeft[left] ?? []).sort((a, b) => compare(a, b, weights))) {
      if (chosen.has(candidate.name)) continue;
      if (candidate.left < left) {
        put(candidate);
        continue;
      }
      chosen.set(candidate.name, candidate);
      for (const asked of candidate.all) {
        if (explained.has(asked)) continue;
        explained.add(asked);
        for (const holder of holders.get(asked) ?? []) holder.left--;
      }
    }
  }
  return [...chosen.values()];
}

function holdersOf(candidates: readonly Candidate[]): Holders {
  const holders = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const asked of candidate.all) {
      const known = holders.get(asked);
      if (known === undefined) holders.set(asked, [candidate]);
      else known.push(candidate);
    }
  }
  return holders;
}

function candidatesOf(results: ReadonlyMap<string, readonly Match[]>): Candidate[] {
  const found = new Map<string, { build: MatchBuild; all: Set<string>; rank: number; signed: boolean }>();
  for (const [asked, matches] of results) {
    const inRpms = matches.filter(({ rpm }) => rpm !== undefined);
    const counted = inRpms.length > 0 ? inRpms : matches;
    for (const [rank, { build, urls }] of counted.entries()) {
      if (build === null) continue;
      const key = `${build.instance}/${build.koji_build_id}`;
      const signed = urls.some(({ kind }) => kind === 'koji-signed');
      const known = found.get(key);
      if (known === undefined) found.set(key, { build, all: new Set([asked]), rank, signed });
      else {
        known.all.add(asked);
        known.rank = Math.min(known.rank, rank);
        known.signed ||= signed;
      }
    }
  }
  return [...found.values()].map(({ build, all, ...rest }) => {
    const nvr = parseNvr(build.nvr);
    const name = nvr?.name ?? build.nvr;
    return { build, name, dist: distTag(nvr?.release ?? ''), all: [...all], left: all.size, ...rest };
  });
}

/** By distribution, the ids that only its builds hold. */
function distWeights(holders: Holders): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const candidates of holders.values()) {
    const [dist, ...others] = new Set(candidates.map((each) => each.dist));
    if (dist !== undefined && others.length === 0) weights.set(dist, (weights.get(dist) ?? 0) + 1);
  }
  return weights;
}

/** Of those that explain alike many. */
function compare(a: Candidate, b: Candidate, weights: ReadonlyMap<string, number>): number {
  return (weights.get(b.dist) ?? 0) - (weights.get(a.dist) ?? 0) || a.rank - b.rank || compareUnranked(a, b);
}

/** Builds without an id in common were never ranked against one another: the rules for matches do it here, times as text. */
function compareUnranked(a: Candidate, b: Candidate): number {
  return (
    Number(a.build.state !== 'complete') - Number(b.build.state !== 'complete') ||
    Number(b.signed) - Number(a.signed) ||
    Number(a.build.draft) - Number(b.build.draft) ||
    compareText(b.build.completed_at ?? '', a.build.completed_at ?? '')
  );
}
