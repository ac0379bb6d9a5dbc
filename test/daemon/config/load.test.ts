import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ConfigRequest, LoadedConfig } from '../../../daemon/config/load.ts';
import { DarkserverError } from '../../../shared/errors.ts';
import { loadConfig } from '../../../daemon/config/load.ts';

const directory = mkdtempSync(join(tmpdir(), 'darkserver-config-'));
const file = join(directory, 'darkserver.toml');
afterAll(() => {
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  writeFileSync(file, '');
});

function load(toml: string, request: Partial<ConfigRequest> = {}): LoadedConfig {
  writeFileSync(file, toml);
  return loadConfig({ file, environment: {}, flags: [], readToken: true, ...request });
}

function failure(run: () => unknown): DarkserverError {
  try {
    run();
  } catch (error) {
    if (error instanceof DarkserverError) return error;
    throw error;
  }
  throw new Error('the configuration was taken');
}

const originOf = (loaded: LoadedConfig, key: string) =>
  loaded.settings.find((setting) => setting.key === key)?.origin;

const KOJI = '[[koji]]\nname = "ours"\nhub = "https://k.example/kojihub"\ntopurl = "https://p.example"\n';

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
    const missing = join(directory, 'no-such.toml');
    const named = failure(() => load('', { file: missing }));
    expect(named.code).toBe('configuration');
    expect(named.message).toContain(missing);
    const variable = { DARKSERVER_CONFIG: missing };
    expect(failure(() => load('', { file: undefined, environment: variable })).message).toContain(missing);
  });

  test('DARKSERVER_CONFIG names the file, --config wins', () => {
    const other = join(directory, 'other.toml');
    writeFileSync(other, '[indexer]\nworkers = 7\n');
    const environment = { DARKSERVER_CONFIG: other };
    expect(load('', { file: undefined, environment }).config.indexer.workers).toBe(7);
    expect(load('', { environment }).config.indexer.workers).toBe(3);
  });
});

