import { spawn, spawnSync } from 'node:child_process';
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

const MiB = 1024 * 1024;

/** What xz needs beside the dictionary. */
const XZ_OTHER_BYTES = 2 * MiB;

const XZ = { command: 'xz', install: 'xz-utils (Debian) or xz (Fedora)' };

interface ProgramOf {
  readonly command: string;
  readonly install: string;
  /** Its arguments, where the data may ask for a window of so many bytes. */
  readonly args: (window: number) => readonly string[];
}

const PROGRAMS = {
  zstd: {
    command: 'zstd',
    install: 'zstd',
    args: (window) => ['-d', '-c', '-q', `-M${Math.ceil(window / MiB)}MiB`, ...zstdThreadsOptions()],
  },
  xz: { ...XZ, args: (window) => xzOptions('xz', window) },
  lzma: { ...XZ, args: (window) => xzOptions('lzma', window) },
  bzip2: { command: 'bzip2', install: 'bzip2', args: () => ['-d', '-c', '-q'] },
} as const satisfies Record<string, ProgramOf>;

export type ProgramCompression = keyof typeof PROGRAMS;

/** One thread: xz 5.6 takes several. */
function xzOptions(format: 'xz' | 'lzma', window: number): readonly string[] {
  const memory = `--memlimit-decompress=${window + XZ_OTHER_BYTES}`;
  return ['-d', '-c', '-q', '-T1', memory, `--format=${format}`];
}

let zstdThreads: readonly string[] | null = null;

/**
 * Since 1.5.3 zstd reads and writes in threads of their own, whose waiting for each other costs a tenth of the
 * processor time and gains nothing where somebody else has to keep up. Older ones refuse the option.
 */
function zstdThreadsOptions(): readonly string[] {
  if (zstdThreads !== null) return zstdThreads;
  const option = '--no-asyncio';
  const { status } = spawnSync('zstd', [option, '-V'], { env: programEnvironment(), stdio: 'ignore' });
  // One that is missing is told of by who starts it, and may be there the next time.
  if (status === null) return [];
  zstdThreads = status === 0 ? [option] : [];
  return zstdThreads;
}

/** Of the environment only what finds the program: XZ_OPT, ZSTD_CLEVEL and BZIP2 change what they do. */
function programEnvironment(): { readonly PATH: string; readonly LC_ALL: string } {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
}

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

export interface ProgramInput {
  /** Offset of the input in its file, for messages; null where that says nothing. */
  readonly base: number | null;
  /** Bytes of decompressed data that the input may need to have kept; with more it is a `limit`. */
  readonly window: number;
  /** The input is this file from where it stands; with null, what is written to the program. */
  readonly descriptor: number | null;
}

/** Starts the program for a compression. */
export function runProgram(
  compression: ProgramCompression,
  { base, window, descriptor }: ProgramInput,
  onData: OnData,
): Pipe {
  const { command, install } = PROGRAMS[compression];
  const args = PROGRAMS[compression].args(window);
  const { child, output } = startProgram(command, args, onData, descriptor ?? 'pipe');
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
      else reject(programError(compression, base, readable(complaints)));
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

function startProgram(
  command: string,
  args: readonly string[],
  onData: OnData,
  input: number | 'pipe',
): Program {
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
    const child = spawn(command, args, { env: programEnvironment(), stdio: [input, writeEnd, 'pipe'] });
    return { child: child as Program['child'], output };
  } catch (error) {
    output.destroy();
    throw error;
  } finally {
    // The output ends when the last descriptor of the write end does: the child's.
    closeSync(writeEnd);
  }
}

/** What the program says, in one line and without the name that it has for its input. */
function readable(complaints: string): string {
  return complaints
    .replaceAll('/*stdin*\\ : ', '')
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ');
}

function programError(
  compression: ProgramCompression,
  base: number | null,
  complaints: string,
): DarkserverError {
  const what = `${compression} data`;
  const message = complaints || 'it is corrupt or truncated';
  const at = base === null ? what : `${what} at offset ${base}`;
  if (/memory/i.test(complaints)) return new DarkserverError('limit', `${at}: ${message}`);
  return base === null
    ? new DarkserverError('format', `${at}: ${message}`)
    : new FormatError(what, base, message);
}
