import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const PORT = 8002;

/** Milliseconds until it is given up. */
const PATIENCE = 10_000;

export interface DebuginfodServer {
  readonly url: string;
  /** A command that runs another one where this server is to be reached. */
  readonly inside: readonly string[];
  close(): Promise<void>;
}

/**
 * elfutils' debuginfod with an empty index at `path`, as it is by default but for what it would scan. It listens
 * on every address that it finds, so it gets a network of its own, with nothing but a loopback in it. Null where it,
 * or what makes such a network, is not installed or not allowed.
 */
export async function startDebuginfod(path: string): Promise<DebuginfodServer | null> {
  const options = `-p ${PORT} -d "$0" -t 0 -g 0 --disable-source-scan`;
  const script = `ip link set lo up && exec debuginfod ${options}`;
  const child = spawn('unshare', ['-rn', 'sh', '-c', script, path], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('exit', () => {
      resolve();
    });
  });
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  const { pid } = child;
  for (const end = performance.now() + PATIENCE; pid !== undefined && performance.now() < end;) {
    await sleep(100);
    if (child.exitCode !== null) break;
    if (!listens(pid)) continue;
    const inside = ['nsenter', '--preserve-credentials', '-U', '-n', '-t', String(pid)];
    return { url: `http://127.0.0.1:${PORT}`, inside, close };
  }
  await close();
  return null;
}

/** By the sockets of its network, proc(5): "0A" is a listening one. Without any it has not come so far. */
function listens(pid: number): boolean {
  const port = PORT.toString(16).toUpperCase().padStart(4, '0');
  const isListening = new RegExp(`^ *\\d+: [0-9A-F]+:${port} [0-9A-F]+:0000 0A`, 'm');
  return ['tcp', 'tcp6'].some((table) => {
    try {
      return isListening.test(readFileSync(`/proc/${pid}/net/${table}`, 'latin1'));
    } catch {
      return false;
    }
  });
}
