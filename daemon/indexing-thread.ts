import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DarkserverError } from '../shared/errors.ts';
import type { FromThread, ThreadCall, ThreadData } from './indexing-messages.ts';
import type { Indexing } from './indexing.ts';
import type { Log } from './log.ts';

/** The sources end in .ts, what is built of them in .js. */
const PROGRAM = new URL(`./indexing-main${extname(import.meta.url)}`, import.meta.url);

/**
 * Milliseconds without a sign of life after which the thread counts as hanging. The longest transaction, and
 * waiting for another process's (BUSY_MILLISECONDS), are far shorter.
 */
const SILENCE = 60_000;

/**
 * Mebibytes for what is soon garbage, which nearly all is that indexing makes. Node's 48 are 20 more than are
 * in use at the end, and save no time.
 */
const LIMITS = { maxYoungGenerationSizeMb: 12 };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DarkserverError) => void;
}

/** An Indexing in a thread of its own, so that whoever calls never waits for the database or for parsers. */
export class IndexingThread implements Indexing {
  /** Rejects with `internal` when the thread ends though nobody has closed it; else it never settles. */
  readonly died: Promise<never>;
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: Promise<void>;
  #calls = 0;
  #lastSign = performance.now();
  #closing = false;
  #end: DarkserverError | null = null;

  private constructor(data: ThreadData, log: Log, program: URL) {
    this.#log = log;
    // Sockets close descriptors that fs opened (programs.ts); Node would take them for left open, warn of each
    // and at the thread's end close whatever has their numbers by then.
    this.#worker = new Worker(program, {
      workerData: data,
      trackUnmanagedFds: false,
      resourceLimits: LIMITS,
    });
    this.died = new Promise((_, reject) => {
      this.#worker.on('error', (error) => {
        this.#log.error('the indexing thread has failed', { stack: error.stack ?? null });
        this.#ended(`the indexing thread has failed: ${error.message}`, reject);
      });
      this.#worker.on('exit', (code) => {
        this.#ended(`the indexing thread has ended with exit code ${code}`, reject);
      });
    });
    this.#ready = this.#untilReady();
    // Who does not wait for these need not know.
    for (const promise of [this.died, this.#ready]) promise.catch(() => undefined);
  }

  /**
   * Starts the thread; resolves when its database is open. Throws as openIndexing does, and `internal` if the
   * thread ends. `program` is what it runs.
   */
  static async open(data: ThreadData, log: Log, program = PROGRAM): Promise<IndexingThread> {
    const thread = new IndexingThread(data, log, program);
    await thread.#ready;
    return thread;
  }

  /** False if it has ended, or hangs. */
  isAlive(): boolean {
    return this.#end === null && performance.now() - this.#lastSign < SILENCE;
  }

  start(...args: Parameters<Indexing['start']>) {
    return this.#call<'start'>('start', args);
  }

  enqueue(...args: Parameters<Indexing['enqueue']>) {
    return this.#call<'enqueue'>('enqueue', args);
  }

  recordPush(...args: Parameters<Indexing['recordPush']>) {
    return this.#call<'recordPush'>('recordPush', args);
  }

  wake(...args: Parameters<Indexing['wake']>) {
    return this.#call<'wake'>('wake', args);
  }

  /** A thread that has ended has nothing in hand. */
  async stop(...args: Parameters<Indexing['stop']>): Promise<void> {
    try {
      await this.#call<'stop'>('stop', args);
    } catch (error) {
      if (this.#end === null) throw error;
    }
  }

  /** Ends the thread, too. */
  async close(): Promise<void> {
    this.#closing = true;
    try {
      if (this.#end === null) await this.#call<'close'>('close', []);
    } finally {
      await this.#worker.terminate();
    }
  }

  #call<Method extends keyof Indexing>(
    method: Method,
    args: Parameters<Indexing[Method]>,
  ): ReturnType<Indexing[Method]> {
    const answer = new Promise((resolve, reject) => {
      if (this.#end !== null) {
        reject(this.#end);
        return;
      }
      const call: ThreadCall = { call: ++this.#calls, method, args };
      this.#waiting.set(call.call, { resolve, reject });
      this.#worker.postMessage(call);
    });
    return answer as ReturnType<Indexing[Method]>;
  }

  async #untilReady(): Promise<void> {
    await Promise.race([
      this.died,
      new Promise<void>((resolve, reject) => {
        this.#worker.on('message', (message: FromThread) => {
          this.#lastSign = performance.now();
          if (message.kind === 'ready') resolve();
          else if (message.kind === 'failed') {
            this.#closing = true;
            reject(new DarkserverError(message.error.code, message.error.message));
          } else this.#take(message);
        });
      }),
    ]);
  }

  #take(message: Exclude<FromThread, { kind: 'ready' | 'failed' }>): void {
    switch (message.kind) {
      case 'log':
        this.#log[message.level](message.message, message.fields);
        break;
      case 'answer':
        this.#settle(message.call)?.resolve(message.value);
        break;
      case 'error': {
        const { code, message: text } = message.error;
        this.#settle(message.call)?.reject(new DarkserverError(code, text));
        break;
      }
      case 'alive':
        break;
    }
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    return waiting;
  }

  /** The first reason that is given is the right one: an error is followed by an exit. */
  #ended(reason: string, reject: (error: DarkserverError) => void): void {
    if (this.#end === null) {
      this.#end = new DarkserverError('internal', reason);
      for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
      this.#waiting.clear();
    }
    if (!this.#closing) reject(this.#end);
  }
}
