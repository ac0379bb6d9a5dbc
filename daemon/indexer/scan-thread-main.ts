import { openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { DarkserverError } from '../../shared/errors.ts';
import { askDebuginfoBeside } from './debuginfo-links.ts';
import { type FileCalls, FileRpmSource } from './rpm-source.ts';
import { scanRpm } from './scan-rpm.ts';
import type { RpmScan } from './types.ts';

/** What runs in the thread that ScanThread starts. */

/**
 * Bounds of what is held here, and of one answer among hundreds that may wait for whoever asked. The largest
 * header known has 2 MB.
 */
const HEAD_BYTES_MAX = 4 * 1024 * 1024;
const FILES_MAX = 500;

/** This thread has nothing to do but to wait, and what lets others go on meanwhile costs a fifth more. */
const WAITING: FileCalls = {
  open: (path) => Promise.resolve(openSync(path, 'r')),
  read: (descriptor, buffer, length, position) => {
    if ((position ?? 0) > HEAD_BYTES_MAX) throw new DarkserverError('limit', 'the header is too large');
    return Promise.resolve({ bytesRead: readSync(descriptor, buffer, 0, length, position) });
  },
};

/** Whoever asked waits for what is in hand. */
const NEVER = new AbortController().signal;

async function scan(path: string): Promise<RpmScan | null> {
  const source = new FileRpmSource(path, WAITING);
  try {
    const scan = await scanRpm(source, { mode: 'header', askDebuginfo: askDebuginfoBeside(path, NEVER) });
    return scan.files.length > FILES_MAX ? null : scan;
  } catch {
    // Whoever asked meets the same error, and says so.
    return null;
  }
}

async function answer(paths: readonly string[]): Promise<string> {
  const found: (RpmScan | null)[] = [];
  for (const path of paths) found.push(await scan(path));
  return JSON.stringify(found);
}

let answered = Promise.resolve();
parentPort?.on('message', (paths: readonly string[]) => {
  answered = answered.then(async () => {
    parentPort?.postMessage(await answer(paths));
  });
});
