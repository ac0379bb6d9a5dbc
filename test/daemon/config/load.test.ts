import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../../daemon/config/load.ts';
import { CONFIG_DIRECTORY, CONFIG_FILE, KOJI_TOML, failure, load } from '../../support/config-file.ts';

describe('defaults', () => {
  test('without a word, it is Fedora and loopback', () => {
    const { config, warnings } = load('');
    expect(config).toEqual({
      http: { listen: { host: '127.0.0.1', port: 8080 }, trustedProxies: [], rateLimit: null },
      database: { path: '/var/lib/darkserver/darkserver.db' },
      push: { token: null },
      indexer: { workers: 3, scan: 'auto' },
      log: { level: 'info', format: 'text' },
      koji: [
        {
          name: 'fedora',
          hub: 'https://koji.fedoraproject.org/kojihub',
          topurl: 'https://kojipkgs.fedoraproject.org',
          web: 'https://koji.fedoraproject.org/koji',
          topdir: null,
          skipArches: ['src'],
          sigkeys: [],
          retrace: null,
          reconcileInterval: 300_000,
          sweepInterval: 86_400_000,
          maxConnections: 8,
          maxBytesPerSecond: null,
          repositories: [],
        },
      ],
    });
    expect(warnings).toEqual([]);
  });

  test('the example file says what the defaults are, and every key of them', () => {
    const example = new URL('../../../daemon/config/darkserver.toml', import.meta.url).pathname;
    const read = loadConfig({ file: example, environment: {}, flags: [], readToken: true });
    expect(read.config).toEqual(load('').config);
    const unset = read.settings.filter(({ origin }) => origin === 'default').map(({ key }) => key);
    expect(unset).toEqual([
      ...['http.rate_limit', 'push.token_file', 'koji.topdir', 'koji.retrace', 'koji.max_bytes_per_second'],
    ]);
  });

  test('a file that somebody named must be there, the default one need not', () => {
    const missing = join(CONFIG_DIRECTORY, 'no-such.toml');
    const named = failure(() => load('', { file: missing }));
    expect(named.code).toBe('configuration');
    expect(named.message).toContain(missing);
    const variable = { DARKSERVER_CONFIG: missing };
    expect(failure(() => load('', { file: undefined, environment: variable })).message).toContain(missing);
  });

  test('DARKSERVER_CONFIG names the file, --config wins', () => {
    const other = join(CONFIG_DIRECTORY, 'other.toml');
    writeFileSync(other, '[indexer]\nworkers = 7\n');
    const environment = { DARKSERVER_CONFIG: other };
    expect(load('', { file: undefined, environment }).config.indexer.workers).toBe(7);
    expect(load('', { environment }).config.indexer.workers).toBe(3);
  });
});

