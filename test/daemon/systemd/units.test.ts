import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const UNITS = fileURLToPath(new URL('../../../daemon/systemd/', import.meta.url));

/** systemd's exposure level in tenths, from 0, nothing can be reached, to 100. */
const MOST_EXPOSED = '20';

/** The unit as `make install` writes it, with a program in its place that is there. */
function installed(unit: string, as: string): string {
  const directory = temporaryDirectory();
  const program = join(directory, 'darkserver');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const text = readFileSync(join(UNITS, unit), 'utf8');
  expect(text).toContain('ExecStart=@BINDIR@/darkserver ');
  const path = join(directory, as);
  writeFileSync(path, text.replaceAll('@BINDIR@', directory).replaceAll('@DOCDIR@', directory));
  return path;
}

test.each([
  ['darkserver.service', 'darkserver.service'],
  ['darkserver-worker@.service', 'darkserver-worker@4.service'],
])('systemd finds nothing wrong with %s, and little that it exposes', (unit, as) => {
  const path = installed(unit, as);
  const verify = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
  expect({ said: verify.stderr, status: verify.status }).toEqual({ said: '', status: 0 });
  const security = spawnSync(
    'systemd-analyze',
    ['security', '--no-pager', '--offline=true', `--threshold=${MOST_EXPOSED}`, path],
    { encoding: 'utf8' },
  );
  expect(security.stdout).toContain('Overall exposure level');
  expect(security.status).toBe(0);
});

test('the two units differ in what they start, and in no right', () => {
  const rights = (unit: string): string | undefined =>
    /^# \/var\/lib\/darkserver is all[^]*$/m.exec(readFileSync(join(UNITS, unit), 'utf8'))?.[0];
  expect(rights('darkserver.service')).toContain('NoNewPrivileges=yes');
  expect(rights('darkserver-worker@.service')).toBe(rights('darkserver.service'));
});
