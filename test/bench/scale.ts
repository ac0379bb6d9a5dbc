import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openStore, openStoreForReading } from '../../daemon/store/sqlite-store.ts';
import type { IndexStore } from '../../daemon/store/types.ts';
import type { BuildId } from '../../shared/build-id.ts';
import { BulkRows } from './scale-bulk.ts';
import { ROWS_OF_BUILD, pathOfOneRelease, scaleBuild, scaleBuildId } from './scale-rows.ts';

/**
 * `make scale`: how look-ups and the database grow up to 50 million rows (BENCH_ROWS), whose build-ids ascend. At
 * each size everything is asked in turn with the first database, of a million rows, so that both meet the same
 * machine. Takes a quarter of an hour, and 6 GB under TMPDIR.
 */
const ROWS = Number(process.env['BENCH_ROWS'] ?? 50_000_000);
const SIZES = [1, 2, 5, 10, 20, 50].map((millions) => millions * 1_000_000).filter((size) => size <= ROWS);
const BATCH = 1000;
/** Both databases are asked in turn, so often and for so long: turns that others disturb are not the fast ones. */
const TURNS = 30;
const TURN_MILLISECONDS = 50;

const directory = mkdtempSync(join(tmpdir(), 'darkserver-scale-'));
const path = join(directory, 'all.db');
const firstPath = join(directory, 'first.db');

/** The same numbers in every run. */
let state = 1;
function below(rows: number): number {
  state = (state * 48_271) % 0x7fffffff;
  return Math.floor((state / 0x7fffffff) * rows);
}

/** A database, and how many rows are in it. */
interface Asked {
  readonly index: IndexStore;
  readonly rows: number;
}

const existing = (rows: number): BuildId => scaleBuildId(below(rows), ROWS);

/** Each says whether the answer was right. */
const QUESTIONS: Readonly<Record<string, (of: Asked) => Promise<boolean>>> = {
  found: async ({ index, rows }) => (await index.findByBuildIds([existing(rows)])).size === 1,
  unknown: async ({ index, rows }) => {
    const unknown = existing(rows).slice(0, 24).padEnd(40, 'f') as BuildId;
    return (await index.findByBuildIds([unknown])).size === 0;
  },
  [`batch of ${BATCH}`]: async ({ index, rows }) => {
    const buildIds = Array.from({ length: BATCH }, () => existing(rows));
    return (await index.findByBuildIds(buildIds)).size === new Set(buildIds).size;
  },
  prefix: async ({ index, rows }) =>
    (await index.findBuildIdsByPrefix(existing(rows).slice(0, 16), 10)).length === 1,
  path: async ({ index, rows }) => {
    const path = pathOfOneRelease(below(rows));
    return (await index.findByPath(path, { after: null, limit: 10 })).matches.length === 1;
  },
};

/**
 * Adds builds and their RPMs by the store, and the rows of file past it, with their index of paths made at the end:
 * the store takes an hour for fifty million rows.
 */
async function fill(from: number, to: number): Promise<number> {
  const store = openStore(path);
  const rows = new BulkRows(path);
  let row = from;
  for (; row < to; row += ROWS_OF_BUILD) {
    const { build, rpms } = scaleBuild(row, ROWS);
    await store.index.replaceBuild(
      'fedora',
      build,
      rpms.map((rpm) => ({ ...rpm, files: [] })),
    );
    rows.add(rpms);
  }
  rows.close();
  await store.close();
  return row;
}

/** Microseconds of a question. Throws if an answer is wrong. */
async function ask(question: string, of: Asked): Promise<number> {
  const began = performance.now();
  let times = 0;
  for (; performance.now() - began < TURN_MILLISECONDS; times++) {
    if ((await QUESTIONS[question]?.(of)) !== true) throw new Error(`${question}: a wrong answer`);
  }
  return ((performance.now() - began) / times) * 1000;
}

function lowerQuartile(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 2] ?? Number.NaN;
}

/** Microseconds of each question, and how many times as long as with the first database that is. */
async function compare(first: Asked, now: Asked): Promise<Record<string, string>> {
  const figures: Record<string, string> = {};
  for (const question of Object.keys(QUESTIONS)) {
    const turns: { first: number; now: number }[] = [];
    for (let turn = 0; turn < TURNS; turn++)
      turns.push({ first: await ask(question, first), now: await ask(question, now) });
    const [micros, before] = [
      lowerQuartile(turns.map((turn) => turn.now)),
      lowerQuartile(turns.map((turn) => turn.first)),
    ];
    figures[question] = `${micros.toFixed(micros < 1000 ? 1 : 0)} µs (${(micros / before).toFixed(2)})`;
  }
  return figures;
}

/** Bytes a row: what paths take (their three columns, directories, the index) and all the rest. */
function bytesOf(rows: number): Record<string, string> {
  const db = new Sqlite(path, { readonly: true });
  const ofPaths = db
    .prepare<[], number>(
      `SELECT (SELECT sum(pgsize) FROM dbstat('main', 1)
         WHERE name IN ('file_by_path', 'directory', 'sqlite_autoindex_directory_1'))
       + (SELECT sum(octet_length(name) + iif(directory_key < 128, 1, iif(directory_key < 32768, 2, 3)) + 4 + 3)
          FROM file)`,
    )
    .pluck()
    .get();
  db.close();
  const paths = (ofPaths ?? Number.NaN) / rows;
  const all = statSync(path).size / rows;
  return { bytes: all.toFixed(1), 'of paths': paths.toFixed(1), 'the rest': (all - paths).toFixed(1) };
}

async function main(): Promise<void> {
  const table: Record<string, string>[] = [];
  let rows = 0;
  let firstRows = 0;
  for (const size of SIZES) {
    rows = await fill(rows, size);
    if (firstRows === 0) {
      copyFileSync(path, firstPath);
      firstRows = rows;
    }
    const [first, now] = [openStoreForReading(firstPath), openStoreForReading(path)];
    const times = await compare({ index: first.index, rows: firstRows }, { index: now.index, rows });
    await Promise.all([first.close(), now.close()]);
    console.log(`  ${rows.toLocaleString('en')} rows`);
    table.push({ rows: rows.toLocaleString('en'), ...times, ...bytesOf(rows) });
    console.table(table);
  }
}

try {
  await main();
} finally {
  rmSync(directory, { recursive: true });
}
