import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RpmScan } from './types.ts';

/** The sources end in .ts, what is built of them in .js. */
const PROGRAM = new URL(`./scan-thread-main${extname(import.meta.url)}`, import.meta.url);

/** Mebibytes for what is soon garbage, which nearly all is that the thread makes. Node's 48 gain nothing. */
const LIMITS = { maxYoungGenerationSizeMb: 24 };

/**
 * For each RPM what scanRpm finds in header mode; null where whoever asked has to scan it: it cannot be read, or it
 * is too large for one that reads beside others.
 */
type ThreadAnswer = readonly (RpmScan | null)[];

interface Asked {
  readonly paths: readonly string[];
  readonly resolve: (answer: ThreadAnswer) => void;
}

/** A thread that scans local RPMs by their headers, on another core than what writes. */
export class ScanThread {
  readonly #worker: Worker;
  /** The thread answers in the order in which it is asked. */
  readonly #asked: Asked[] = [];
  #hasEnded = false;

  /** `onLost` is told once why the thread has ended, unless it was closed; `program` is what it runs. */
  constructor(onLost: (reason: string) => void, program = PROGRAM) {
    this.#worker = new Worker(program, { resourceLimits: LIMITS });
    // A string: to send thousands of objects as they are takes longer.
    this.#worker.on('message', (answer: string) => {
      this.#asked.shift()?.resolve(JSON.parse(answer) as ThreadAnswer);
    });
    // An error is followed by an exit.
    this.#worker.on('error', (error) => {
      this.#lost(error.message, onLost);
    });
    this.#worker.on('exit', (code) => {
      this.#lost(`exit code ${code}`, onLost);
    });
  }

  /** Never rejects: what a thread that has ended was asked is left to whoever asked. */
  scan(paths: readonly string[]): Promise<ThreadAnswer> {
    return new Promise((resolve) => {
      if (this.#hasEnded) {
        resolve(paths.map(() => null));
        return;
      }
      this.#asked.push({ paths, resolve });
      this.#worker.postMessage(paths);
    });
  }

  /** What was asked and is not answered yet stays so. */
  async close(): Promise<void> {
    this.#worker.removeAllListeners();
    await this.#worker.terminate();
  }

  #lost(reason: string, onLost: (reason: string) => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    onLost(reason);
    for (const { paths, resolve } of this.#asked.splice(0)) resolve(paths.map(() => null));
  }
}