describe('layers', () => {
  test('flags over environment over file over defaults, and each says where it came from', () => {
    const toml = '[indexer]\nworkers = 1\nscan = "header"\n\n[log]\nlevel = "warn"\n';
    const loaded = load(toml, {
      environment: { DARKSERVER_INDEXER_WORKERS: '2', DARKSERVER_LOG_LEVEL: 'debug' },
      flags: [{ key: 'indexer.workers', value: '0', name: '--workers' }],
    });
    expect(loaded.config.indexer).toEqual({ workers: 0, scan: 'header' });
    expect(loaded.config.log.level).toBe('debug');
    expect(originOf(loaded, 'indexer.workers')).toBe('flag --workers');
    expect(originOf(loaded, 'log.level')).toBe('environment DARKSERVER_LOG_LEVEL');
    expect(originOf(loaded, 'indexer.scan')).toBe(`${file} line 3`);
    expect(originOf(loaded, 'log.format')).toBe('default');
  });

  test('an empty variable counts as not set', () => {
    expect(load('', { environment: { DARKSERVER_INDEXER_WORKERS: '' } }).config.indexer.workers).toBe(3);
  });

  test('a list of the environment is written with commas', () => {
    const environment = { DARKSERVER_KOJI_SKIP_ARCHES: 'src, s390x' };
    expect(load('', { environment }).config.koji[0].skipArches).toEqual(['src', 's390x']);
  });

  test('another hub without a [[koji]] keeps the default name, and has none of the addresses', () => {
    const environment = {
      DARKSERVER_KOJI_HUB: 'http://127.0.0.1:9/kojihub',
      DARKSERVER_KOJI_TOPURL: 'http://127.0.0.1:9/topdir/',
    };
    const [koji] = load('', { environment }).config.koji;
    expect(koji).toMatchObject({ name: 'fedora', topurl: 'http://127.0.0.1:9/topdir', web: null });
    const named = load('', { environment: { ...environment, DARKSERVER_KOJI_NAME: 'lab' } });
    expect(named.config.koji[0].name).toBe('lab');
  });

  test("Fedora's own hub, said aloud, is still Fedora", () => {
    const environment = { DARKSERVER_KOJI_HUB: 'https://koji.fedoraproject.org/kojihub' };
    expect(load('', { environment }).config).toEqual(load('').config);
  });

  test('another hub without the address of its files is an error', () => {
    const error = failure(() => load('', { environment: { DARKSERVER_KOJI_HUB: 'http://127.0.0.1:9/hub' } }));
    expect(error.message).toMatch(/^koji\.topurl is missing .*DARKSERVER_KOJI_TOPURL/);
  });

  test('a mirror of the files leaves the instance what it is', () => {
    const environment = { DARKSERVER_KOJI_TOPURL: 'https://mirror.example' };
    expect(load('', { environment }).config.koji[0]).toMatchObject({
      name: 'fedora',
      topurl: 'https://mirror.example',
    });
  });

  test('environment and flags go to the first of several Kojis', () => {
    const { config } = load(`${KOJI}${KOJI.replace('ours', 'theirs')}`, {
      environment: { DARKSERVER_KOJI_MAX_CONNECTIONS: '2' },
      flags: [{ key: 'koji.hub', value: 'http://127.0.0.1:9/kojihub', name: '--koji-hub' }],
    });
    expect(config.koji.map(({ name, hub, maxConnections }) => [name, hub, maxConnections])).toEqual([
      ['ours', 'http://127.0.0.1:9/kojihub', 2],
      ['theirs', 'https://k.example/kojihub', 8],
    ]);
  });

  test('paths of the file are taken from its directory', () => {
    const loaded = load(`[database]\npath = "d/x.db"\n${KOJI}topdir = "/mnt/koji"\n`, {
      flags: [{ key: 'koji.topdir', value: 'here', name: '--flag' }],
    });
    expect(loaded.config.database.path).toBe(join(directory, 'd/x.db'));
    expect(loaded.config.koji[0].topdir).toBe('here');
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
        `http.listen is "${listen}" (${file} line 2): give HOST:PORT, as in "127.0.0.1:8080" or "[::1]:8080" (port 0: any free one)`,
      );
    },
  );

  test.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
  ])('%s is a duration', (text, milliseconds) => {
    const { koji } = load(`${KOJI}reconcile_interval = "${text}"\n`).config;
    expect(koji[0].reconcileInterval).toBe(milliseconds);
  });

  test.each(['"5"', '5', '"5 minutes"', '"0s"', '"31d"', '"-5m"'])('%s is no duration', (text) => {
    const error = failure(() => load(`${KOJI}reconcile_interval = ${text}\n`));
    expect(error.message).toMatch(/^koji\.reconcile_interval is .* line 5\): give a number and a unit/);
  });

  test('ids of keys are of 8 or 16 hex digits, of any case', () => {
    const { koji } = load(`${KOJI}sigkeys = ["A15B79CC", "0123456789abcdef"]\n`).config;
    expect(koji[0].sigkeys).toEqual(['a15b79cc', '0123456789abcdef']);
  });

  test.each(['["a15b79"]', '["a15b79cc0"]', '["../../../"]', '[""]', '"a15b79cc"', '[7]'])(
    '%s are no ids of keys',
    (keys) => {
      const error = failure(() => load(`${KOJI}sigkeys = ${keys}\n`));
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
      `indexer.workers is ${workers} (${file} line 3): give a whole number from 0 to 256`,
    );
  });

  test('a retrace server is a URL with the names of what an RPM has', () => {
    const template = 'https://retrace.example/{dist}/{letter}/{nvra}.rpm?arch={arch}';
    expect(load(`${KOJI}retrace = "${template}"\n`).config.koji[0].retrace).toBe(template);
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
    const error = failure(() => load(`${KOJI}retrace = "${template}"\n`));
    expect(error.message).toMatch(/^koji\.retrace is .* line 5\): give an http:.*\{nvra\}/);
  });

  test('trailing slashes of URLs are trimmed', () => {
    expect(load(KOJI.replace('p.example', 'p.example//')).config.koji[0].topurl).toBe('https://p.example');
  });

  test.each(['ftp://p.example', 'p.example', 'https://u:p@p.example', 'https://p.example/?x=1', 'https://'])(
    '%s is no address of a Koji',
    (topurl) => {
      const error = failure(() => load(KOJI.replace('https://p.example', topurl)));
      expect(error.message).toMatch(/^koji\.topurl is .* line 4\): give an http:\/\/ or https:\/\/ URL/);
    },
  );

  test.each(['local', '', 'a b', '-x', 'ä'])('"%s" is no name of an instance', (name) => {
    expect(failure(() => load(KOJI.replace('ours', name))).message).toMatch(/^koji\.name is .* line 2\)/);
  });
});

