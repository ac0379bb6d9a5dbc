/** The one line that a run of several parts ends with: its real counts, summed. */

const COUNTS = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;

export const NONE = { passed: 0, failed: 0, skipped: 0 };

export function sum(counts) {
  return counts.reduce(
    (total, next) => ({
      passed: total.passed + next.passed,
      failed: total.failed + next.failed,
      skipped: total.skipped + next.skipped,
    }),
    NONE,
  );
}

export function formatCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** The counts of a run by the last line of its output, or null where that is no such line. */
export function countsOf(output) {
  const match = COUNTS.exec(output.trimEnd().split('\n').at(-1) ?? '');
  return match === null
    ? null
    : { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
}
