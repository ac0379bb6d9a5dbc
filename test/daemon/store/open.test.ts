import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { openStore, openStoreForReading } from '../../../daemon/store/sqlite-store.ts';
import { PRIORITY } from '../../../daemon/store/types.ts';
import { afterTest } from '../../support/after-test.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { indexedRpm, kojiBuild, SEEDED, seedStore, storedFile } from '../../support/seed-store.ts';
import { startTypescript } from '../../support/typescript-process.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

function pragma(path: string, name: string): unknown {
  return inspect(path, (db) => db.pragma(name, { simple: true }));
}

describe('opening the database', () => {
  test('makes it where there is none, with its marks and a write-ahead log', async () => {
    const path = databasePath();
    const store = openStore(path);
    expect(await store.ping()).toBe(true);
    await store.close();
    expect(pragma(path, 'application_id')).toBe(0x44535256);
    expect(pragma(path, 'user_version')).toBe(1);
    expect(pragma(path, 'journal_mode')).toBe('wal');
  });

  test('makes it in an empty file', async () => {
    const path = databasePath();
    writeFileSync(path, '');
    expect(await storeAt(path).ping()).toBe(true);
  });

  test('keeps what is there', async () => {
    const path = databasePath();
    const first = openStore(path);
    await seedStore(first);
    const counts = await first.index.counts();
    await first.close();
    const second = storeAt(path);
    expect({ ...(await second.index.counts()), databaseBytes: 0 }).toEqual({ ...counts, databaseBytes: 0 });
    expect((await second.index.findByBuildIds([SEEDED.bin])).size).toBe(1);
  });

  test('refuses the database of another program, and leaves it alone', () => {
    const path = databasePath();
    inspect(path, (db) => db.exec('CREATE TABLE theirs (x); PRAGMA user_version = 1'));
    const before = readFileSync(path);
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringContaining(path) }),
    );
    expect(readFileSync(path)).toEqual(before);
  });

  test('refuses a newer database, and says what to do', async () => {
    const path = databasePath();
    await openStore(path).close();
    inspect(path, (db) => db.pragma('user_version = 99'));
    for (const open of [openStore, openStoreForReading]) {
      expect(() => open(path)).toThrow(
        expect.objectContaining({
          code: 'configuration',
          message: expect.stringMatching(/schema version 99.* knows 1: install the newer darkserver/),
        }),
      );
    }
  });

  test('refuses a file that is no database', () => {
    const path = databasePath();
    writeFileSync(path, 'this is a text '.repeat(500));
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: expect.stringContaining('not an SQLite database'),
      }),
    );
  });

  test('names the directory that is missing', () => {
    const path = `${databasePath()}/not/there.db`;
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringContaining(path) }),
    );
  });

  test('is safe for several processes that start on a new file at once', async () => {
    const path = databasePath();
    const program = new URL('../programs/enqueue-once.ts', import.meta.url);
    const processes = [1, 2, 3, 4].map((id) => startTypescript(program, path, String(id)));
    for (const process of processes) expect(await process.finished()).toEqual(['queued 1']);
    expect(await storeAt(path).jobs.countByState()).toMatchObject({ queued: 4 });
  });
});

describe('opening the database for reading', () => {
  test('says so where there is none, and makes none', () => {
    const path = databasePath();
    expect(() => openStoreForReading(path)).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: expect.stringContaining('there is no database'),
      }),
    );
    expect(existsSync(path)).toBe(false);
  });

  test('says so where it is empty', () => {
    const path = databasePath();
    writeFileSync(path, '');
    expect(() => openStoreForReading(path)).toThrow(expect.objectContaining({ code: 'configuration' }));
  });

  test('reads beside a writer, and sees what it has written since', async () => {
    const path = databasePath();
    const writer = storeAt(path);
    const reader = openStoreForReading(path);
    afterTest(() => reader.close());
    await seedStore(writer);
    const found = await reader.index.findByBuildIds([SEEDED.bin]);
    expect(found.get(SEEDED.bin)?.[0]?.file.path).toBe('/usr/bin/hello');
    expect(await reader.jobs.find('nowhere', kojiBuild(1, {}).kojiBuildId)).toBeNull();
  });

  test('cannot write, and says why', async () => {
    const path = databasePath();
    const writer = storeAt(path);
    await seedStore(writer);
    const reader = openStoreForReading(path);
    afterTest(() => reader.close());
    const { kojiBuildId } = kojiBuild(77, {});
    await expect(reader.jobs.enqueue('fedora', [kojiBuildId], PRIORITY.push)).rejects.toMatchObject({
      code: 'store',
      message: expect.stringContaining(path),
    });
  });
});

describe('a database in trouble', () => {
  test('that is damaged says so, and what to do', async () => {
    const path = databasePath();
    const store = openStore(path);
    const buildIds = Array.from({ length: 20_000 }, (_, i) => sha1BuildId(i));
    await store.index.replaceBuild('fedora', kojiBuild(1, {}), [
      indexedRpm(1, { files: buildIds.map((id, i) => storedFile(`/usr/lib/${i}`, id)) }),
    ]);
    await store.close();
    const file = openSync(path, 'r+');
    for (let at = 100 * 4096; at < statSync(path).size; at += 4096)
      writeSync(file, Buffer.alloc(512, 0xa5), 0, 512, at);
    closeSync(file);
    const damaged = storeAt(path);
    await expect(damaged.index.findByBuildIds(buildIds)).rejects.toMatchObject({
      code: 'store',
      message: expect.stringMatching(/damaged: .*restore a backup/),
    });
  });

  test('that is closed does not answer its ping', async () => {
    const store = openStore(databasePath());
    await store.close();
    expect(await store.ping()).toBe(false);
  });
});
