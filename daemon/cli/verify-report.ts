import { formatNvra } from '../../shared/nvr.ts';
import { type Holder, STORED_EVIDENCE } from '../store/types.ts';
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
  const { outcomes, bytesRead, disagreements, disagreementCount } = verification;
  const others: [count: number, what: string][] = [
    [outcomes.changed, 'changed since they were indexed'],
    [outcomes.unreadable, 'unreadable'],
    [outcomes.unreached, 'not reached'],
    [outcomes.gone, 'gone'],
    [outcomes.passed_over, 'passed over'],
  ];
  const parts = [
    `${outcomes.agree + outcomes.disagree} RPMs and archives verified: ${outcomes.agree} agree, ${outcomes.disagree} disagree`,
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
    ['problem', 'in', 'path', 'index', 'payload'],
    disagreements.map(({ problem, holder, path, index, payload }) => [
      WORDS[problem],
      nameOf(holder),
      path,
      index === null ? 'nothing' : `${index.buildId} ${index.kind} (${index.evidence})`,
      payload === null ? 'nothing' : `${payload.buildId} ${payload.kind}`,
    ]),
  );
}

function nameOf({ rpm, archive }: Holder): string {
  // Local files may have any name, and several the same NVRA.
  return rpm === undefined ? archive.filename : (rpm.localPath ?? formatNvra(rpm));
}

/** What is meant, as --json names it. */
function identityOf({ rpm, archive }: Holder) {
  const { build } = rpm ?? archive;
  return {
    rpm: rpm === undefined ? null : formatNvra(rpm),
    archive: archive?.filename ?? null,
    instance: build?.instance ?? 'local',
    koji_build_id: build?.kojiBuildId ?? null,
    koji_rpm_id: rpm?.kojiRpmId ?? null,
    koji_archive_id: archive?.kojiArchiveId ?? null,
  };
}

/** For programs. Lists end after ten thousand entries, counts do not. */
export function documentOf(verification: Verification) {
  const { outcomes, bytesRead, disagreements, disagreementCount, failures } = verification;
  return {
    outcomes,
    bytes_read: bytesRead,
    evidence: sorted(verification.tallies).map((tally) => ({
      evidence: tally.evidence,
      kind: tally.kind,
      rows: tally.rows,
      agree: agreeing(tally),
      ...tally.problems,
    })),
    disagreement_count: disagreementCount,
    disagreements: disagreements.map(({ problem, holder, source, path, index, payload }) => ({
      problem,
      ...identityOf(holder),
      source,
      path,
      index: index === null ? null : { build_id: index.buildId, kind: index.kind, evidence: index.evidence },
      payload: payload === null ? null : { build_id: payload.buildId, kind: payload.kind },
    })),
    not_compared: failures.map(({ outcome, failure }) => ({
      outcome,
      ...identityOf(failure.holder),
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
