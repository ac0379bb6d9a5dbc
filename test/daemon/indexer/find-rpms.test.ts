import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findRpms } from '../../../daemon/indexer/find-rpms.ts';

let top = '';
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'darkserver-find-'));
});
afterEach(() => rm(top, { recursive: true }));

async function make(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(top, name, '..'), { recursive: true });
    await writeFile(join(top, name), '');
  }
}

async function find(
  ...paths: string[]
): Promise<{ found: string[]; realPaths: string[]; skipped: string[] }> {
  const skipped: string[] = [];
  const found: string[] = [];
  const realPaths: string[] = [];
  const given = paths.length === 0 ? [top] : paths.map((path) => join(top, path));
  const real = await realpath(top);
  for await (const { path, realPath } of findRpms(given, (path) => skipped.push(path))) {
    found.push(path.slice(top.length + 1));
    realPaths.push(realPath.slice(real.length + 1));
  }
  return { found, realPaths, skipped: skipped.map((path) => path.slice(top.length + 1)) };
}

test('finds RPMs in order, at any depth, and nothing else', async () => {
  await make('b/2.rpm', 'b/10.rpm', 'a/x/y/1.rpm', 'a/x.rpm.sig', 'a/readme', 'c.rpm');
  await mkdir(join(top, 'directory.rpm'));
  const found = ['a/x/y/1.rpm', 'b/10.rpm', 'b/2.rpm', 'c.rpm'];
  expect(await find()).toEqual({ found, realPaths: found, skipped: [] });
});

test('a file that was named is taken whatever its name', async () => {
  await make('odd.name', 'tree/1.rpm');
  expect((await find('odd.name', 'tree')).found).toEqual(['odd.name', 'tree/1.rpm']);
});

test('follows links to files and directories, and leaves circles', async () => {
  await make('vol/packages/1.rpm');
  await symlink(join(top, 'vol'), join(top, 'a-link'));
  await symlink(join(top, 'vol/packages/1.rpm'), join(top, 'latest.rpm'));
  await symlink('..', join(top, 'vol/packages/up'));
  const { found, realPaths } = await find();
  expect(found).toEqual(['a-link/packages/1.rpm', 'latest.rpm']);
  expect(realPaths).toEqual(['vol/packages/1.rpm', 'vol/packages/1.rpm']);
  expect((await find('latest.rpm')).realPaths).toEqual(['vol/packages/1.rpm']);
});

test('a link that leads nowhere is told and passed over', async () => {
  await make('1.rpm');
  await symlink('gone.rpm', join(top, '0.rpm'));
  expect(await find()).toMatchObject({ found: ['1.rpm'], skipped: ['0.rpm'] });
});

test('a path that is not there is an error', async () => {
  await expect(find('none')).rejects.toThrow(expect.objectContaining({ code: 'missing_file' }));
});
