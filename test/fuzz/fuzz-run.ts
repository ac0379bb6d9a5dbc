import type { Failure, Part } from './part.ts';
import type { FuzzTarget } from './target.ts';
import { WatchedChild } from './watched-child.ts';

/** Inputs of a part: few enough that a seed and a number lead to one of them quickly. */
const PART_INPUTS = 5000;

export interface FuzzOptions {
  readonly targets: readonly FuzzTarget[];
  /** Inputs for all targets together, by their shares. */
  readonly runs: number;
  readonly seed: number;
  /** Processes at once. */
  readonly jobs: number;
  readonly path?: string | undefined;
}

/** What became of one target. */
export interface TargetReport {
  readonly name: string;
  readonly inputs: number;
  /** Seconds, summed over processes. */
  readonly seconds: number;
  readonly peakBytes: number;
  readonly failures: readonly Failure[];
}

/** The parts of a run: the same for the same seed, however many processes share them. */
function partsOf({ targets, runs, seed, path }: FuzzOptions): Part[] {
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  return targets.flatMap(({ name, share }) => {
    const inputs = Math.max(1, Math.round((runs * share) / shares));
    return Array.from({ length: Math.ceil(inputs / PART_INPUTS) }, (_, index): Part => ({
      target: name,
      seed: seed + index,
      runs: Math.min(PART_INPUTS, inputs - index * PART_INPUTS),
      path,
    }));
  });
}

/** Runs all parts, and tells of each target once its last part is done. */
export async function runFuzz(
  options: FuzzOptions,
  onReport: (report: TargetReport) => void = () => undefined,
): Promise<TargetReport[]> {
  const parts = partsOf(options);
  const reports: TargetReport[] = [];
  const open = new Map<string, TargetReport & { failures: Failure[]; left: number }>();
  for (const { target: name } of parts) {
    const { left } = open.get(name) ?? { left: 0 };
    open.set(name, { name, inputs: 0, seconds: 0, peakBytes: 0, failures: [], left: left + 1 });
  }
  const work = async (): Promise<void> => {
    const child = new WatchedChild();
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const started = performance.now();
      const { ran, failure, peakBytes } = await child.run(part);
      const before = open.get(part.target);
      if (before === undefined) continue;
      const report = {
        ...before,
        inputs: before.inputs + ran,
        seconds: before.seconds + (performance.now() - started) / 1000,
        peakBytes: Math.max(before.peakBytes, peakBytes),
        failures: failure === null ? before.failures : [...before.failures, failure],
        left: before.left - 1,
      };
      open.set(part.target, report);
      if (report.left > 0) continue;
      reports.push(report);
      onReport(report);
    }
    await child.end();
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return reports;
}
