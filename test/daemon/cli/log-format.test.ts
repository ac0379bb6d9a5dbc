import { expect, test } from '@jest/globals';
import { EXIT } from '../../../shared/errors.ts';
import { databasePath } from '../../support/database-file.ts';
import { darkserver, startDarkserver } from '../../support/darkserver.ts';
import { startFixtureKoji } from '../../support/fixture-koji.ts';

type Line = Readonly<Record<string, unknown>>;

const LOG = ['--log-format', 'json', '--log-level', 'debug'];

test('every line about a build, an RPM or a job says which, in fields', async () => {
  const { config, hub } = await startFixtureKoji();
  // Of the two builds that are announced, one has RPMs that are not where they must be.
  hub.files.removeDirectory('packages/greet');
  const running = startDarkserver(['--config', config, ...LOG, 'serve']);
  const [, url = ''] = await running.printed('stdout', /listening on (\S+)/);
  const body = JSON.stringify({ instance: 'lab', koji_build_ids: [3, 5] });
  await fetch(`${url}/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await running.printed('stderr', /the build failed/);
  await running.printed('stderr', /indexed the build/);
  running.signal('SIGTERM');
  const { stderr } = await running.ended;

  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const about = (start: string): Line =>
    lines.find(({ message }) => String(message).startsWith(start)) ?? { missing: start };
  const build = { instance: 'lab', koji_build_id: expect.any(Number) };
  expect(about('indexed the build')).toMatchObject({ ...build, job_id: expect.any(Number), level: 'info' });
  expect(about('the build failed')).toMatchObject({
    ...{ ...build, koji_build_id: 3, job_id: expect.any(Number), code: 'missing_file' },
    next_attempt: expect.stringMatching(/^20.*Z$/),
  });
  expect(about('greet-')).toMatchObject({
    ...{ ...build, koji_build_id: 3, koji_rpm_id: expect.any(Number), level: 'debug' },
  });
  for (const line of lines) {
    expect(line).toMatchObject({ level: expect.any(String), timestamp: expect.stringMatching(/^20.*Z$/) });
    if ('koji_build_id' in line || 'job_id' in line || 'koji_rpm_id' in line)
      expect(line).toMatchObject(build);
  }
});

test('a format that does not exist is wrong usage', async () => {
  const { code, stderr } = await darkserver(['--database', databasePath(), '--log-format', 'xml', 'status']);
  expect(code).toBe(EXIT.usage);
  expect(stderr).toContain('log.format is "xml" (flag --log-format): give one of "text", "json"');
});
