import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fetch from 'node-fetch';
import {
  buildDirectory,
  buildWebUrl,
  isPathSegment,
  publishedUrl,
  rpmPath,
} from '../../../daemon/koji/paths.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';

const draft = { name: 'hello2', version: '1.0', release: '2,draft_1', volume: 'DEFAULT' };
const two = { name: 'hello2-two', version: '1.0', release: '2', arch: 'x86_64' };

describe('where Koji publishes files', () => {
  test('an RPM lies in the directory of its build under a name of its own', () => {
    expect(rpmPath(draft, two)).toBe('packages/hello2/1.0/2,draft_1/x86_64/hello2-two-1.0-2.x86_64.rpm');
  });

  test('a build on another volume lies under vol/', () => {
    expect(buildDirectory({ ...draft, volume: 'vol2', release: '2' })).toBe('vol/vol2/packages/hello2/1.0/2');
  });

  test('URLs have their characters escaped, all but "/" and ","', () => {
    const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
    expect(publishedUrl('https://k.example/top', `a/${printable}é`)).toBe(
      `https://k.example/top/a/%20!%22%23%24%25%26'()*%2B,-./0123456789%3A%3B%3C%3D%3E%3F%40` +
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%A9',
    );
  });

  test('the page of a build in kojiweb', () => {
    expect(buildWebUrl('https://koji.example.com/koji', 17 as KojiBuildId)).toBe(
      'https://koji.example.com/koji/buildinfo?buildID=17',
    );
  });

  test.each(['', '.', '..', 'a/b', '/', '../x', 'a\0b', 'a\nb', '\u007f', '\ud800', 'x'.repeat(256)])(
    'refuses %j as a name of a directory or file',
    (name) => {
      expect(isPathSegment(name)).toBe(false);
    },
  );

  test.each(['1.0', '...', '0.1.git..1', '~', 'naïve', '2,draft_1', '1:2', '%2e%2e', 'x'.repeat(255)])(
    'takes %j',
    (name) => {
      expect(isPathSegment(name)).toBe(true);
    },
  );
});

describe('URLs of odd names, asked of a real file server', () => {
  const root = mkdtempSync(join(tmpdir(), 'darkserver-paths-'));
  const server = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '-d', root], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let topurl = '';

  beforeAll(async () => {
    for await (const line of createInterface(server.stdout)) {
      topurl = /\((http:[^)]*)\/\)/.exec(line)?.[1] ?? '';
      break;
    }
  });

  afterAll(() => {
    server.kill();
    rmSync(root, { recursive: true });
  });

  test.each([
    ['libstdc++', '4.8.5', '44.el7'],
    ['foo', '1.0~rc1^20200101', '1'],
    ['hello2', '1.0', '2,draft_1'],
    ['odd name', '50%25', '#1?x=y&z;'],
    ['naïve', "'quoted'", '"1"'],
    ['at@home', '[1]', '$1:2=3!'],
  ])('%s-%s-%s', async (name, version, release) => {
    const build = { name, version, release, volume: 'DEFAULT' };
    const path = rpmPath(build, { name, version, release, arch: 'x86_64' });
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
    const answer = await fetch(publishedUrl(topurl, path));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(path);
  });
});
