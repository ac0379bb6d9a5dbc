/**
 * Loaded before the program: the thread that indexes hangs when a build is announced, and at SIGUSR2 the other
 * one finds that hours have passed.
 */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

const HOURS = 3 * 3600_000;

if (isMainThread) {
  const now = performance.now.bind(performance);
  process.once('SIGUSR2', () => {
    performance.now = () => now() + HOURS;
  });
} else if (workerData?.config !== undefined) {
  parentPort?.on('message', ({ method }) => {
    if (method !== 'enqueue') return;
    writeSync(2, 'it hangs\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}
