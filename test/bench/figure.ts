/** Marks a line of a benchmark's output as a figure for the table that `make bench` ends with. */
export const MARK = 'FIGURE\t';

export interface Figure {
  /** What was measured. */
  readonly what: string;
  readonly howMuch: string;
  /** What it stands beside: "2.1 times the floor". */
  readonly beside: string;
  /** The same in numbers, for programs that read BENCH_JSON; bytes, seconds and ratios. */
  readonly values: Readonly<Record<string, number>>;
}

/** Says one figure. */
export function figure(
  what: string,
  howMuch: string,
  beside = '',
  values: Readonly<Record<string, number>> = {},
): void {
  console.log(`${MARK}${JSON.stringify({ what, howMuch, beside, values } satisfies Figure)}`);
}