describe('repositories', () => {
  const UPDATES = '[[koji.repository]]\nname = "updates"\nbaseurl = "https://m.example/updates/"\n';
  const FEDORA =
    '[[koji.repository]]\nname = "fedora"\nmetalink = "https://l.example/metalink?repo=f40&arch=x86_64"\nrefresh_interval = "6h"\n';

  test('belong to the Koji above them, in the order of the file', () => {
    const { config } = load(`${KOJI}${UPDATES}${FEDORA}${KOJI.replace('ours', 'theirs')}${FEDORA}`);
    const fedora = {
      name: 'fedora',
      source: { kind: 'metalink', url: 'https://l.example/metalink?repo=f40&arch=x86_64' },
      refreshInterval: 21_600_000,
    };
    expect(config.koji.map(({ repositories }) => repositories)).toEqual([
      [
        {
          name: 'updates',
          source: { kind: 'baseurl', url: 'https://m.example/updates' },
          refreshInterval: 3_600_000,
        },
        fedora,
      ],
      [fedora],
    ]);
  });

  test('are listed with their origins', () => {
    const loaded = load(`${KOJI}${UPDATES}${FEDORA}`);
    const listed = loaded.settings.filter(({ key }) => key.startsWith('koji.repository.'));
    expect(listed.map(({ key, origin }) => [key, origin])).toEqual([
      ['koji.repository.name of "updates"', `${file} line 6`],
      ['koji.repository.baseurl of "updates"', `${file} line 7`],
      ['koji.repository.refresh_interval of "updates"', 'default'],
      ['koji.repository.name of "fedora"', `${file} line 9`],
      ['koji.repository.metalink of "fedora"', `${file} line 10`],
      ['koji.repository.refresh_interval of "fedora"', `${file} line 11`],
    ]);
  });

  test.each([
    [
      `${KOJI}${UPDATES}mirrolist = "x"\n`,
      'koji.repository.mirrolist (FILE line 8) is not known: did you mean koji.repository.mirrorlist?',
    ],
    [
      `${KOJI}${UPDATES}${FEDORA}[koji.repository.x]\n`,
      'koji.repository.x of "fedora" (FILE line 12) is not known: did you mean koji.repository.name?',
    ],
    [
      `${KOJI}[[koji.repositories]]\n`,
      'koji.repositories (FILE line 5) is not known: did you mean [[koji.repository]]?',
    ],
    ['[[repositry]]\n', 'repositry (FILE line 1) is not known: did you mean [[koji.repository]]?'],
    [
      `${KOJI}${UPDATES}mirrorlist = "https://l.example/list?x"\n`,
      'koji.repository.mirrorlist is "https://l.example/list?x" (FILE line 8): give exactly one of baseurl, mirrorlist, metalink',
    ],
    [
      `${KOJI}[[koji.repository]]\nname = "x"\n`,
      'koji.repository.baseurl is missing (FILE line 5): give exactly one of baseurl, mirrorlist, metalink',
    ],
    [
      `${KOJI}${UPDATES}${FEDORA}${UPDATES}`,
      'koji.repository.name of "updates" is "updates" (FILE line 13): give each repository of a Koji a name of its own',
    ],
    [
      `${KOJI}${UPDATES}${FEDORA.replace('f40', '$releasever')}`,
      'koji.repository.metalink of "fedora" is "https://l.example/metalink?repo=$releasever&arch=x86_64" (FILE line 10): give an http:// or https:// URL without user or fragment, $releasever and $basearch written out',
    ],
  ])('%j is wrong', (toml, message) => {
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toBe(message.replaceAll('FILE', file));
  });

  test('cannot be given by the environment', () => {
    const environment = { DARKSERVER_KOJI_REPOSITORY: 'x' };
    expect(failure(() => load('', { environment })).message).toContain('is not known');
  });
});

