import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scanTar } from '../../daemon/indexer/scan-tar.ts';
import type { TarScan } from '../../daemon/indexer/scan-tar.ts';
import { simpleElf } from './elf-builder.ts';
import { RpmInMemory } from './rpm-in-memory.ts';
import { tarFile } from './tar-builder.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What a scan finds in a tar file, and a tree for GNU tar to make such files of. */

export const ID = '0123456789abcdef0123456789abcdef01234567';
export const OTHER = 'fedcba9876543210fedcba9876543210fedcba98';

/** Scans a tar file that is in memory, as pieces of so many bytes. */
export function scan(bytes: Uint8Array, chunkBytes?: number): Promise<TarScan> {
  return scanTar(
    new RpmInMemory(bytes, { name: 'memory.tar', ...(chunkBytes === undefined ? {} : { chunkBytes }) }),
  );
}

/** What was found, a line for each file, sorted: path, build-id, kind and evidence. */
export const linesOf = ({ files }: TarScan): string[] =>
  files.map(({ path, buildId, kind, evidence }) => `${path} ${buildId} ${kind} ${evidence}`).toSorted();

const LONG = `${'deep/'.repeat(30)}program`;

/** A tree as an image has it, and what is to be found in it. */
export function makeTree(): { directory: string; lines: string[] } {
  const directory = temporaryDirectory();
  const put = (path: string, bytes: Uint8Array): void => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  };
  put('usr/bin/true', simpleElf(ID, 300_000));
  put('usr/bin/ünïcode', simpleElf(OTHER));
  put(LONG, simpleElf(OTHER, 700));
  put('usr/bin/script', Buffer.from('#!/bin/sh\n'));
  put('usr/lib/without-id.so', simpleElf(null));
  put('usr/share/empty', Buffer.alloc(0));
  put('usr/share/three', Buffer.from('abc'));
  put('usr/share/inner.tar', tarFile({ name: 'not/a/layer', data: simpleElf(OTHER) }));
  linkSync(join(directory, 'usr/bin/true'), join(directory, 'usr/bin/verity'));
  symlinkSync('true', join(directory, 'usr/bin/symlink'));
  const lines = [
    `/${LONG} ${OTHER} executable payload`,
    `/usr/bin/true ${ID} executable payload`,
    `/usr/bin/verity ${ID} executable payload`,
    `/usr/bin/ünïcode ${OTHER} executable payload`,
  ];
  return { directory, lines };
}

/** The tar file that GNU tar makes of a directory. */
export function tar(directory: string, ...options: string[]): Buffer {
  const args = [...options, '--sort=name', '-cf', '-', '-C', directory, '.'];
  return execFileSync('tar', args, { maxBuffer: 64 * 1024 * 1024 });
}

/** What a program (gzip, xz, …) makes of the bytes. */
export function compress(command: string, bytes: Uint8Array): Buffer {
  return execFileSync(command, ['-c'], { input: bytes, maxBuffer: 64 * 1024 * 1024 });
}
