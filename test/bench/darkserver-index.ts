import { rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ScanMode } from '../../daemon/indexer/types.ts';
import { statusAnswer } from '../../shared/api.ts';
import { type Cost, costOf } from './cost.ts';

/** The program as it is installed. */
export const DARKSERVER = fileURLToPath(new URL('../../dist/daemon/main.js', import.meta.url));

export interface IndexRun extends Cost {
  readonly bytesRead: number;
  /** Rows: files with a build-id. */
  readonly files: number;
  readonly buildIds: number;
  readonly databaseBytes: number;
}

interface IndexOptions {
  readonly scan: ScanMode;
  readonly directory: string;
  /** Of the database, which is made anew. */
  readonly database: string;
  /** For taskset: "0,1". */
  readonly cores?: string;
}

/** `darkserver index` from its start to its end. Throws if an RPM cannot be read. */
export function indexOnce({ scan, directory, database, cores }: IndexOptions): IndexRun {
  for (const ending of ['', '-wal', '-shm']) rmSync(database + ending, { force: true });
  const command = [DARKSERVER, '--database', database, 'index', '--scan', scan, directory];
  const [file = '', ...args] = cores === undefined ? command : ['taskset', '-c', cores, ...command];
  const { wall, cpu, stdout } = costOf(file, args);
  const status = statusAnswer.parse(
    JSON.parse(costOf(DARKSERVER, ['--database', database, 'status', '--json']).stdout),
  );
  return {
    ...{ wall, cpu },
    bytesRead: bytesReadIn(stdout),
    files: status.files,
    buildIds: status.build_ids,
    databaseBytes: statSync(database).size,
  };
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** As its last line tells: "…; 96.2 MiB read; …". */
function bytesReadIn(summary: string): number {
  const [, number, unit = ''] = /([\d.]+) (\w+) read/.exec(summary) ?? [];
  const size = UNITS[unit];
  if (number === undefined || size === undefined) throw new Error(`no bytes read in: ${summary}`);
  return Number(number) * size;
}
