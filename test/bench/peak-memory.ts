import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Peak {
  /** The largest sum of the tree's proportional set sizes: memory that is shared is counted once. */
  readonly bytes: number;
  /** Processes at that time. */
  readonly processes: number;
}

const EVERY_MILLISECONDS = 50;

/** Watches a process and all below it until `over`. What comes and goes between two looks is not seen. */
export async function peakMemory(pid: number, over: Promise<unknown>): Promise<Peak> {
  let peak: Peak = { bytes: 0, processes: 0 };
  let isOver = false;
  const ended = over.finally(() => {
    isOver = true;
  });
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const pids = treeOf(pid);
      const bytes = pids.reduce((sum, one) => sum + proportionalBytes(one), 0);
      if (bytes > peak.bytes) peak = { bytes, processes: pids.length };
      await sleep(EVERY_MILLISECONDS);
    }
  };
  await Promise.all([watch(), ended]);
  return peak;
}

/** Children belong to the thread that started them (proc_pid_task(5)). */
function treeOf(pid: number): number[] {
  const children = orNothing(() =>
    readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    ),
  );
  return [pid, ...(children ?? []).flatMap(treeOf)];
}

function proportionalBytes(pid: number): number {
  const rollup = orNothing(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup ?? '')?.[1] ?? 0) * 1024;
}

/** Undefined for what has ended meanwhile. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
