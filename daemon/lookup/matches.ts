import type { Match, NamedMatch, RpmMatch } from '../../shared/api.ts';
import type { IndexStore, StoredArchive, StoredMatch, StoredRpm } from '../store/types.ts';
import { formatNvra } from '../../shared/nvr.ts';
import { archiveFactsOf, buildFactsOf, rpmFactsOf } from './facts.ts';
import { siblingsOf } from './siblings.ts';
import type { Extras } from './types.ts';
import { type Holder, type UrlParts, type UrlsOf, locate } from './urls.ts';

export interface MatchParts extends UrlParts {
  readonly index: Pick<IndexStore, 'findSiblings'>;
}

export const NO_EXTRAS: Extras = { siblings: false, verify: false };

/** The siblings of builds, by "INSTANCE/KOJI BUILD ID". */
type SiblingRpms = ReadonlyMap<string, readonly StoredRpm[]>;

/** Rows of the index in the words of the API. What they need beside themselves is read once for all of them. */
export async function prepareMatches(
  stored: readonly StoredMatch[],
  parts: MatchParts,
  extras: Extras,
): Promise<(match: StoredMatch) => Match> {
  const siblings = extras.siblings ? await readSiblings(stored, parts) : null;
  const urlsOf = await locate(holdersOf(stored, siblings), parts, extras.verify);
  return (match) => matchOf(match, parts, urlsOf, siblings);
}

export function named(match: Match, { file }: StoredMatch): NamedMatch {
  return { build_id: file.buildId, ...match };
}

/**
 * A build that was reset and imported again has the same RPMs and archives under new ids of Koji's. What the
 * current ones hold as well is said once; what only the old ones held stays, as superseded.
 */
export function withoutReplaced<T extends StoredMatch>(matches: readonly T[]): readonly T[] {
  if (!matches.some(isSuperseded)) return matches;
  const current = new Set(matches.filter((each) => !isSuperseded(each)).map(keyOf));
  return matches.filter((each) => !isSuperseded(each) || !current.has(keyOf(each)));
}

function isSuperseded(match: StoredMatch): boolean {
  return holderOf(match).superseded;
}

/** A match as far as it outlives Koji's ids. */
function keyOf({ file, rpm, archive }: StoredMatch): string {
  const build = rpm === undefined ? archive.build : rpm.build;
  const name = rpm === undefined ? archive.filename : formatNvra(rpm);
  return [build?.instance, build?.kojiBuildId, name, file.buildId, file.path].join('\0');
}

export function holderOf({ rpm, archive }: StoredMatch): StoredRpm | StoredArchive {
  return rpm === undefined ? archive : rpm;
}

function holdersOf(stored: readonly StoredMatch[], siblings: SiblingRpms | null): Holder[] {
  const holders = stored.map(holderOf);
  return siblings === null ? holders : [...holders, ...[...siblings.values()].flat()];
}

async function readSiblings(stored: readonly StoredMatch[], { index }: MatchParts): Promise<SiblingRpms> {
  const builds = new Map(
    stored.flatMap(({ rpm }) =>
      rpm === undefined || rpm.build === null ? [] : [[buildKey(rpm.build), rpm.build]],
    ),
  );
  return index.findSiblings([...builds.values()]);
}

function buildKey({ instance, kojiBuildId }: { instance: string; kojiBuildId: number }): string {
  return `${instance}/${kojiBuildId}`;
}

function matchOf(
  { file, rpm, archive }: StoredMatch,
  { koji }: MatchParts,
  urlsOf: UrlsOf,
  siblings: SiblingRpms | null,
): Match {
  const { path, kind } = file;
  if (rpm === undefined) {
    const build = buildFactsOf(archive.build, koji.get(archive.build.instance), archive.superseded);
    return { path, kind, archive: archiveFactsOf(archive), build, urls: urlsOf(archive) };
  }
  const build =
    rpm.build === null ? null : buildFactsOf(rpm.build, koji.get(rpm.build.instance), rpm.superseded);
  const match: RpmMatch = { path, kind, rpm: rpmFactsOf(rpm), build, urls: urlsOf(rpm) };
  if (siblings === null) return match;
  const ofBuild = rpm.build === null ? [] : (siblings.get(buildKey(rpm.build)) ?? []);
  return { ...match, siblings: siblingsOf(rpm, ofBuild, urlsOf) };
}
