import type { StoredMatch, StoredRpm } from './types.ts';

/** What exists goes before what exists no more; a local RPM exists, but only here. */
function rankOfState(rpm: StoredRpm): number {
  if (rpm.build === null) return 1;
  return rpm.build.state === 'complete' ? 0 : 2;
}

/**
 * The rules of "best first" down to the build: complete before deleted, listed by Koji before superseded,
 * release before draft, then the newest.
 */
function compareBuilds(a: StoredRpm, b: StoredRpm): number {
  return (
    rankOfState(a) - rankOfState(b) ||
    Number(a.superseded) - Number(b.superseded) ||
    Number(a.build?.draft ?? false) - Number(b.build?.draft ?? false) ||
    (b.build?.completedAt ?? 0) - (a.build?.completedAt ?? 0)
  );
}

/** Something to tell any two RPMs apart by, so that an answer has the same order every time. */
function compareIdentities(a: StoredRpm, b: StoredRpm): number {
  return (b.kojiRpmId ?? 0) - (a.kojiRpmId ?? 0) || compareText(a.localPath ?? '', b.localPath ?? '');
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareRpms(a: StoredRpm, b: StoredRpm): number {
  return compareBuilds(a, b) || compareIdentities(a, b);
}

/** Files of one build-id: within a build what runs goes before what only a debugger reads. */
export function compareMatches(a: StoredMatch, b: StoredMatch): number {
  return (
    compareBuilds(a.rpm, b.rpm) ||
    Number(a.file.kind === 'debuginfo') - Number(b.file.kind === 'debuginfo') ||
    compareIdentities(a.rpm, b.rpm) ||
    compareText(a.file.path, b.file.path)
  );
}
