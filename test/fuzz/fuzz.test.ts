import { expect, test } from '@jest/globals';
import { runFuzz } from './fuzz-run.ts';
import { TARGETS } from './targets.ts';

/** Inputs in all; `make fuzz` runs a million. */
const RUNS = 20_000;

test('parsers end, throw what they document and allocate no more than they state, whatever the bytes', async () => {
  const reports = await runFuzz({ targets: TARGETS, runs: RUNS, seed: 1, jobs: 2 });
  expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
  expect(reports.map(({ name }) => name).toSorted()).toEqual(TARGETS.map(({ name }) => name).toSorted());
  expect(reports.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThan(RUNS * 0.9);
}, 240_000);
