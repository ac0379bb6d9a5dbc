import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fetch from 'node-fetch';
import { SHARED_DATA, describeWithSharedData } from './shared-data.ts';
import { isComputed } from './stand-in-hub/methods.ts';
import { readRecordings } from './stand-in-hub/recordings.ts';
import { StandInHub } from './stand-in-hub/stand-in-hub.ts';
import { parseCall } from './stand-in-hub/xml-request.ts';

/**
 * The stand-in hub answers every recorded request as the real hub did. Methods that darkserver uses, and
 * those near them, are computed from the data; these are replayed, because nothing here knows what is
 * in an RPM, a task or an image:
 */
const REPLAYED = [
  'getArchive',
  'getArchiveFile',
  'getArchiveTypes',
  'getBuildLogs',
  'getChangelogEntries',
  'getLastEvent',
  'getRPMChecksums',
  'getRPMHeaders',
  'getTaskInfo',
  'listArchiveFiles',
  'listBTypes',
  'listRPMFiles',
  'listTaggedRPMS',
  'listTasks',
  'queryHistory',
  'system.listMethods',
];

/** Answers with a Python traceback in them: the frames are the real hub's own, the rest must agree. */
const WITH_TRACEBACK = [
  'listBuilds_bad_order',
  'listBuilds_completeAfter_dateTime',
  'listRPMs_by_nvr',
  'multiCall',
];

const recordings = readRecordings();

/** Leaves of each traceback its first and last line, of PostgreSQL's complaint its first. */
function withoutFrames(xml: string): string {
  return xml
    .replaceAll(
      /(Traceback \(most recent call last\):\n)(?:<\/string><\/value>\n<value><string>)? {2}[^<]*?\n(?=\w[\w.]*: )/g,
      '$1',
    )
    .replaceAll(/(<value><string>) {2}File [^<]*<\/string><\/value>\n/g, '')
    .replaceAll(/\nLINE \d+:[^<]*/g, '\n');
}

describe('recorded requests', () => {
  let hub: StandInHub;

  beforeAll(async () => {
    hub = await StandInHub.recorded();
  });
  afterAll(() => hub.close());

  async function ask(
    name: string,
    body: Buffer,
  ): Promise<{ status: number; contentType: string | null; body: string }> {
    const init = name === 'http_get' ? {} : { method: 'POST', body };
    const response = await fetch(hub.hubUrl, init);
    return {
      status: response.status,
      contentType: response.headers.get('content-type'),
      body: await response.text(),
    };
  }

  test('are all here but one of 4.4 MB', () => {
    expect(recordings).toHaveLength(135);
  });

  test('are computed or replayed as listed', () => {
    const methods = new Set<string>();
    for (const { name, status, request } of recordings) {
      if (status !== 400 && name !== 'http_get') methods.add(parseCall(request).method);
    }
    const replayed = [...methods].filter((method) => !isComputed(method));
    // Neither computed nor replayed but refused, as the real hub does it.
    const refused = ['noSuchMethod', 'tagBuild'];
    expect(replayed.filter((method) => !refused.includes(method)).toSorted()).toEqual(REPLAYED);
  });

  test.each(
    recordings.filter(({ name }) => !WITH_TRACEBACK.includes(name)).map((each) => [each.name, each] as const),
  )('%s is answered byte for byte', async (name, { status, contentType, request, response }) => {
    // Of the request that was too long only the beginning was kept.
    const body = name === 'too_long' ? Buffer.concat([request, Buffer.alloc(4 * 1024 * 1024, 'x')]) : request;
    expect(await ask(name, body)).toEqual({ status, contentType, body: response.toString() });
  });

  test.each(
    recordings.filter(({ name }) => WITH_TRACEBACK.includes(name)).map((each) => [each.name, each] as const),
  )(
    '%s is answered alike but for the frames of its traceback',
    async (name, { status, contentType, request, response }) => {
      const answer = await ask(name, request);
      const recorded = withoutFrames(response.toString());
      expect(recorded).not.toBe(response.toString());
      expect({ ...answer, body: answer.body.replaceAll('  (frames of the hub)\n', '') }).toEqual({
        status,
        contentType,
        body: recorded,
      });
    },
  );

  test('a call whose arguments were not recorded is no answer of Koji', async () => {
    const body =
      '<methodCall><methodName>getTaskInfo</methodName><params><param><value><int>77</int></value></param></params></methodCall>';
    const answer = await ask('getTaskInfo', Buffer.from(body));
    expect(answer.body).toContain('does not imitate getTaskInfo');
  });
});

describeWithSharedData('recordings and data', () => {
  const lab = `${SHARED_DATA}koji-lab/`;
  const data = new URL('stand-in-hub/data/', import.meta.url);

  test.each(existsSync(lab) ? recordings.map((each) => [each.name, each] as const) : [])(
    '%s is as it was recorded',
    (name, { request, response }) => {
      expect(request.equals(readFileSync(`${lab}recordings/${name}.request.xml`))).toBe(true);
      expect(response.equals(readFileSync(`${lab}recordings/${name}.response.xml`))).toBe(true);
    },
  );

  test('the data is as it was recorded', () => {
    expect(readFileSync(new URL('hub-data.json', data))).toEqual(readFileSync(`${lab}hub-data.json`));
  });
});
