import { afterAll, describe, expect, test } from '@jest/globals';
import { SqliteIndex } from '../../../daemon/store/index-store.ts';
import { Instances } from '../../../daemon/store/instances.ts';
import { JobList } from '../../../daemon/store/job-list.ts';
import { JobLocks } from '../../../daemon/store/job-locks.ts';
import { JobQueue } from '../../../daemon/store/job-queue.ts';
import { MirrorCopies } from '../../../daemon/store/mirror-copies.ts';
import { Reconciliation } from '../../../daemon/store/reconciliation.ts';
import { Repositories } from '../../../daemon/store/repositories.ts';
import { openDatabase, type Database } from '../../../daemon/store/open.ts';

/** Every statement that the store prepares. */
function statementsOf(db: Database): string[] {
  const statements: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (sql: string) => {
    statements.push(sql);
    return prepare(sql);
  };
  const instances = new Instances(db);
  new SqliteIndex(db, '', instances, Date.now);
  new JobQueue(db, instances, Date.now);
  new JobLocks(db);
  new JobList(db, instances, Date.now);
  new Reconciliation(db, instances);
  new Repositories(db, instances);
  new MirrorCopies(db, instances);
  db.prepare = prepare;
  return statements;
}

function planOf(db: Database, sql: string): string[] {
  const statement = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  const positional = (sql.match(/\?/g) ?? []).map(() => 1);
  const names = [...sql.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const named = Object.fromEntries(names.map((name) => [name, name === 'instances' ? '[1]' : 1]));
  const rows = names.length > 0 ? statement.all(named) : statement.all(...positional);
  return rows.map(({ detail }) => detail);
}

/** What may be read from end to end: tables of a few rows, and lists that the caller has given. */
const SMALL =
  /^SCAN (total|job_total|repository|repository_generation|json_each|asked|i|p|wait|CONSTANT ROW)\b/;
/** One pass over an index that holds only what is asked for: the running jobs. */
const RUNNING = /^(SEARCH|SCAN) job USING (COVERING )?INDEX job_running\b/;

describe('query plans', () => {
  const db = openDatabase(':memory:');
  afterAll(() => {
    db.close();
  });
  const statements = statementsOf(db);

  test('are there for the whole store', () => {
    expect(statements.length).toBeGreaterThan(40);
  });

  test.each(statements.filter((sql) => !sql.startsWith('INSERT')))('%s', (sql) => {
    const walks = planOf(db, sql).filter(
      (step) => step.startsWith('SCAN') && !SMALL.test(step) && !RUNNING.test(step),
    );
    expect(walks).toEqual([]);
  });

  test('of a look-up go by the index of build-ids', () => {
    const lookups = statements.filter((sql) => sql.includes('substr(build_id'));
    expect(lookups.length).toBeGreaterThanOrEqual(3);
    for (const sql of lookups) {
      const [file, ...others] = planOf(db, sql).filter((step) => step.startsWith('SEARCH'));
      expect(file).toMatch(/^SEARCH file USING INDEX file_by_build_id \(<expr>/);
      for (const other of others)
        expect(other).toMatch(/^SEARCH (rpm|build) USING INTEGER PRIMARY KEY \(rowid=\?\)/);
    }
  });

  test('of a path take the entries of its number, the newest first', () => {
    const lookups = statements.filter((sql) => sql.includes('INDEXED BY file_by_path'));
    expect(lookups).toHaveLength(2);
    for (const sql of lookups) {
      const plan = planOf(db, sql);
      expect(plan).toHaveLength(1);
      expect(plan[0]).toMatch(
        /^SEARCH file USING (COVERING )?INDEX file_by_path \(path_number=\? AND rowid[<>]/,
      );
    }
  });

  test('of a package make the list of its builds from indexes alone', () => {
    const [list = ''] = statements.filter((sql) => sql.includes('UNION SELECT build_key FROM rpm'));
    const plan = planOf(db, list);
    expect(plan).toContain('SEARCH build USING COVERING INDEX build_by_name (name=?)');
    expect(plan).toContain('SEARCH rpm USING COVERING INDEX rpm_by_name (name=?)');
    expect(plan).toContain('SEARCH build USING INTEGER PRIMARY KEY (rowid=?)');
  });

  test('of a claim take the first entry of an instance and a priority, in order', () => {
    const [claim = ''] = statements.filter((sql) => sql.startsWith('UPDATE job SET state = 1'));
    const plan = planOf(db, claim);
    expect(plan).toContain(
      'SEARCH job USING INDEX job_claimable (instance_key=? AND priority=? AND run_at<?)',
    );
  });
});
