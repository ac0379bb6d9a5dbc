import type { ErrorCode } from '../shared/errors.ts';
import type { Indexing, IndexingConfig } from './indexing.ts';
import type { LogFields, LogLevel } from './log.ts';

/** What the daemon's two threads say to each other. Errors are sent as code and message: a class is not. */

/** What the thread begins with. */
export interface ThreadData {
  readonly config: IndexingConfig;
  readonly logLevel: LogLevel;
}

/** A call of a method of the thread's Indexing, numbered to know its answer by. */
export interface ThreadCall {
  readonly call: number;
  readonly method: keyof Indexing;
  readonly args: readonly unknown[];
}

export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
}

export type FromThread =
  /** The database is open, and calls are answered. */
  | { readonly kind: 'ready' }
  /** It is not, and the thread ends. */
  | { readonly kind: 'failed'; readonly error: SentError }
  /** Said again and again, so that a thread which hangs is told from one that has nothing to do. */
  | { readonly kind: 'alive' }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields | undefined;
    }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly call: number; readonly error: SentError };
