import { spawnSync } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cost {
  /** Seconds on the clock. */
  readonly wall: number;
  /** Seconds of processor, user's and system's, of the process and all its children. */
  readonly cpu: number;
}

const TICKS_A_SECOND = 100;

/** Fields of /proc/PID/stat from the third on; the second is a name that may hold blanks and parentheses. */
function fieldsOf(pid: number | 'self'): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
}

function sumOfTicks(fields: readonly string[]): number {
  return fields.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
}

/** Seconds of processor of a process that runs, with its children that have ended: 14 to 17 of proc(5). */
export function processorSeconds(pid: number): number {
  return sumOfTicks(fieldsOf(pid).slice(11, 15));
}

/** Seconds of processor of our own children that have ended, with theirs. */
function childrenSeconds(): number {
  return sumOfTicks(fieldsOf('self').slice(13, 15));
}

/** Where this names certificates, Node reads them before anything else: a third of the cost of a short command. */
const WITHOUT_CERTIFICATES = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };

/** Runs a command to its end. Throws with its words if it fails. */
export function costOf(
  command: string,
  args: readonly string[],
  stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
): Cost & { stdout: string } {
  const before = childrenSeconds();
  const began = performance.now();
  const done = spawnSync(command, args, {
    stdio,
    env: WITHOUT_CERTIFICATES,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const wall = (performance.now() - began) / 1000;
  if (done.status !== 0) {
    const why = done.error?.message ?? done.stderr;
    throw new Error(`${command} ${args.join(' ')}: ${why} (exit code ${done.status ?? 'none'})`);
  }
  return { wall, cpu: childrenSeconds() - before, stdout: done.stdout };
}

/** The one that took the median of processor time, of some rounds. */
export function medianOf<T extends Cost>(rounds: number, once: () => T): T {
  const costs = Array.from({ length: rounds }, once).sort((a, b) => a.cpu - b.cpu);
  const median = costs[Math.floor(rounds / 2)];
  if (median === undefined) throw new Error('nothing was measured');
  return median;
}
