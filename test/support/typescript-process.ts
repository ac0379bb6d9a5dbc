import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterTest } from './after-test.ts';

const HOOKS = fileURLToPath(new URL('./typescript.mjs', import.meta.url));

/** A TypeScript program in a process of its own, killed after the test if it still runs. */
export interface TypescriptProcess {
  /** Lines of its stdout so far. */
  readonly lines: readonly string[];
  /** Resolves with the first lines once there are as many. Rejects if it ends before. */
  linesUntil(count: number): Promise<readonly string[]>;
  /** Resolves with what its stdout said in all. Rejects, with its stderr, unless it exits with 0. */
  finished(): Promise<readonly string[]>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export function startTypescript(program: URL, ...args: string[]): TypescriptProcess {
  const argv = ['--no-warnings', '--import', HOOKS, fileURLToPath(program), ...args];
  const child: ChildProcess = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Jest's own options are for jest.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const lines: string[] = [];
  let stderr = '';
  let onLine: () => void = () => undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      onLine();
    });
  }
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  afterTest(kill);
  return {
    lines,
    linesUntil: async (count) => {
      const enough = new Promise<void>((resolve) => {
        onLine = () => {
          if (lines.length >= count) resolve();
        };
        onLine();
      });
      await Promise.race([enough, closed]);
      if (lines.length < count) throw new Error(`it ended after ${lines.length} lines:\n${stderr}`);
      return lines.slice(0, count);
    },
    finished: async () => {
      const code = await closed;
      if (code !== 0) throw new Error(`it ended with ${code ?? 'a signal'}:\n${stderr}`);
      return lines;
    },
    kill,
  };
}
