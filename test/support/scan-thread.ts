import './darkserver.ts';

/** What the thread runs that reads headers, as it is installed: a thread of jest's knows no TypeScript. */
export const BUILT_SCAN_THREAD = new URL('../../dist/daemon/scan-thread-main.js', import.meta.url);

/** A program for a thread to run in its place. */
export function threadProgram(code: string): URL {
  const program = `import { parentPort } from 'node:worker_threads'; ${code}`;
  return new URL(`data:text/javascript,${encodeURIComponent(program)}`);
}
