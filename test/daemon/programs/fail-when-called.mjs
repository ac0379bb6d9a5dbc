/** Loaded before the program: the thread that indexes fails when build 4 is announced. */
import { parentPort, workerData } from 'node:worker_threads';

if (workerData?.config !== undefined) {
  parentPort?.on('message', ({ method, args }) => {
    if (method === 'enqueue' && args[1].includes(4)) throw new Error('ordered by the test');
  });
}
