import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { createLog } from '../../daemon/log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PROGRAM = fileURLToPath(new URL('./programs/log-levels.ts', import.meta.url));
const HOOKS = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));

/** What a process logs whose stderr is a file; `journal` is JOURNAL_STREAM, given the file as systemd names it. */
function logged(format: 'text' | 'json', journal: (stderr: string) => string): string[] {
  const path = join(temporaryDirectory(), 'stderr');
  const file = openSync(path, 'w');
  const { dev, ino } = fstatSync(file);
  const done = spawnSync(process.execPath, ['--no-warnings', '--import', HOOKS, PROGRAM, format], {
    stdio: ['ignore', 'pipe', file],
    env: { ...process.env, NODE_OPTIONS: '', JOURNAL_STREAM: journal(`${dev}:${ino}`) },
    encoding: 'utf8',
  });
  closeSync(file);
  expect({ status: done.status, stdout: done.stdout }).toEqual({ status: 0, stdout: '' });
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}

test('the journal is told how much each line matters', () => {
  expect(logged('text', (stderr) => stderr).map((line) => line.replace(/\d{4}-\S+Z/, 'TIME'))).toEqual([
    '<3>TIME error a line of error koji_build_id=3',
    '<4>TIME warn a line of warn koji_build_id=3',
    '<6>TIME info a line of info koji_build_id=3',
    '<7>TIME debug a line of debug koji_build_id=3',
  ]);
  const [first = ''] = logged('json', (stderr) => stderr);
  expect(first).toMatch(/^<3>\{/);
  expect(JSON.parse(first.slice(3))).toMatchObject({ level: 'error', koji_build_id: 3 });
});

test('a file or pipe that is not the journal gets the lines alone', () => {
  const [text = ''] = logged('text', () => '1:1');
  expect(text).toMatch(/^\d{4}-\S+Z error a line of error koji_build_id=3$/);
  const [json = ''] = logged('json', () => '');
  expect(JSON.parse(json)).toMatchObject({ level: 'error', message: 'a line of error' });
});

test('a log says whether lines of debug are for nobody', () => {
  expect(createLog('debug', 'text').showsDebug).toBe(true);
  expect(createLog('info', 'text').showsDebug).toBe(false);
});
