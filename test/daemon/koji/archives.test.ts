import { writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from '@jest/globals';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { KojiArchive, KojiBuildId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp } from '../../support/koji-http.ts';
import type { NewArchive } from '../../support/stand-in-hub/changes.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import type { PyStruct } from '../../support/stand-in-hub/values.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

let hub: StandInHub;
let build: KojiBuildId;
beforeEach(async () => {
  hub = await StandInHub.empty();
  afterTest(() => hub.close());
  build = hub.changes.addBuild({ name: 'image', version: '1', release: '1' }) as KojiBuildId;
});

function add(filename: string, archive: Omit<NewArchive, 'path' | 'directory'>): number {
  const path = `${temporaryDirectory()}/${filename}`;
  writeFileSync(path, filename);
  return hub.changes.addArchive(build, { path, directory: 'anywhere', ...archive });
}

async function archives(): Promise<readonly KojiArchive[]> {
  const client = new KojiHubClient({ instance: 'lab', url: hub.hubUrl, http: openKojiHttp() });
  return (await client.getBuildContent(build))?.archives ?? [];
}

test('each lies where its build type says', async () => {
  const maven = { group_id: 'org.example.native', artifact_id: 'lib', version: '2.1' };
  add('lib-2.1-bin.tar.gz', { btype: 'maven', details: maven });
  add('driver.tar', { btype: 'win', details: { relpath: 'amd64/fre', platforms: 'amd64', flags: null } });
  add('flat.tar', { btype: 'win', details: { relpath: './', platforms: 'amd64', flags: null } });
  add('disk.tar.xz', { btype: 'image', details: { arch: 'aarch64' } });
  add('sources.tgz', { btype: 'remote-sources' });
  expect(
    (await archives()).map(({ directory, filename, arch }) => [`${directory}/${filename}`, arch]),
  ).toEqual([
    ['maven/org/example/native/lib/2.1/lib-2.1-bin.tar.gz', null],
    ['win/amd64/fre/driver.tar', null],
    ['win/flat.tar', null],
    ['images/disk.tar.xz', 'aarch64'],
    ['files/remote-sources/sources.tgz', null],
  ]);
  // One for the build, one for all three types that have a table of their own.
  expect(hub.requests.map(({ method }) => method)).toEqual(['multiCall', 'multiCall']);
});

test('those of a build that is not complete are not asked about', async () => {
  add('disk.tar', { btype: 'image' });
  hub.changes.deleteBuild(build);
  expect(await archives()).toEqual([]);
  expect(hub.requests).toHaveLength(1);
});

test('what is no tar file is passed over, and costs no second request', async () => {
  for (const name of [
    'disk.qcow2',
    'boot.iso',
    'vm.ova',
    'lib.jar',
    'lib.pom',
    'raw.xz',
    'tarball',
    'x.tar.sig',
  ]) {
    add(name, { btype: 'image', type: name.split('.').at(-1) ?? '' });
  }
  expect(await archives()).toEqual([]);
  expect(hub.requests).toHaveLength(1);
});

test.each(['a.tar', 'a.TAR.GZ', 'a.tgz', 'a.tar.xz', 'a.tar.zst', 'a.tar.bz2', 'a.ociarchive'])(
  '%s is a tar file whatever Koji calls it',
  async (name) => {
    add(name, { btype: 'other', type: 'odd' });
    expect(await archives()).toMatchObject([{ filename: name, type: 'odd' }]);
  },
);

test.each<[string, PyStruct, RegExp]>([
  ['a name that climbs', { filename: '../x.tar' }, /listArchives at .*: archive 1: "\.\.\/x\.tar" cannot be/],
  ['an archive of another build', { build_id: 77 }, /archive 1 is of build 77, those of 1 were asked for/],
  ['a build type that climbs', { btype: '..' }, /listArchives at .*field 0\.btype: /],
  ['a size below zero', { size: -1 }, /field 0\.size: /],
  ['no id', { id: null }, /field 0\.id: /],
])('%s is refused', async (_name, change, message) => {
  add('a.tar', { btype: 'other' });
  for (const record of hub.data.builds) {
    record.listArchives = record.listArchives.map((archive) => ({ ...archive, ...change }));
  }
  await expect(archives()).rejects.toEqual(failing('hub_protocol', message));
});

test('a group or path that climbs out of the build is refused', async () => {
  add('lib.tar', { btype: 'maven', details: { group_id: 'org/../..', artifact_id: 'lib', version: '1' } });
  await expect(archives()).rejects.toEqual(failing('hub_protocol', /field 0\.group_id: /));
  hub.data.builds[0]?.listArchives.splice(0);
  add('x.tar', { btype: 'win', details: { relpath: '../../..', platforms: '', flags: null } });
  await expect(archives()).rejects.toEqual(failing('hub_protocol', /field 0\.relpath: /));
});

test('an archive that Koji does not list among those of its type is no guess', async () => {
  add('disk.tar', { btype: 'image' });
  hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie: (answer) => answer });
  hub.troubles.order({ method: 'multiCall' }, { kind: 'lie', lie: () => [[[]]] });
  const message = /archive 1 is not among the build's "image" archives/;
  await expect(archives()).rejects.toEqual(failing('hub_protocol', message));
});
