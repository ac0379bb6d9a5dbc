import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { temporaryDirectory } from './support/temporary-directory.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('the RPM is of the version that package.json has', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(/^Version: +(\S+)$/m.exec(read('.ci/rpm/darkserver.spec'))?.[1]).toBe(version);
});

test('the users that systemd makes are those that the units and the RPM name', () => {
  const user = /^u (\S+) /m.exec(read('daemon/systemd/darkserver.sysusers'))?.[1];
  for (const unit of ['darkserver.service', 'darkserver-worker@.service']) {
    const text = read(`daemon/systemd/${unit}`);
    expect(/^User=(.*)$/m.exec(text)?.[1]).toBe(user);
    expect(/^Group=(.*)$/m.exec(text)?.[1]).toBe(user);
  }
  const root = temporaryDirectory();
  mkdirSync(`${root}/etc`);
  const made = spawnSync(
    'systemd-sysusers',
    [`--root=${root}`, '--inline', ...(read('daemon/systemd/darkserver.sysusers').match(/^u .*$/gm) ?? [])],
    { encoding: 'utf8' },
  );
  expect({ stderr: made.stderr.replace(/^Creating .*\n/gm, ''), status: made.status }).toEqual({
    stderr: '',
    status: 0,
  });
  expect(readFileSync(`${root}/etc/passwd`, 'utf8')).toMatch(
    new RegExp(`^${user ?? ''}:.*/var/lib/darkserver:`, 'm'),
  );
});
