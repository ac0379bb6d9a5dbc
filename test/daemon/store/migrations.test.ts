import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { MIGRATIONS, type Migration } from '../../../daemon/store/migrations.ts';
import { openDatabase, openDatabaseForReading } from '../../../daemon/store/open.ts';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import { databasePath, inspect, storeAt } from '../../support/database-file.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { SEEDED, seedStore } from '../../support/seed-store.ts';

/**
 * No release has had another schema than version 1. So two are made up, -1 and 0: version 0 did not know which
 * builds have their RPMs, version -1 had no index by name either.
 */
const TO_FIRST: Migration = { from: -1, sql: 'CREATE INDEX rpm_by_name ON rpm (name, version)' };
const TO_SECOND: Migration = {
  from: 0,
  sql: 'ALTER TABLE build ADD COLUMN rpms_known INTEGER NOT NULL DEFAULT 1 CHECK (rpms_known IN (0, 1))',
};

/** A database as the made-up release would have left it, with rows in it. */
async function olderDatabase(version: -1 | 0): Promise<string> {
  const path = databasePath();
  const store = openStore(path);
  await seedStore(store);
  await store.close();
  inspect(path, (db) => {
    db.exec('ALTER TABLE build DROP COLUMN rpms_known');
    if (version === -1) db.exec('DROP INDEX rpm_by_name');
    db.pragma(`user_version = ${version}`);
  });
  return path;
}

function versionOf(path: string): unknown {
  return inspect(path, (db) => db.pragma('user_version', { simple: true }));
}

/** Columns and indexes, which is what queries need. */
function shapeOf(path: string): unknown {
  return inspect(path, (db) =>
    db
      .prepare(
        `SELECT t.name, c.name, c.type, c."notnull", c.pk FROM pragma_table_list AS t
         JOIN pragma_table_info(t.name) AS c WHERE t.schema = 'main'
         UNION ALL SELECT tbl_name, name, type, 0, 0 FROM sqlite_schema WHERE type = 'index' ORDER BY 1, 2`,
      )
      .raw()
      .all(),
  );
}

describe('a database of an older release', () => {
  test.each([-1, 0] as const)(
    'of version %i is brought to this one, with all that it holds',
    async (from) => {
      const path = await olderDatabase(from);
      const log = recordingLog();
      openDatabase(path, { migrations: [TO_SECOND, TO_FIRST], log }).close();
      expect(versionOf(path)).toBe(1);
      const fresh = databasePath();
      openDatabase(fresh).close();
      expect(shapeOf(path)).toEqual(shapeOf(fresh));
      const store = storeAt(path);
      expect((await store.index.findByBuildIds([SEEDED.bin])).get(SEEDED.bin)).toHaveLength(1);
      expect(log.lines).toEqual([
        expect.objectContaining({ level: 'info', fields: { database: path, from, to: 1 } }),
        expect.objectContaining({ level: 'info', message: 'the database is upgraded' }),
      ]);
      // It is upgraded once.
      const again = recordingLog();
      openDatabase(path, { migrations: [TO_SECOND, TO_FIRST], log: again }).close();
      expect(again.lines).toEqual([]);
    },
  );

  test('is as it was if a migration fails in the middle', async () => {
    const path = await olderDatabase(-1);
    const before = shapeOf(path);
    const broken: Migration = { from: 0, sql: 'DELETE FROM file; SELECT no_such_column FROM build' };
    expect(() => openDatabase(path, { migrations: [TO_FIRST, broken] })).toThrow('no_such_column');
    expect(versionOf(path)).toBe(-1);
    expect(shapeOf(path)).toEqual(before);
    expect(inspect(path, (db) => db.prepare('SELECT count(*) > 0 FROM file').pluck().get())).toBe(1);
  });

  test('is as it was if rows would refer to nothing', async () => {
    const path = await olderDatabase(0);
    const orphans: Migration = { from: 0, sql: `DELETE FROM build; ${TO_SECOND.sql}` };
    expect(() => openDatabase(path, { migrations: [orphans] })).toThrow(
      expect.objectContaining({ code: 'store', message: expect.stringMatching(/in table rpm, would refer/) }),
    );
    expect(versionOf(path)).toBe(0);
    expect(inspect(path, (db) => db.prepare('SELECT count(*) > 0 FROM build').pluck().get())).toBe(1);
  });

  test('is not changed by who only reads, and told who changes it', async () => {
    const path = await olderDatabase(0);
    expect(() => openDatabaseForReading(path, { migrations: [TO_SECOND] })).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: expect.stringMatching(/schema version 0.* knows 1: "darkserver serve" upgrades it/),
      }),
    );
    expect(versionOf(path)).toBe(0);
  });

  test('to which no migration leads is refused', async () => {
    const path = await olderDatabase(-1);
    expect(() => openDatabase(path, { migrations: [TO_SECOND] })).toThrow(
      expect.objectContaining({
        code: 'configuration',
        message: expect.stringContaining('cannot be upgraded'),
      }),
    );
    expect(versionOf(path)).toBe(-1);
  });
});

test('every version before that of schema.sql has its migration', () => {
  const schema = readFileSync(new URL('../../../schema.sql', import.meta.url), 'utf8');
  const version = Number(/^PRAGMA user_version = (\d+);/m.exec(schema)?.[1]);
  expect(MIGRATIONS.map(({ from }) => from)).toEqual(Array.from({ length: version - 1 }, (_, i) => i + 1));
});
