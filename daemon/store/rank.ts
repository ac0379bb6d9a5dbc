import type { StoredArchive, StoredBuild, StoredMatch, StoredRpm } from './types.ts';

type Holder = StoredRpm | StoredArchive;

/** What exists goes before what exists no more; a local RPM exists, but only here. */
function rankOfState({ build }: Holder): number {
  if (build === null) return 1;
  return build.state === 'complete' ? 0 : 2;
}

/** Of archives Koji has no signed copies. */
function isSigned(holder: Holder): boolean {
  return 'signedCopies' in holder && holder.signedCopies.length > 0;
}

/**
 * The rules of "best first" down to the build: complete before deleted, listed by Koji before superseded,
 * with a signed copy before unsigned, release before draft, then the newest.
 */
function compareBuilds(a: Holder, b: Holder): number {
  return (
    rankOfState(a) - rankOfState(b) ||
    Number(a.superseded) - Number(b.superseded) ||
    Number(isSigned(b)) - Number(isSigned(a)) ||
    Number(a.build?.draft ?? false) - Number(b.build?.draft ?? false) ||
    (b.build?.completedAt ?? 0) - (a.build?.completedAt ?? 0)
  );
}

/** Something to tell any two RPMs apart by, so that an answer has the same order every time. */
function compareIdentities(a: StoredRpm, b: StoredRpm): number {
  return (b.kojiRpmId ?? 0) - (a.kojiRpmId ?? 0) || compareText(a.localPath ?? '', b.localPath ?? '');
}

/** Builds of one NVR: complete before others, release before draft, the newest; then in the same order every time. */
export function compareBuildFacts(a: StoredBuild, b: StoredBuild): number {
  return (
    Number(a.state !== 'complete') - Number(b.state !== 'complete') ||
    Number(a.draft) - Number(b.draft) ||
    (b.completedAt ?? 0) - (a.completedAt ?? 0) ||
    compareText(a.instance, b.instance) ||
    b.kojiBuildId - a.kojiBuildId
  );
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareRpms(a: StoredRpm, b: StoredRpm): number {
  return compareBuilds(a, b) || compareIdentities(a, b);
}

/**
 * Files of one build-id. What an image holds was mostly installed from an RPM, which says more: RPMs go before
 * archives. Within a build what runs goes before what only a debugger reads.
 */
export function compareMatches(a: StoredMatch, b: StoredMatch): number {
  if (a.rpm !== undefined && b.rpm !== undefined) {
    return compareHeld(a, b, a.rpm, b.rpm) || compareIdentities(a.rpm, b.rpm) || comparePaths(a, b);
  }
  if (a.archive !== undefined && b.archive !== undefined) {
    const byId = b.archive.kojiArchiveId - a.archive.kojiArchiveId;
    return compareHeld(a, b, a.archive, b.archive) || byId || comparePaths(a, b);
  }
  return a.rpm !== undefined ? -1 : 1;
}

function compareHeld(a: StoredMatch, b: StoredMatch, holderOfA: Holder, holderOfB: Holder): number {
  return (
    compareBuilds(holderOfA, holderOfB) ||
    Number(a.file.kind === 'debuginfo') - Number(b.file.kind === 'debuginfo')
  );
}

function comparePaths(a: StoredMatch, b: StoredMatch): number {
  return compareText(a.file.path, b.file.path);
}
