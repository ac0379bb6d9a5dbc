import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fetch from 'node-fetch';
import { SHARED_DATA, describeWithSharedData } from './shared-data.ts';
import { directoryOf } from './stand-in-hub/changes.ts';
import type { BuildRow } from './stand-in-hub/koji-data.ts';
import { readRpmFacts } from './stand-in-hub/rpm-facts.ts';
import { StandInHub } from './stand-in-hub/stand-in-hub.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/rpms/', import.meta.url));
const greet = `${FIXTURES}greet-1.0-1.fc40.x86_64.rpm`;
const libs = `${FIXTURES}greet-libs-1.0-1.fc40.x86_64.rpm`;

let hub: StandInHub;
beforeEach(async () => {
  hub = await StandInHub.empty();
});
afterEach(() => hub.close());

async function statusOf(path: string): Promise<number> {
  const response = await fetch(`${hub.topurl}/${encodeURI(path)}`);
  return (await response.arrayBuffer(), response.status);
}

async function call(method: string, param: string): Promise<string> {
  const body = `<methodCall><methodName>${method}</methodName><params><param><value>${param}</value></param></params></methodCall>`;
  return (await fetch(hub.hubUrl, { method: 'POST', body })).text();
}

const plain = 'packages/greet/1.0/1.fc40/x86_64/greet-1.0-1.fc40.x86_64.rpm';

describe('what happens in a Koji', () => {
  const build = { name: 'greet', version: '1.0', release: '1.fc40', rpms: [greet] };

  test('a build is imported, and one more RPM later', async () => {
    const id = hub.changes.addBuild(build);
    expect(await call('getBuild', '<string>greet-1.0-1.fc40</string>')).toContain(`<int>${id}</int>`);
    expect(await statusOf(plain)).toBe(200);
    hub.changes.addRpms(id, [libs]);
    expect((await call('listBuildRPMs', `<int>${id}</int>`)).match(/payloadhash/g)).toHaveLength(2);
    expect(await statusOf(plain.replace('greet-1.0-', 'greet-libs-1.0-'))).toBe(200);
  });

  test('a build is moved to a volume, deleted, reset', async () => {
    const id = hub.changes.addBuild(build);
    hub.changes.moveToVolume(id, 'archive');
    expect(await statusOf(plain)).toBe(404);
    expect(await statusOf(`vol/archive/${plain}`)).toBe(200);
    hub.changes.deleteBuild(id);
    expect(await statusOf(`vol/archive/${plain}`)).toBe(404);
    expect(await call('getBuild', `<int>${id}</int>`)).toContain('<name>state</name>\n<value><int>2</int>');
    hub.changes.resetBuild(id);
    expect(await call('getBuild', `<int>${id}</int>`)).toContain('<name>state</name>\n<value><int>4</int>');
    expect(await call('listBuildRPMs', `<int>${id}</int>`)).not.toContain('payloadhash');
  });

  test('a draft is promoted', async () => {
    const id = hub.changes.addBuild({ ...build, draft: true });
    expect(await statusOf(plain.replace('1.fc40/', `1.fc40,draft_${id}/`))).toBe(200);
    hub.changes.promoteBuild(id);
    expect(await statusOf(plain)).toBe(200);
    expect(await statusOf(plain.replace('1.fc40/', `1.fc40,draft_${id}/`))).toBe(404);
    expect(await call('getBuild', '<string>greet-1.0-1.fc40</string>')).toContain(
      '<name>draft</name>\n<value><boolean>0',
    );
  });

  test('a build is begun and fails, another is begun, completed and tagged', async () => {
    const failed = hub.changes.addBuild({ name: 'x', version: '1', release: '1', state: 'BUILDING' });
    hub.changes.failBuild(failed);
    expect(await call('getBuild', `<int>${failed}</int>`)).toContain(
      '<name>state</name>\n<value><int>3</int>',
    );
    const done = hub.changes.addBuild({ ...build, state: 'BUILDING' });
    hub.changes.completeBuild(done);
    hub.changes.tagBuild(done, 'stable');
    expect(await call('listTagged', '<string>stable</string>')).toContain(`<int>${done}</int>`);
  });
});

test('a hub of the fixtures publishes them where it lists them', async () => {
  await hub.close();
  hub = await StandInHub.of(`${FIXTURES}hub-data.json`);
  hub.changes.publishRpms(FIXTURES);
  const paths = hub.files.paths();
  expect(paths.length).toBeGreaterThan(20);
  for (const path of paths) expect(await statusOf(path)).toBe(200);
});

describe('files are served as Apache serves them', () => {
  const bytes = readFileSync(greet);
  const size = bytes.length;

  async function get(
    headers: Record<string, string>,
  ): Promise<{ status: number; range: string | null; body: Buffer }> {
    const response = await fetch(`${hub.topurl}/${plain}`, { headers });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, range: response.headers.get('content-range'), body };
  }

  beforeEach(() => {
    hub.files.add(plain, greet);
  });

  test.each([
    ['bytes=0-95', 206, 0, 95],
    [`bytes=${size - 10}-`, 206, size - 10, size - 1],
    ['bytes=-10', 206, size - 10, size - 1],
    [`bytes=10-${size + 99}`, 206, 10, size - 1],
  ])('%s', async (range, status, start, end) => {
    const body = bytes.subarray(start, end + 1);
    expect(await get({ range })).toEqual({ status, range: `bytes ${start}-${end}/${size}`, body });
  });

  test('a range beyond the end', async () => {
    expect(await get({ range: `bytes=${size}-` })).toEqual({
      status: 416,
      range: null,
      body: Buffer.from('<h1>no such range</h1>\n'),
    });
  });

  test.each(['bytes=5-2', 'bytes=-', 'bytes=0-1,4-5', 'pages=1-2'])('%s is ignored', async (range) => {
    expect(await get({ range })).toEqual({ status: 200, range: null, body: bytes });
  });

  test('conditions', async () => {
    const etag = (await fetch(`${hub.topurl}/${plain}`, { method: 'HEAD' })).headers.get('etag') ?? '';
    expect((await get({ range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
    expect((await get({ range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
  });

  test('a file that is not there', async () => {
    expect(await statusOf('packages/none')).toBe(404);
    expect(await statusOf('../../etc/passwd')).toBe(404);
  });
});

describeWithSharedData('RPM facts', () => {
  test('are what the recorded hub says of every package that it imported', async () => {
    await hub.close();
    hub = await StandInHub.recorded();
    hub.files.addDirectory(`${SHARED_DATA}koji-lab/topdir`);
    const rpms = hub.data.builds.flatMap(({ listRPMs }) => listRPMs);
    const compared = rpms.filter(({ name, version, release, arch, build_id, ...rpm }) => {
      const file = `/${arch}/${name}-${version}-${release}.${arch}.rpm`;
      const directory = directoryOf(
        hub.data.builds.find(({ getBuild }) => getBuild.id === build_id)?.getBuild as BuildRow,
      );
      const path = `${SHARED_DATA}koji-lab/topdir/${directory}${file}`;
      if (!existsSync(path)) return false;
      const { epoch, buildtime, size, payloadhash } = rpm;
      expect(readRpmFacts(path)).toEqual({
        name,
        version,
        release,
        arch,
        epoch,
        buildtime,
        size,
        payloadhash,
      });
      return true;
    });
    expect(compared.length).toBeGreaterThan(30);
  });
});
