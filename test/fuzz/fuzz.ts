import { runFuzz } from './fuzz-run.ts';
import type { TargetReport } from './fuzz-run.ts';
import { findTarget, TARGETS } from './targets.ts';

/**
 * `make fuzz`: mutated inputs for every parser of bytes that somebody else made.
 *
 *   FUZZ_RUNS     inputs in all, 1,000,000 unless said otherwise
 *   FUZZ_SEED     where the inputs come from: the same again for the same number; the clock unless said otherwise
 *   FUZZ_JOBS     processes at once, 2 unless said otherwise
 *   FUZZ_TARGETS  some of the targets, separated by commas
 *   FUZZ_PATH     with the seed and target of a failure, its input alone
 */
function numberOf(name: string, otherwise: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return otherwise;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  console.error(`${name}=${text} is no whole number`);
  return process.exit(4);
}

const SEED_MAX = 2 ** 31;
const seed = numberOf('FUZZ_SEED', Date.now() % SEED_MAX);
const path = process.env['FUZZ_PATH'];
const names = (process.env['FUZZ_TARGETS'] ?? '').split(',').filter((name) => name !== '');
const targets = names.length === 0 ? TARGETS : names.map(findTarget);
const started = performance.now();

function say({ name, inputs, seconds, peakBytes, failures }: TargetReport): void {
  const rate = Math.round(inputs / Math.max(seconds, 0.001));
  const peak = `${Math.round(peakBytes / 2 ** 20)} MiB`;
  const verdict = failures.length === 0 ? 'clean' : `${failures.length} FAILED`;
  console.log(
    `${name.padEnd(14)} ${String(inputs).padStart(8)} inputs ${String(rate).padStart(7)}/s  peak ${peak.padStart(8)}  ${verdict}`,
  );
  for (const { message, part, path: at } of failures) {
    console.log(message.replaceAll(/^/gm, '    '));
    console.log(`    again: make fuzz FUZZ_TARGETS=${name} FUZZ_SEED=${part.seed} FUZZ_PATH=${at}`);
  }
}

console.log(`seed ${seed}`);
const reports = await runFuzz(
  {
    targets,
    seed,
    path,
    runs: path === undefined ? numberOf('FUZZ_RUNS', 1_000_000) : targets.length,
    jobs: Math.max(1, numberOf('FUZZ_JOBS', 2)),
  },
  say,
);
const inputs = reports.reduce((sum, report) => sum + report.inputs, 0);
const failed = reports.reduce((sum, report) => sum + report.failures.length, 0);
console.log(`seed ${seed}, ${inputs} inputs, ${Math.round((performance.now() - started) / 1000)} s`);
console.log(`${inputs - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