describe('values', () => {
  test.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['[::1]:8080', '::1', 8080],
    ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
    ['darkserver.example:65535', 'darkserver.example', 65_535],
  ])('listens on %s', (listen, host, port) => {
    expect(load(`[http]\nlisten = "${listen}"\n`).config.http.listen).toEqual({ host, port });
  });

  test.each(['8080', ':8080', '::1:8080', 'localhost', 'localhost:65536', 'a b:1', '[::1]', 'http://x:1'])(
    'does not listen on %s',
    (listen) => {
      const error = failure(() => load(`[http]\nlisten = "${listen}"\n`));
      expect(error.code).toBe('configuration');
      expect(error.message).toBe(
        `http.listen is "${listen}" (${CONFIG_FILE} line 2): give HOST:PORT, as in "127.0.0.1:8080" or "[::1]:8080" (port 0: any free one)`,
      );
    },
  );

  test.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
  ])('%s is a duration', (text, milliseconds) => {
    const { koji } = load(`${KOJI_TOML}reconcile_interval = "${text}"\n`).config;
    expect(koji[0].reconcileInterval).toBe(milliseconds);
  });

  test.each(['"5"', '5', '"5 minutes"', '"0s"', '"31d"', '"-5m"'])('%s is no duration', (text) => {
    const error = failure(() => load(`${KOJI_TOML}reconcile_interval = ${text}\n`));
    expect(error.message).toMatch(/^koji\.reconcile_interval is .* line 5\): give a number and a unit/);
  });

  test('ids of keys are of 8 or 16 hex digits, of any case', () => {
    const { koji } = load(`${KOJI_TOML}sigkeys = ["A15B79CC", "0123456789abcdef"]\n`).config;
    expect(koji[0].sigkeys).toEqual(['a15b79cc', '0123456789abcdef']);
  });

  test.each(['["a15b79"]', '["a15b79cc0"]', '["../../../"]', '[""]', '"a15b79cc"', '[7]'])(
    '%s are no ids of keys',
    (keys) => {
      const error = failure(() => load(`${KOJI_TOML}sigkeys = ${keys}\n`));
      expect(error.message).toMatch(
        /^koji\.sigkeys.* is .* line 5\): give a list of key ids of 8 or 16 hex digits/,
      );
    },
  );

  test.each([
    ['"3"', 'a text'],
    ['-1', 'less than none'],
    ['2.5', 'a fraction'],
    ['257', 'too many'],
    ['true', 'a boolean'],
  ])('%s workers are %s', (workers) => {
    const error = failure(() => load(`# first\n[indexer]\nworkers = ${workers}\n`));
    expect(error.message).toBe(
      `indexer.workers is ${workers} (${CONFIG_FILE} line 3): give a whole number from 0 to 256`,
    );
  });

  test('a retrace server is a URL with the names of what an RPM has', () => {
    const template = 'https://retrace.example/{dist}/{letter}/{nvra}.rpm?arch={arch}';
    expect(load(`${KOJI_TOML}retrace = "${template}"\n`).config.koji[0].retrace).toBe(template);
  });

  test.each([
    'https://retrace.example/',
    'https://retrace.example/{nvr}',
    'https://retrace.example/{}/{nvra}',
    'https://{name}.example/{nvra}',
    'ftp://retrace.example/{nvra}',
    'https://user:password@retrace.example/{nvra}',
    '{nvra}',
  ])('"%s" is no retrace server', (template) => {
    const error = failure(() => load(`${KOJI_TOML}retrace = "${template}"\n`));
    expect(error.message).toMatch(/^koji\.retrace is .* line 5\): give an http:.*\{nvra\}/);
  });

  test('trailing slashes of URLs are trimmed', () => {
    expect(load(KOJI_TOML.replace('p.example', 'p.example//')).config.koji[0].topurl).toBe(
      'https://p.example',
    );
  });

  test.each(['ftp://p.example', 'p.example', 'https://u:p@p.example', 'https://p.example/?x=1', 'https://'])(
    '%s is no address of a Koji',
    (topurl) => {
      const error = failure(() => load(KOJI_TOML.replace('https://p.example', topurl)));
      expect(error.message).toMatch(/^koji\.topurl is .* line 4\): give an http:\/\/ or https:\/\/ URL/);
    },
  );

  test.each(['local', '', 'a b', '-x', 'ä'])('"%s" is no name of an instance', (name) => {
    expect(failure(() => load(KOJI_TOML.replace('ours', name))).message).toMatch(
      /^koji\.name is .* line 2\)/,
    );
  });
});

