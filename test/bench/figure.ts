/** Marks a line of a benchmark's output as a figure for the table that `make bench` ends with. */
export const MARK = 'FIGURE\t';

/** Says one figure: what was measured, how much, and what it stands beside ("2.1 times the floor"). */
export function figure(what: string, howMuch: string, beside = ''): void {
  console.log(`${MARK}${what}\t${howMuch}\t${beside}`);
}
