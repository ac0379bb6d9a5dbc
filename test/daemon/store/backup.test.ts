import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, jest, test } from '@jest/globals';
import { type BackupOptions, backUpDatabase } from '../../../daemon/store/backup.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { afterTest } from '../../support/after-test.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { indexedRpm, kojiBuild, SEEDED, seedStore, storedFile } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';
import { startTypescript } from '../../support/typescript-process.ts';

// The writer has the machine to share with every other test.
jest.setTimeout(60_000);

const INDEX_IN_ORDER = new URL('../programs/index-in-order.ts', import.meta.url);
const QUIETLY: BackupOptions = { overwrite: false, copied: () => undefined, checking: () => undefined };

/** A path for the copy, in a directory without anything else. */
function copyPath(): string {
  const directory = join(dirname(databasePath()), 'backup');
  mkdirSync(directory);
  return join(directory, 'copy.db');
}

describe('a backup under full write load', () => {
  /** Several steps of the copy. */
  const FILES = 60_000;
  const PER_STEP = 100;

  test('ends, and is the database as it was between two of the transactions', async () => {
    const path = databasePath();
    const store = storeAt(path);
    const files = Array.from({ length: FILES }, (_, i) => storedFile(`/usr/lib/${i}`, sha1BuildId(`f${i}`)));
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [indexedRpm(1, { files })]);
    const writer = startTypescript(INDEX_IN_ORDER, path, '2');
    await writer.linesUntil(1);

    // Between two steps the writer commits a hundred times: no chance decides whether it was at work.
    const db = new Sqlite(path, { readonly: true });
    afterTest(() => db.close());
    const count = db.prepare<[], number>('SELECT count(*) FROM build').pluck();
    const built = (): number => count.get() ?? 0;
    const before = built();
    let steps = 0;
    const copy = copyPath();
    await backUpDatabase(path, copy, {
      ...QUIETLY,
      copied: () => {
        steps++;
        const enough = built() + PER_STEP;
        while (built() < enough) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      },
    });
    expect(steps).toBeGreaterThan(3);
    expect(built()).toBeGreaterThanOrEqual(before + PER_STEP * steps);

    expect(inspect(copy, (each) => each.pragma('integrity_check', { simple: true }))).toBe('ok');
    expect(inspect(copy, (each) => each.pragma('foreign_key_check'))).toEqual([]);
    const counts = await storeAt(copy).index.counts();
    const [first, last, rows] = inspect(copy, (each) =>
      each
        .prepare<[], [number, number, number]>(
          'SELECT min(koji_build_id), max(koji_build_id), (SELECT count(*) FROM file) FROM build',
        )
        .raw()
        .get(),
    ) ?? [0, 0, 0];
    // The first so many transactions whole, and nothing of any later one.
    expect({ first, last }).toEqual({ first: 1, last: counts.builds });
    expect(counts).toMatchObject({ rpms: 1 + 3 * (last - 1), files: FILES + 60 * (last - 1) });
    expect(rows).toBe(counts.files);
    // The moment is that of the call: what the writer did while it was copied is not in it.
    expect(last).toBeGreaterThanOrEqual(before);
    expect(last).toBeLessThan(before + PER_STEP);
  });
});

describe('a backup', () => {
  async function seeded(): Promise<string> {
    const path = databasePath();
    const store = openStore(path);
    await seedStore(store);
    await store.close();
    return path;
  }

  test('holds what the database does, in one file that needs nothing beside it', async () => {
    const path = await seeded();
    const copy = copyPath();
    const bytes = await backUpDatabase(path, copy, QUIETLY);
    expect(readdirSync(dirname(copy))).toEqual(['copy.db']);
    expect(readFileSync(copy)).toHaveLength(bytes);
    expect(inspect(copy, (db) => db.pragma('journal_mode', { simple: true }))).toBe('delete');
    const [theirs, ours] = [await storeAt(path).index.counts(), await storeAt(copy).index.counts()];
    expect({ ...ours, databaseBytes: 0 }).toEqual({ ...theirs, databaseBytes: 0 });
    expect((await storeAt(copy).index.findByBuildIds([SEEDED.bin])).size).toBe(1);
  });

  test('leaves a file alone that has its name, unless it may replace it', async () => {
    const path = await seeded();
    const copy = copyPath();
    writeFileSync(copy, 'last night');
    await expect(backUpDatabase(path, copy, QUIETLY)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('--force'),
    });
    expect(readFileSync(copy, 'utf8')).toBe('last night');
    await backUpDatabase(path, copy, { ...QUIETLY, overwrite: true });
    expect(inspect(copy, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
  });

  test('never goes over the database itself, nor to a place that is none', async () => {
    const path = await seeded();
    const before = readFileSync(path);
    for (const target of [path, `${path}-wal`, dirname(path), join(dirname(path), 'no', 'copy.db')]) {
      await expect(backUpDatabase(path, target, { ...QUIETLY, overwrite: true })).rejects.toMatchObject({
        code: 'usage',
      });
    }
    expect(readFileSync(path)).toEqual(before);
  });

  test('of a damaged database is none: the last one stays, and nothing is left beside it', async () => {
    const path = await seeded();
    inspect(path, (db) => {
      // An index that lacks a row: what integrity_check is there to find.
      db.unsafeMode();
      db.exec(`PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE INDEX build_by_name ON build (version, name)'
          WHERE name = 'build_by_name'`);
    });
    const copy = copyPath();
    writeFileSync(copy, 'last night');
    await expect(backUpDatabase(path, copy, { ...QUIETLY, overwrite: true })).rejects.toMatchObject({
      code: 'store',
      message: expect.stringMatching(/copy is damaged.*build_by_name.*keep the last backup/),
    });
    expect(readFileSync(copy, 'utf8')).toBe('last night');
    expect(readdirSync(dirname(copy))).toEqual(['copy.db']);
  });

  test('removes what killed ones have left, and not what a living one makes', async () => {
    const path = await seeded();
    const copy = copyPath();
    // 2^22 is Linux's largest process id; nobody has the next one.
    const [dead, living, other] = [`${copy}.4194305.part`, `${copy}.1.part`, `${copy}.old.part`];
    for (const part of [dead, living, other]) writeFileSync(part, '');
    await backUpDatabase(path, copy, QUIETLY);
    expect([dead, living, other].map((part) => existsSync(part))).toEqual([false, true, true]);
  });

  test('of a database that is not there says so', async () => {
    await expect(backUpDatabase(databasePath(), copyPath(), QUIETLY)).rejects.toMatchObject({
      code: 'configuration',
    });
  });
});
