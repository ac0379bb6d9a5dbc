import type { FileKind } from '../../shared/elf/kind.ts';
import type { Holder, StoredEvidence } from '../store/types.ts';
import type { Disagreement, Problem } from './verify-compare.ts';
import type { WhyNotRead } from './verify-sources.ts';

/** Disagreements and failures that are kept to be shown; all are counted. A wrong rule may make millions. */
const MOST_SHOWN = 10_000;

/**
 * What became of an RPM or an archive. agree, disagree: it was read and compared. changed: the file is not the one that was
 * indexed. unreadable: it can no longer be read to its end. unreached: the network failed.
 */
export type Outcome = 'agree' | 'disagree' | 'changed' | 'unreadable' | 'unreached' | WhyNotRead;

/** What was to be read and could not be compared. */
export interface Failure {
  readonly holder: Holder;
  /** Path or URL. */
  readonly source: string;
  /** Null if nothing failed, and the file is another one. */
  readonly code: string | null;
  readonly message: string;
}

/** A disagreement, and the RPM or the archive in which it is. */
export interface ShownDisagreement extends Disagreement {
  readonly holder: Holder;
  readonly source: string;
}

/** Rows of the index with one kind of evidence and one kind of file, or, without evidence, rows that it lacks. */
export interface EvidenceTally {
  readonly evidence: StoredEvidence | null;
  readonly kind: FileKind;
  /** Rows compared; 0 without evidence. */
  rows: number;
  readonly problems: Record<Problem, number>;
}

/** What a verification has found so far. */
export class Verification {
  readonly outcomes: Record<Outcome, number> = {
    agree: 0,
    disagree: 0,
    changed: 0,
    unreadable: 0,
    unreached: 0,
    gone: 0,
    passed_over: 0,
  };
  readonly disagreements: ShownDisagreement[] = [];
  readonly failures: { readonly outcome: Outcome; readonly failure: Failure }[] = [];
  bytesRead = 0;
  /** True if it was given up because nothing could be reached any more. */
  isNetworkDown = false;
  readonly #tallies = new Map<string, EvidenceTally>();

  get tallies(): readonly EvidenceTally[] {
    return [...this.#tallies.values()];
  }

  /** Disagreements counted, also those that are not kept. */
  get disagreementCount(): number {
    return this.tallies.reduce(
      (sum, { problems }) => sum + Object.values(problems).reduce((each, count) => each + count, 0),
      0,
    );
  }

  count(outcome: Outcome): Outcome {
    this.outcomes[outcome]++;
    return outcome;
  }

  fail(outcome: Outcome, failure: Failure): Outcome {
    if (this.failures.length < MOST_SHOWN) this.failures.push({ outcome, failure });
    return this.count(outcome);
  }

  compare(holder: Holder, source: string, disagreements: readonly Disagreement[]): Outcome {
    for (const { evidence, kind } of holder.files) this.#tally(evidence, kind).rows++;
    for (const each of disagreements) {
      const kind = each.index?.kind ?? each.payload?.kind ?? 'executable';
      this.#tally(each.index?.evidence ?? null, kind).problems[each.problem]++;
      if (this.disagreements.length < MOST_SHOWN) this.disagreements.push({ ...each, holder, source });
    }
    return this.count(disagreements.length === 0 ? 'agree' : 'disagree');
  }

  #tally(evidence: StoredEvidence | null, kind: FileKind): EvidenceTally {
    const key = `${evidence ?? ''} ${kind}`;
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const problems = { missing: 0, wrong_build_id: 0, wrong_kind: 0, not_in_payload: 0 };
    const tally = { evidence, kind, rows: 0, problems };
    this.#tallies.set(key, tally);
    return tally;
  }
}