describe('errors', () => {
  test.each([
    ['[indexer]\nworker = 3\n', 'indexer.worker', 2, 'indexer.workers'],
    ['[indxer]\nworkers = 3\n', 'indxer', 1, '[indexer]'],
    ['listen = "127.0.0.1:1"\n', 'listen', 1, 'http.listen'],
    [`${KOJI_TOML}toppurl = "x"\n`, 'koji.toppurl', 5, 'koji.topurl'],
    ['[push]\n\n"token-file" = "x"\n', 'push.token-file', 3, 'push.token_file'],
  ])('an unknown key is named with its nearest one: %j', (toml, key, line, suggestion) => {
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toBe(
      `${key} (${CONFIG_FILE} line ${line}) is not known: did you mean ${suggestion}?`,
    );
  });

  test('an unknown variable of ours is an error', () => {
    const error = failure(() => load('', { environment: { DARKSERVER_DATABSE_PATH: '/x' } }));
    expect(error.code).toBe('configuration');
    expect(error.message).toBe(
      'environment DARKSERVER_DATABSE_PATH is not known: did you mean DARKSERVER_DATABASE_PATH?',
    );
  });

  test('variables of darkclient and of Kubernetes are left alone', () => {
    const environment = {
      DARKSERVER_URL: 'http://127.0.0.1:8080',
      DARKSERVER_SERVICE_HOST: '10.0.0.1',
      DARKSERVER_SERVICE_PORT_HTTP: '8080',
      DARKSERVER_PORT: 'tcp://10.0.0.1:8080',
      DARKSERVER_PORT_8080_TCP_ADDR: '10.0.0.1',
      PATH: '/usr/bin',
    };
    expect(load('', { environment }).config.indexer.workers).toBe(3);
  });

  test('a bad variable is named', () => {
    const error = failure(() => load('', { environment: { DARKSERVER_INDEXER_WORKERS: 'many' } }));
    expect(error.code).toBe('configuration');
    expect(error.message).toContain('indexer.workers is "many" (environment DARKSERVER_INDEXER_WORKERS)');
  });

  test('a bad flag alone is bad usage', () => {
    const flags = [{ key: 'log.level', value: 'loud', name: '--log-level' }];
    const error = failure(() => load('', { flags }));
    expect(error.code).toBe('usage');
    expect(error.message).toBe(
      'log.level is "loud" (flag --log-level): give one of "error", "warn", "info", "debug"',
    );
    expect(failure(() => load('[x]\n', { flags })).code).toBe('configuration');
  });

  test('all problems are told at once', () => {
    const error = failure(() => load('[indexer]\nworkers = -1\nscan = "all"\n[log]\nlevle = "info"\n'));
    expect(error.message.split('\n')).toHaveLength(3);
  });

  test('two Kojis cannot share a name', () => {
    const error = failure(() => load(`${KOJI_TOML}${KOJI_TOML}`));
    expect(error.message).toBe(
      `koji.name of "ours" is "ours" (${CONFIG_FILE} line 6): give each Koji a name of its own`,
    );
  });

  test('a Koji needs a hub, and the message says which Koji', () => {
    const error = failure(() => load(`${KOJI_TOML}\n[[koji]]\nname = "b"\ntopurl = "https://p.example"\n`));
    expect(error.message).toMatch(
      new RegExp(`^koji.hub of "b" is missing \\(${CONFIG_FILE} line 6\\): give an http`),
    );
  });

  test.each([
    ['[koji]\nname = "x"\n', /^koji is .*: begin each Koji with a line \[\[koji\]\]/],
    ['koji = [3]\n', /begin each Koji with a line \[\[koji\]\]/],
    ['http = 3\n', /^http is 3 \(.* line 1\): write it as a table that begins with a line \[http\]/],
    ['[http]\nlisten = \n', /line 2, column 10 is not TOML/],
    ['[http]\n[http]\n', /line 2, column \d+ is not TOML/],
  ])('%j is not the shape of a configuration', (toml, message) => {
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toMatch(message);
  });

  test('an empty list of Kojis is none, so that the default one holds', () => {
    expect(load('koji = []\n').config.koji[0].name).toBe('fedora');
  });

  test('a file without an end is not read to its end', () => {
    expect(failure(() => load('', { file: '/dev/zero' })).message).toContain('larger than');
  });

  test('a directory is no configuration file', () => {
    expect(failure(() => load('', { file: CONFIG_DIRECTORY })).message).toContain('it is a directory');
  });
});
