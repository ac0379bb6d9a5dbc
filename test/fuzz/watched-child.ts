import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Failure, Part, PartOutcome } from './part.ts';

/** Milliseconds of processor time that one input may take. */
const CPU_MAX = 1000;
/** Milliseconds that one input may take in all, on a machine that has other things to do. */
const WAIT_MAX = 30_000;
const LOOK_EVERY = 50;
/** Milliseconds of a tick in /proc/PID/stat (USER_HZ is 100 everywhere). */
const TICK = 10;
/** MiB of JavaScript's own heap, beyond which a child dies. */
const HEAP_MAX = 192;

const HOOKS = new URL('../support/typescript.mjs', import.meta.url).href;
const PROGRAM = fileURLToPath(new URL('./child.ts', import.meta.url));

/** A child process that is given parts, watched for inputs that it does not come back from, and replaced then. */
export class WatchedChild {
  #child: ChildProcess | null = null;
  /** The file in which the child counts. */
  readonly #count: number;

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'darkserver-fuzz-'));
    this.#count = openSync(join(directory, 'count'), 'w+');
    rmSync(directory, { recursive: true });
  }

  /** Never rejects: a child that dies or hangs has found a failure. */
  async run(part: Part): Promise<PartOutcome> {
    writeSync(this.#count, Buffer.alloc(8), 0, 8, 0);
    const child = (this.#child ??= this.#start());
    const watch = this.#watch(child);
    const outcome = await new Promise<PartOutcome | string>((resolve) => {
      child.once('message', (message) => {
        resolve(message as PartOutcome);
      });
      child.once('exit', (code, signal) => {
        resolve(`the process ended with ${signal ?? `status ${String(code)}`}`);
      });
      watch.onHang = resolve;
      child.send(part);
    });
    clearInterval(watch.timer);
    child.removeAllListeners();
    if (typeof outcome !== 'string') return outcome;
    const ran = Math.abs(this.#inputs());
    await this.close();
    // Shrinking counts on, so that the number can lie behind the input that is meant; the seed still finds it.
    const path = String(Math.max(0, ran - 1) + Number.parseInt(part.path ?? '0', 10));
    const failure: Failure = { part, path, message: `input ${ran} of its part: ${outcome}` };
    return { ran, failure, peakBytes: 0 };
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Closes for good. */
  async end(): Promise<void> {
    await this.close();
    closeSync(this.#count);
  }

  #start(): ChildProcess {
    const execArgv = ['--no-warnings', '--expose-gc', `--max-old-space-size=${HEAP_MAX}`, '--import', HOOKS];
    return fork(PROGRAM, [], {
      execArgv,
      // Jest's own options are for jest.
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', this.#count],
    });
  }

  #watch(child: ChildProcess): { timer: NodeJS.Timeout; onHang: (message: string) => void } {
    let at = 0;
    let since = { cpu: 0, time: 0 };
    const watch = {
      onHang: (_message: string): void => undefined,
      timer: setInterval(() => {
        const inputs = this.#inputs();
        const now = { cpu: cpuOf(child.pid ?? 0), time: Date.now() };
        if (inputs !== at || inputs <= 0) {
          at = inputs;
          since = now;
        } else if (now.cpu - since.cpu > CPU_MAX)
          watch.onHang(`it takes more than ${CPU_MAX} ms of processor time`);
        else if (now.time - since.time > WAIT_MAX)
          watch.onHang(`it has not ended after ${WAIT_MAX / 1000} s`);
      }, LOOK_EVERY),
    };
    return watch;
  }

  /** The number of the input at hand, from 1; its negative while the next is being made, 0 between parts. */
  #inputs(): number {
    const count = Buffer.alloc(8);
    readSync(this.#count, count, 0, count.length, 0);
    return count.readDoubleLE();
  }
}

/**
 * Milliseconds of processor time, user's and system's, of a process's main thread (proc(5), fields 14 and 15). Others
 * collect the garbage that inputs before have left.
 */
function cpuOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1');
  } catch {
    return 0;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}
