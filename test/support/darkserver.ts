import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { afterTest } from './after-test.ts';

// Tests with several processes one after the other, on a machine that runs as many beside them.
jest.setTimeout(120_000);

/** The program as it is installed. */
const PROGRAM = 'dist/daemon/main.js';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// `make test` builds it; a single test that somebody starts by hand must not tell of an older one.
if (spawnSync('make', ['--question', PROGRAM], { cwd: ROOT, stdio: 'ignore' }).status !== 0) {
  throw new Error(`${PROGRAM} is older than the sources: run "make build"`);
}

export interface Ended {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningDarkserver {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves with the first match in what it has printed or will. Rejects if it ends without. */
  printed(stream: 'stdout' | 'stderr', what: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
}

export interface DarkserverOptions {
  /** Beside the test's own environment, of which no DARKSERVER_* variable is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs it in a terminal of its own, where stdout and stderr are one. */
  readonly terminal?: boolean;
  /** A command that runs the one it is given: `unshare`, `prlimit`. */
  readonly within?: readonly string[];
  /** Closes the pipe that its stdout goes to at once, as a reader does that has seen enough. */
  readonly closeStdout?: boolean;
}

/** A process that waits for the command in a pseudo-terminal and ends as it did; stdout is what was shown. */
const IN_TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Starts `darkserver` with these arguments; killed after the test if it still runs. */
export function startDarkserver(args: readonly string[], options: DarkserverOptions = {}): RunningDarkserver {
  const argv = [...(options.within ?? []), process.execPath, ROOT + PROGRAM, ...args];
  const [file = '', ...rest] = options.terminal === true ? ['python3', '-c', IN_TERMINAL, ...argv] : argv;
  const child = spawn(file, rest, { env: environmentWith(options.environment ?? {}) });
  child.stdin.end();
  if (options.closeStdout === true) child.stdout.destroy();
  const said = { stdout: '', stderr: '' };
  let onOutput: () => void = () => undefined;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
      onOutput();
    });
  }
  const ended = endOf(child).then((code): Ended => ({ code, ...said }));
  afterTest(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    pid: child.pid ?? 0,
    ended,
    printed: async (stream, what) => {
      const seen = new Promise<RegExpExecArray>((resolve) => {
        onOutput = () => {
          const match = what.exec(said[stream]);
          if (match !== null) resolve(match);
        };
        onOutput();
      });
      const over = ended.then(() => what.exec(said[stream]));
      const match = await Promise.race([seen, over]);
      if (match === null)
        throw new Error(`it never printed ${String(what)}, but:\n${said.stdout}${said.stderr}`);
      return match;
    },
    signal: (name) => {
      child.kill(name);
    },
  };
}

/** Runs `darkserver` to its end, whatever that is. */
export function darkserver(args: readonly string[], options: DarkserverOptions = {}): Promise<Ended> {
  return startDarkserver(args, options).ended;
}

function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}

function environmentWith(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('DARKSERVER_') && !['NODE_OPTIONS', 'NO_COLOR', 'CI'].includes(name),
  );
  return { ...Object.fromEntries(own), ...more };
}
