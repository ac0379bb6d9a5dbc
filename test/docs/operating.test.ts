import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { EXIT } from '../../shared/errors.ts';
import { inspect, storeAt } from '../support/database-file.ts';
import { darkserver } from '../support/darkserver.ts';
import { startFixtureKoji } from '../support/fixture-koji.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

jest.setTimeout(120_000);

const OPERATING = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');

/** Lines of the code blocks that are for a shell. */
const LINES = [...OPERATING.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
  block.trimEnd().split('\n'),
);

/** Darkserver's own, up to a pipe; each once, in the order of the page. */
const COMMANDS = [
  ...new Set(
    LINES.filter((line) => line.startsWith('darkserver ')).map((line) => line.split(' | ')[0] ?? ''),
  ),
];

describe('docs/operating.md', () => {
  let help: string;
  beforeAll(async () => {
    help = (await darkserver(['--help'])).stdout;
  });

  test('names commands that there are', () => {
    const named = [...OPERATING.matchAll(/(?:^|`|root {2})darkserver (--)?([a-z][a-z-]*)/gm)].map(
      ([, , name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !new RegExp(`^ {2}${name}\\b`, 'm').test(help))).toEqual([]);
  });

  test('has links that lead somewhere', () => {
    const anchors = [...OPERATING.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    const links = [...OPERATING.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = '']) => anchor);
    expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
  });

  test('has commands of darkserver that work as they stand', async () => {
    const { config, database } = await startFixtureKoji();
    const directory = temporaryDirectory();
    await darkserver(['--config', config, '--log-level', 'error', 'backfill', '--from', '3', '--to', '5']);
    const ended: [string, number | null][] = [];
    for (const command of COMMANDS) {
      const args = command
        .split(' ')
        .slice(1)
        .map((arg) =>
          arg.replace('/srv/backup', directory).replace('kernel-6.12.0-1.fc42', 'greet-1.0-1.fc40'),
        );
      ended.push([command, (await darkserver(['--config', config, '--log-level', 'error', ...args])).code]);
    }
    expect(ended.length).toBeGreaterThan(8);
    expect(ended.filter(([, code]) => code !== EXIT.done)).toEqual([]);
    expect(await storeAt(database).ping()).toBe(true);
  });

  test('restores as it says, with all that lies beside the damaged database moved away', async () => {
    const { config, database } = await startFixtureKoji();
    const directory = temporaryDirectory();
    const run = (...args: string[]) => darkserver(['--config', config, '--log-level', 'error', ...args]);
    await run('backfill', '--from', '3', '--to', '3');
    expect((await run('backup', join(directory, 'darkserver.db'))).code).toBe(EXIT.done);
    const before = (await run('status')).stdout;
    // Something that was written since, and is in the log alone.
    inspect(database, (db) => {
      db.exec('UPDATE build SET version = 9');
      const steps = LINES.filter((line) => /^(cd|for|install) /.test(line));
      expect(steps).toHaveLength(3);
      const script = steps
        .join('\n')
        .replaceAll('/var/lib/darkserver', join(database, '..'))
        .replaceAll('/srv/backup', directory)
        .replace('-o darkserver -g darkserver ', '');
      const done = spawnSync('bash', ['-e', '-c', script], { encoding: 'utf8' });
      expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: '' });
    });
    expect((await run('status')).stdout.replace(/database .*/, '')).toBe(before.replace(/database .*/, ''));
    expect(inspect(database, (db) => db.prepare('SELECT DISTINCT version FROM build').pluck().all())).toEqual(
      ['1.0'],
    );
  });

  test('puts a build aside with a statement that does', async () => {
    const { config, database } = await startFixtureKoji();
    await darkserver(['--config', config, 'enqueue', '3', '4']);
    const sql = /"(DELETE FROM job WHERE koji_build_id = )\d+"/.exec(OPERATING)?.[1] ?? '';
    expect(inspect(database, (db) => db.prepare(`${sql}3`).run().changes)).toBe(1);
    expect(await storeAt(database).jobs.countByState()).toMatchObject({ queued: 1 });
  });
});
