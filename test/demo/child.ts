import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const DARKSERVER = `${ROOT}dist/daemon/main.js`;

/** How long a process may take to end after SIGTERM before it is killed, in milliseconds. */
const STOP_TIMEOUT = 10_000;

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      resolve(code);
    });
  });
}

/** Runs a program to its end. Throws with what it said on stderr if it failed. */
export async function run(
  command: string,
  args: readonly string[],
  options: { environment?: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await ended(child);
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}:\n${stderr}`);
  return stdout;
}

export interface DaemonProcess {
  readonly url: string;
  /** SIGTERM; the exit code, or null where it had to be killed. */
  stop(): Promise<number | null>;
  /** What it has logged so far. */
  log(): string;
}

/** Starts `darkserver serve` and waits until it says where it listens. */
export async function startDaemonProcess(config: string, signal: AbortSignal): Promise<DaemonProcess> {
  const child = spawn(DARKSERVER, ['--config', config, 'serve'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = ended(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
    try {
      return await exit;
    } finally {
      clearTimeout(killer);
    }
  };
  signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { url, stop, log: () => log };
  }
  throw new Error(`the daemon ended with ${(await exit) ?? 'a signal'} before it listened:\n${log}`);
}
