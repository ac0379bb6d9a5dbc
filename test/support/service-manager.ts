import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterTest } from './after-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const PROGRAM = fileURLToPath(new URL('./notify-socket.py', import.meta.url));

/** What systemd is to a service that it has started: a datagram socket that notifications come to. */
export interface ServiceManager {
  /** NOTIFY_SOCKET. */
  readonly socket: string;
  /** What was told so far, one list of assignments for each datagram; barriers are left out. */
  readonly told: readonly (readonly string[])[];
  /** Resolves once this was told at least so many times. */
  untilTold(assignment: string, times?: number): Promise<void>;
}

export async function startServiceManager(): Promise<ServiceManager> {
  const socket = join(temporaryDirectory(), 'notify');
  const child = spawn('python3', [PROGRAM, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => child.on('close', resolve));
  afterTest(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const told: string[][] = [];
  let onTold: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const assignments = JSON.parse(line) as string[];
      if (assignments[0] === 'listening') resolve();
      else if (assignments[0] !== 'BARRIER=1') told.push(assignments);
      onTold();
    });
  });
  await listening;
  return {
    socket,
    told,
    untilTold: (assignment, times = 1) =>
      new Promise((resolve) => {
        onTold = () => {
          if (told.filter((each) => each.includes(assignment)).length >= times) resolve();
        };
        onTold();
      }),
  };
}
