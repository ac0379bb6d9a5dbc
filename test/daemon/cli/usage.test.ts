import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../shared/errors.ts';
import { VERSION } from '../../../daemon/version.ts';
import { databasePath } from '../../support/database-file.ts';
import { darkserver } from '../../support/darkserver.ts';

const directory = mkdtempSync(join(tmpdir(), 'darkserver-usage-'));
const badConfig = join(directory, 'bad.toml');
writeFileSync(badConfig, '# two mistakes\n[indexer]\nworkers = "many"\nworker = 3\n');
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Of each command: arguments that are right, and bad usage with a part of what is said of it. */
const COMMANDS: [command: string, good: string[], bad: string[], said: string][] = [
  ['serve', [], ['--listn', '127.0.0.1:0'], '(Did you mean --listen?)'],
  ['worker', [], ['none'], 'give a whole number from 1 to 256'],
  ['enqueue', ['1'], [], "missing required argument 'id|nvr'"],
  ['backfill', ['--all'], ['--all', '--tag', 'f41'], 'say which builds, in one way'],
  ['index', ['/tmp'], ['--scan', 'some', '/tmp'], 'Allowed choices are auto, header, payload'],
  ['lookup', ['0102'], ['--jsn', '0102'], '(Did you mean --json?)'],
  ['status', [], ['now'], 'too many arguments'],
  ['jobs', [], ['--state', 'done'], 'Allowed choices are queued, running, failed, parked'],
  ['retry', ['1'], [], 'name jobs, or say --failed'],
  ['verify', [], ['--sample', '0'], 'give a whole number from 1 on'],
  ['check-config', [], ['--verbose'], "unknown option '--verbose'"],
];

describe.each(COMMANDS)('darkserver %s', (command, good, bad, said) => {
  test('--help shows an example', async () => {
    const { code, stdout, stderr } = await darkserver([command, '--help']);
    expect(stdout).toMatch(new RegExp(`^Usage: darkserver ${command} `));
    expect(stdout).toMatch(new RegExp(`\\nExamples:\\n  darkserver .*${command}`));
    expect(stderr).toBe('');
    expect(code).toBe(EXIT.done);
  });

  test('bad usage ends with 4 and a hint', async () => {
    const { code, stdout, stderr } = await darkserver([command, ...bad]);
    expect(stderr).toContain(said);
    expect(stderr).toContain(`see 'darkserver ${command} --help'`);
    expect(stdout).toBe('');
    expect(code).toBe(EXIT.usage);
  });

  test("bad configuration ends with 5 and each key's name", async () => {
    const { code, stdout, stderr } = await darkserver(['--config', badConfig, command, ...good]);
    expect(stderr).toBe(
      `darkserver: indexer.workers is "many" (${badConfig} line 3): give a whole number from 0 to 256\n` +
        `darkserver: indexer.worker (${badConfig} line 4) is not known: did you mean indexer.workers?\n`,
    );
    expect(stdout).toBe('');
    expect(code).toBe(EXIT.configuration);
  });
});

describe('darkserver', () => {
  test('--help lists every command', async () => {
    const { code, stdout } = await darkserver(['--help']);
    for (const [command] of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}( |$)`, 'm'));
    expect(code).toBe(EXIT.done);
  });

  test('--version says which', async () => {
    expect(await darkserver(['--version'])).toEqual({ code: EXIT.done, stdout: `${VERSION}\n`, stderr: '' });
  });

  test('without a command it says what there is, and that this was bad usage', async () => {
    const { code, stdout, stderr } = await darkserver([]);
    expect(stderr).toContain('Commands:');
    expect(stdout).toBe('');
    expect(code).toBe(EXIT.usage);
  });

  test('a command that there is not is answered with the nearest one', async () => {
    const { code, stderr } = await darkserver(['serv']);
    expect(stderr).toContain('(Did you mean serve?)');
    expect(stderr).toContain("see 'darkserver --help'");
    expect(code).toBe(EXIT.usage);
  });

  test('a flag with a bad value is bad usage, and the key that it means is named', async () => {
    const { code, stderr } = await darkserver(['--log-level', 'loud', 'status']);
    expect(stderr).toBe(
      'darkserver: log.level is "loud" (flag --log-level): give one of "error", "warn", "info", "debug"\n' +
        "see 'darkserver status --help'\n",
    );
    expect(code).toBe(EXIT.usage);
  });

  test('global options may stand behind the command', async () => {
    const path = databasePath();
    const { code, stderr } = await darkserver(['status', '--database', path]);
    expect(stderr).toContain(`there is no database at ${path}`);
    expect(code).toBe(EXIT.configuration);
  });

  test('a configuration file that is named must be there', async () => {
    const missing = join(directory, 'missing.toml');
    const { code, stderr } = await darkserver(['--config', missing, 'status']);
    expect(stderr).toContain(missing);
    expect(code).toBe(EXIT.configuration);
  });

  test('a variable that looks like ours and is not is told', async () => {
    const environment = { DARKSERVER_DATABASE: '/tmp/x' };
    const { code, stderr } = await darkserver(['status'], { environment });
    expect(stderr).toContain('DARKSERVER_DATABASE is not known: did you mean DARKSERVER_DATABASE_PATH?');
    expect(code).toBe(EXIT.configuration);
  });
});
