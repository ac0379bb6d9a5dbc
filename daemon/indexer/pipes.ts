import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DarkserverError } from '../../shared/errors.ts';

/**
 * Pipes that one run of mkfifo makes. The program costs as much as a small decompression, an idle pipe a
 * file descriptor.
 */
const PIPES_AT_A_TIME = 8;

/** Descriptors of pipes that nobody has used yet. */
const spare: number[] = [];

/** Both ends of a pipe, as descriptors; whoever takes them closes them. */
interface PipeEnds {
  /** Does not block. */
  readonly readEnd: number;
  /** Blocks, as a child expects of its output. */
  readonly writeEnd: number;
}

/**
 * A pipe of the kernel. What Node itself gives to children are pairs of sockets, whose every byte costs
 * writer and reader about half as much again. Throws `configuration` where mkfifo is missing.
 */
export function openPipe(): PipeEnds {
  if (spare.length === 0) spare.push(...makePipes(PIPES_AT_A_TIME));
  const both = spare.pop();
  if (both === undefined) throw new DarkserverError('internal', 'mkfifo made no pipe');
  let readEnd: number | null = null;
  try {
    const path = `/proc/self/fd/${both}`;
    readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { readEnd, writeEnd: openSync(path, constants.O_WRONLY) };
  } catch (error) {
    if (readEnd !== null) closeSync(readEnd);
    throw error;
  } finally {
    closeSync(both);
  }
}

/** Named pipes, which lose their names at once, so that nothing is left behind however the process ends. */
function makePipes(count: number): number[] {
  const directory = mkdtempSync(join(tmpdir(), 'darkserver-pipes-'));
  const opened: number[] = [];
  try {
    const paths = Array.from({ length: count }, (_, index) => join(directory, String(index)));
    // Not the environment's PATH: mkfifo is in these wherever there is a coreutils package.
    const { status, error, stderr } = spawnSync('mkfifo', ['-m', '600', ...paths], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      encoding: 'utf8',
    });
    if (error !== undefined || status !== 0) {
      const reason = error?.message ?? stderr.trim();
      throw new DarkserverError('configuration', `mkfifo (of coreutils) cannot make pipes: ${reason}`);
    }
    // Opened for both, a pipe waits for nobody.
    for (const path of paths) opened.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    return opened;
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
