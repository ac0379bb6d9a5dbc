import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Workers are named "HOST:PID.START:N". HOST includes the PID namespace, as containers may share a host name
 * and not their process numbers; START is when the process began (proc(5), field 22 of stat, in clock
 * ticks since boot), as a number is soon used again and a container's first process is always 1.
 */
const NAME = /^(.+):(\d+)\.(\d+):\d+$/;

function namespaceOfPids(): string {
  try {
    return `/${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''}`;
  } catch {
    return '';
  }
}

/** Null if there is no such process; 0 where the system does not say. */
function startOf(pid: number): number | null {
  try {
    // The second field is the program's name in parentheses, and may hold anything.
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '');
    return Number(afterName.trim().split(' ')[19] ?? 0);
  } catch {
    return isRunning(pid) ? 0 : null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Another user's process is a process.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

const HOST = `${hostname()}${namespaceOfPids()}`;
const PROCESS = `${HOST}:${process.pid}.${startOf(process.pid) ?? 0}`;

export function workerName(number: number): string {
  return `${PROCESS}:${number}`;
}

/**
 * True if the worker belonged to a process of this host that is no more. Nothing is known of other hosts, nor of
 * another user's process where /proc is mounted with hidepid: its lock grows old if it is dead.
 */
export function isDeadWorker(name: string): boolean {
  const [, host, pid, start] = NAME.exec(name) ?? [];
  if (host !== HOST) return false;
  const began = startOf(Number(pid));
  return began === null || (began !== 0 && began !== Number(start));
}
