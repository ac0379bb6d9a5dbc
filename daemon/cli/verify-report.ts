import { formatNvra } from '../../shared/nvr.ts';
import { STORED_EVIDENCE } from '../store/types.ts';
import { formatBytes, formatTable } from './output.ts';
import type { EvidenceTally, ShownDisagreement, Verification } from './verification.ts';
import { PROBLEMS, type Problem } from './verify-compare.ts';

/** Disagreements that a person may want to read; --json has more. */
const MOST_LINES = 200;

/** What is wrong, as the column headings and the lines have it. */
const WORDS: Record<Problem, string> = {
  missing: 'missing',
  wrong_build_id: 'wrong build-id',
  wrong_kind: 'wrong kind',
  not_in_payload: 'not in payload',
};

/** For people: totals, the rows by evidence, and the first disagreements. */
export function reportOf(verification: Verification): string {
  const { rpms, bytesRead, disagreements, disagreementCount } = verification;
  const others: [count: number, what: string][] = [
    [rpms.changed, 'changed since they were indexed'],
    [rpms.unreadable, 'unreadable'],
    [rpms.unreached, 'not reached'],
    [rpms.gone, 'gone'],
    [rpms.passed_over, 'passed over'],
  ];
  const parts = [
    `${rpms.agree + rpms.disagree} RPMs verified: ${rpms.agree} agree, ${rpms.disagree} disagree`,
    ...others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
    `${formatBytes(bytesRead)} read`,
  ];
  const blocks = [parts.join('; ')];
  const tallies = sorted(verification.tallies);
  if (tallies.length > 0) blocks.push(tallyTable(tallies));
  if (disagreements.length > 0) {
    blocks.push(disagreementTable(disagreements.slice(0, MOST_LINES)));
    const more = disagreementCount - Math.min(disagreements.length, MOST_LINES);
    if (more > 0) blocks.push(`and ${more} more: --json has the first ${disagreements.length} of all`);
  }
  return blocks.join('\n\n');
}

function tallyTable(tallies: readonly EvidenceTally[]): string {
  return formatTable(
    ['evidence', 'kind', 'rows', 'agree', ...PROBLEMS.map((problem) => WORDS[problem])],
    tallies.map((tally) => [
      tally.evidence ?? 'no row',
      tally.kind,
      String(tally.rows),
      String(agreeing(tally)),
      ...PROBLEMS.map((problem) => String(tally.problems[problem])),
    ]),
  );
}

function disagreementTable(disagreements: readonly ShownDisagreement[]): string {
  return formatTable(
    ['problem', 'rpm', 'path', 'index', 'payload'],
    disagreements.map(({ problem, rpm, path, index, payload }) => [
      WORDS[problem],
      // Local files may have any name, and several the same NVRA.
      rpm.localPath ?? formatNvra(rpm),
      path,
      index === null ? 'nothing' : `${index.buildId} ${index.kind} (${index.evidence})`,
      payload === null ? 'nothing' : `${payload.buildId} ${payload.kind}`,
    ]),
  );
}

/** For programs. Lists end after ten thousand entries, counts do not. */
export function documentOf(verification: Verification) {
  const { rpms, bytesRead, disagreements, disagreementCount, failures } = verification;
  return {
    rpms,
    bytes_read: bytesRead,
    evidence: sorted(verification.tallies).map((tally) => ({
      evidence: tally.evidence,
      kind: tally.kind,
      rows: tally.rows,
      agree: agreeing(tally),
      ...tally.problems,
    })),
    disagreement_count: disagreementCount,
    disagreements: disagreements.map(({ problem, rpm, source, path, index, payload }) => ({
      problem,
      rpm: formatNvra(rpm),
      instance: rpm.build?.instance ?? 'local',
      koji_build_id: rpm.build?.kojiBuildId ?? null,
      koji_rpm_id: rpm.kojiRpmId,
      source,
      path,
      index: index === null ? null : { build_id: index.buildId, kind: index.kind, evidence: index.evidence },
      payload: payload === null ? null : { build_id: payload.buildId, kind: payload.kind },
    })),
    not_compared: failures.map(({ outcome, failure }) => ({
      outcome,
      rpm: failure.nvra,
      source: failure.source,
      code: failure.code,
      message: failure.message,
    })),
  };
}

function agreeing({ rows, problems }: EvidenceTally): number {
  return rows - problems.wrong_build_id - problems.wrong_kind - problems.not_in_payload;
}

/** In the order of the kinds of evidence; what has none comes last. */
function sorted(tallies: readonly EvidenceTally[]): EvidenceTally[] {
  const rank = ({ evidence }: EvidenceTally): number =>
    evidence === null ? STORED_EVIDENCE.length : STORED_EVIDENCE.indexOf(evidence);
  return [...tallies].sort((a, b) => rank(a) - rank(b) || b.kind.localeCompare(a.kind));
}
