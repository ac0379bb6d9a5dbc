/** The one line that a run of several parts ends with: its real counts, summed. */

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
