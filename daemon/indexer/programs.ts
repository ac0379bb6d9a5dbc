import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { DarkserverError, FormatError } from '../../shared/errors.ts';
import { openPipe } from './pipes.ts';

/** Bytes of a child's complaints that are kept. */
const STDERR_BYTES_MAX = 2048;

/** Of a read from a child. More than a pipe holds (64 KiB), so that a read that empties it is known to. */
const READ_BYTES = 128 * 1024;

/**
 * rpm refuses what needs more memory than this (100 MiB for xz and lzma; zstd's own limit is a window of
 * 128 MiB), so that no package that can be installed is refused here. One thread: xz 5.6 takes several.
 */
const XZ_OPTIONS = ['-d', '-c', '-q', '-T1', '--memlimit-decompress=100MiB'];

const PROGRAMS = {
  zstd: { command: 'zstd', args: ['-d', '-c', '-q'], install: 'zstd' },
  xz: { command: 'xz', args: [...XZ_OPTIONS, '--format=xz'], install: 'xz-utils (Debian) or xz (Fedora)' },
  lzma: {
    command: 'xz',
    args: [...XZ_OPTIONS, '--format=lzma'],
    install: 'xz-utils (Debian) or xz (Fedora)',
  },
  bzip2: { command: 'bzip2', args: ['-d', '-c', '-q'], install: 'bzip2' },
} as const;

type ProgramCompression = keyof typeof PROGRAMS;

/** Whether a program decompresses it, which can read a file by itself. */
export function isReadByProgram(compression: string): compression is ProgramCompression {
  return compression in PROGRAMS;
}

export type OnData = (bytes: Uint8Array) => void;

/** Something with an input and an output that ends well or throws. Whoever has its data may pause it. */
export interface Pipe {
  /** Null where it reads a file. */
  readonly input: Writable | null;
  readonly output: Readable;
  /** Settled once the output has ended and nothing is left running. */
  readonly finished: Promise<void>;
  kill(): void;
}

/**
 * Starts the program for a compression. `base` is the offset in the RPM of its input, for messages; the input
 * is what is written to it, or the file of `descriptor` from where that stands.
 */
export function runProgram(
  compression: ProgramCompression,
  base: number,
  onData: OnData,
  descriptor: number | null,
): Pipe {
  const { command, install } = PROGRAMS[compression];
  const { child, output } = startProgram(compression, onData, descriptor ?? 'pipe');
  let killed = false;
  let complaints = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    complaints = (complaints + text).slice(0, STDERR_BYTES_MAX);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const message =
        error.code === 'ENOENT'
          ? `the program ${command} is missing, which reads ${compression} data: install ${install}`
          : `${command} could not be started: ${error.message}`;
      reject(new DarkserverError(error.code === 'ENOENT' ? 'configuration' : 'internal', message));
    });
    child.on('close', (code, signal) => {
      if (code === 0 || killed) resolve();
      else if (signal !== null) reject(new DarkserverError('internal', `${command} was ended by ${signal}`));
      else reject(programError(compression, base, complaints.replaceAll('/*stdin*\\ : ', '').trim()));
    });
  });
  const emptied = new Promise<void>((resolve, reject) => {
    output.on('error', reject);
    output.on('close', resolve);
  });
  // A child that ends before it has read everything (it met bad data, or was killed) says why by itself.
  child.stdin?.on('error', () => undefined);
  const kill = (): void => {
    killed = true;
    child.kill('SIGKILL');
    output.destroy();
  };
  // What came before it met bad data is taken first.
  const finished = Promise.allSettled([emptied, ended]).then(async () => {
    await emptied;
    await ended;
  });
  return { input: child.stdin, output, finished, kill };
}

interface Program {
  readonly child: ChildProcessByStdio<Writable | null, null, Readable>;
  readonly output: Readable;
}

function startProgram(compression: ProgramCompression, onData: OnData, input: number | 'pipe'): Program {
  const { command, args } = PROGRAMS[compression];
  // Of the environment only what finds the program: XZ_OPT, ZSTD_CLEVEL and BZIP2 change what they do.
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  const { readEnd, writeEnd } = openPipe();
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (bytes: number): boolean => {
    onData(buffer.subarray(0, bytes));
    return true;
  };
  // Node's types know `onread` of sockets that connect only; the documentation has it for all.
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd: readEnd,
    readable: true,
    writable: false,
    onread: { buffer, callback },
  };
  const output = new Socket(options);
  try {
    const child = spawn(command, args, { env, stdio: [input, writeEnd, 'pipe'] });
    return { child: child as Program['child'], output };
  } catch (error) {
    output.destroy();
    throw error;
  } finally {
    // The output ends when the last descriptor of the write end does: the child's.
    closeSync(writeEnd);
  }
}

function programError(compression: ProgramCompression, base: number, complaints: string): DarkserverError {
  if (/memory/i.test(complaints)) {
    return new DarkserverError('limit', `${compression} data at offset ${base}: ${complaints}`);
  }
  return new FormatError(`${compression} data`, base, complaints || 'it is corrupt or truncated');
}
