import { parentPort, workerData } from 'node:worker_threads';
import { toDarkserverError } from '../shared/errors.ts';
import type { FromThread, SentError, ThreadCall, ThreadData } from './indexing-messages.ts';
import { type Indexing, openIndexing } from './indexing.ts';
import { LOG_LEVELS, type Log, type LogLevel } from './log.ts';

/** What runs in the thread that IndexingThread starts. */

/** Milliseconds between two signs of life. */
const HEARTBEAT = 1000;

function send(message: FromThread): void {
  parentPort?.postMessage(message);
}

function sentError(thrown: unknown): SentError {
  const { code, message } = toDarkserverError(thrown);
  return { code, message };
}

/** Lines are written by the main thread: what this one writes to stderr would be lost if the program ends. */
function logToMainThread(least: LogLevel): Log {
  const write = (level: LogLevel): Log[LogLevel] => {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(least)) return () => undefined;
    return (message, fields) => {
      send({ kind: 'log', level, message, fields });
    };
  };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

type Methods = Readonly<Record<keyof Indexing, (...args: readonly unknown[]) => Promise<unknown>>>;

async function answer(indexing: Indexing, { call, method, args }: ThreadCall): Promise<void> {
  try {
    // IndexingThread has given each method its own arguments.
    const value = await (indexing as unknown as Methods)[method](...args);
    send({ kind: 'answer', call, value });
  } catch (thrown) {
    send({ kind: 'error', call, error: sentError(thrown) });
  }
}

function main({ config, logLevel }: ThreadData): void {
  let indexing: Indexing;
  try {
    indexing = openIndexing(config, logToMainThread(logLevel));
  } catch (thrown) {
    send({ kind: 'failed', error: sentError(thrown) });
    return;
  }
  setInterval(() => {
    send({ kind: 'alive' });
  }, HEARTBEAT);
  parentPort?.on('message', (call: ThreadCall) => void answer(indexing, call));
  send({ kind: 'ready' });
}

main(workerData as ThreadData);
