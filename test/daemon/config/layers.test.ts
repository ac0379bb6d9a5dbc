import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  CONFIG_DIRECTORY,
  CONFIG_FILE,
  KOJI_TOML,
  failure,
  load,
  originOf,
} from '../../support/config-file.ts';

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
    expect(originOf(loaded, 'indexer.scan')).toBe(`${CONFIG_FILE} line 3`);
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
    const { config } = load(`${KOJI_TOML}${KOJI_TOML.replace('ours', 'theirs')}`, {
      environment: { DARKSERVER_KOJI_MAX_CONNECTIONS: '2' },
      flags: [{ key: 'koji.hub', value: 'http://127.0.0.1:9/kojihub', name: '--koji-hub' }],
    });
    expect(config.koji.map(({ name, hub, maxConnections }) => [name, hub, maxConnections])).toEqual([
      ['ours', 'http://127.0.0.1:9/kojihub', 2],
      ['theirs', 'https://k.example/kojihub', 8],
    ]);
  });

  test('paths of the file are taken from its directory', () => {
    const loaded = load(`[database]\npath = "d/x.db"\n${KOJI_TOML}topdir = "/mnt/koji"\n`, {
      flags: [{ key: 'koji.topdir', value: 'here', name: '--flag' }],
    });
    expect(loaded.config.database.path).toBe(join(CONFIG_DIRECTORY, 'd/x.db'));
    expect(loaded.config.koji[0].topdir).toBe('here');
  });
});