describe('errors', () => {
  test.each([
    ['[indexer]\nworker = 3\n', 'indexer.worker', 2, 'indexer.workers'],
    ['[indxer]\nworkers = 3\n', 'indxer', 1, '[indexer]'],
    ['listen = "127.0.0.1:1"\n', 'listen', 1, 'http.listen'],
    [`${KOJI}toppurl = "x"\n`, 'koji.toppurl', 5, 'koji.topurl'],
    ['[push]\n\n"token-file" = "x"\n', 'push.token-file', 3, 'push.token_file'],
  ])('an unknown key is named with its nearest one: %j', (toml, key, line, suggestion) => {
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toBe(`${key} (${file} line ${line}) is not known: did you mean ${suggestion}?`);
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
    const error = failure(() => load(`${KOJI}${KOJI}`));
    expect(error.message).toBe(
      `koji.name of "ours" is "ours" (${file} line 6): give each Koji a name of its own`,
    );
  });

  test('a Koji needs a hub, and the message says which Koji', () => {
    const error = failure(() => load(`${KOJI}\n[[koji]]\nname = "b"\ntopurl = "https://p.example"\n`));
    expect(error.message).toMatch(
      new RegExp(`^koji.hub of "b" is missing \\(${file} line 6\\): give an http`),
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
    expect(failure(() => load('', { file: directory })).message).toContain('it is a directory');
  });
});

describe('the push token', () => {
  const tokenFile = join(directory, 'push.token');
  const toml = `[push]\ntoken_file = "push.token"\n`;

  test('is read and trimmed, and its place is shown in its stead', () => {
    writeFileSync(tokenFile, ' s3cret\n', { mode: 0o600 });
    const loaded = load(toml);
    expect(loaded.config.push.token).toBe('s3cret');
    expect(loaded.warnings).toEqual([]);
    expect(JSON.stringify(loaded.settings)).not.toContain('s3cret');
    expect(loaded.settings.find(({ key }) => key === 'push.token_file')?.value).toBe(
      JSON.stringify(tokenFile),
    );
  });

  test('that everybody may read is a warning', () => {
    writeFileSync(tokenFile, 's3cret\n');
    chmodSync(tokenFile, 0o644);
    expect(load(toml).warnings).toEqual([
      `push.token_file: ${tokenFile} is open to every user of this machine: chmod o= ${tokenFile}`,
    ]);
  });

  test.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['two words\n', 'one word'],
    ['a\nb\n', 'one word'],
    ['schlüssel', 'one word'],
  ])('%j is none', (content, message) => {
    writeFileSync(tokenFile, content);
    const error = failure(() => load(toml));
    expect(error.code).toBe('configuration');
    expect(error.message).toContain(`push.token_file (${file} line 2): ${tokenFile}`);
    expect(error.message).toContain(message);
  });

  test('that is not there is an error, unless the program takes no pushes', () => {
    const absent = toml.replace('push.token', 'absent.token');
    expect(failure(() => load(absent)).message).toContain('there is no such file');
    expect(load(absent, { readToken: false }).config.push.token).toBeNull();
  });

  test('in a directory is an error', () => {
    mkdirSync(join(directory, 'tokens'), { recursive: true });
    expect(failure(() => load(toml.replace('push.token', 'tokens'))).message).toContain('it is a directory');
  });
});
