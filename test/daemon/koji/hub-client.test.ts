import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KojiHttp } from '../../../daemon/koji/http.ts';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { KojiHub } from '../../../daemon/koji/hub.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { KojiBuild, KojiBuildId } from '../../../shared/koji.ts';
import { listen } from '../../support/listen.ts';
import type { BuildRow, RpmRow } from '../../support/stand-in-hub/koji-data.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import type { Trouble } from '../../support/stand-in-hub/trouble.ts';
import { without } from '../../support/stand-in-hub/values.ts';
import type { PyStruct, PyValue } from '../../support/stand-in-hub/values.ts';
import { methodResponse } from '../../support/stand-in-hub/xml-response.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function clientOf(url: string, silenceTimeout = 5000): KojiHub {
  const http = new KojiHttp({
    version: '0',
    contact: 'test',
    maxConnections: 2,
    silenceTimeout,
    retry: { attempts: 3, firstDelay: 1, longestDelay: 2000 },
  });
  closers.push(() => {
    http.close();
  });
  return new KojiHubClient({ instance: 'lab', url, http });
}

function failing(code: ErrorCode, message: RegExp): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

const id = (number: number): KojiBuildId => number as KojiBuildId;

async function idsOf(pages: AsyncIterable<KojiBuild[]>): Promise<number[]> {
  const ids: number[] = [];
  for await (const page of pages) ids.push(...page.map(({ kojiBuildId }) => kojiBuildId));
  return ids;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

let hub: StandInHub;
let client: KojiHub;
beforeEach(async () => {
  hub = await StandInHub.recorded();
  client = clientOf(hub.hubUrl);
});
afterEach(() => hub.close());

describe('what the recorded hub says', () => {
  test('of itself', async () => {
    expect(client.instance).toBe('lab');
    expect(await client.getVersion()).toBe('1.35.3');
  });

  test('of a draft, by id and by NVR', async () => {
    const draft = {
      kojiBuildId: 1,
      name: 'hello2',
      epoch: null,
      version: '1.0',
      release: '2,draft_1',
      state: 'complete',
      draft: true,
      volume: 'DEFAULT',
      completedAt: 1795204537,
    };
    expect(await client.getBuild(id(1))).toEqual(draft);
    expect(await client.getBuild('hello2-1.0-2,draft_1')).toEqual(draft);
  });

  test('of builds that are deleted, on a volume, failed, with an i8 in what is not looked at', async () => {
    expect(await client.getBuild(id(5))).toMatchObject({ state: 'deleted' });
    expect(await client.getBuild(id(6))).toMatchObject({ volume: 'vol2', completedAt: 1795204539.732206 });
    expect(await client.getBuild(id(9))).toMatchObject({ state: 'failed' });
    expect(await client.getBuild(id(11))).toMatchObject({ name: 'kl-img' });
  });

  test('of builds that do not exist', async () => {
    expect(await client.getBuild(id(99999))).toBeNull();
    expect(await client.getBuild('nosuch-1-1')).toBeNull();
    expect(await client.getBuildWithRpms(id(99999))).toBeNull();
    expect(await client.getBuilds([id(99999), id(3)])).toEqual([
      null,
      expect.objectContaining({ kojiBuildId: 3 }),
    ]);
  });

  test('of what is no NVR it is not asked', async () => {
    await expect(client.getBuild('nosuch')).rejects.toEqual(
      failing('bad_input', /"nosuch" is not a name-version-rel/),
    );
    expect(hub.requests).toEqual([]);
  });

  test('of a build and its RPMs, in one request', async () => {
    const answer = await client.getBuildWithRpms(id(3));
    expect(answer?.build).toEqual(await client.getBuild(id(3)));
    expect(answer?.rpms).toHaveLength(6);
    expect(answer?.rpms[2]).toEqual({
      kojiRpmId: 11,
      kojiBuildId: 3,
      name: 'hello3-debuginfo',
      epoch: null,
      version: '1.0',
      release: '2',
      arch: 'x86_64',
      size: 11223,
      payloadHash: '47e218e0f2f147ea1d46c8be30dcaee5',
      metadataOnly: false,
    });
    expect(hub.requests.map(({ method }) => method)).toEqual(['multiCall', 'getBuild']);
  });

  test('of several hundred builds, in few requests', async () => {
    const builds = await client.getBuilds(upTo(250).map(id));
    expect(builds).toHaveLength(250);
    expect(builds.filter((build) => build !== null).map(({ kojiBuildId }) => kojiBuildId)).toEqual(upTo(17));
    expect(hub.requests).toHaveLength(3);
    expect(await client.getBuilds([])).toEqual([]);
    expect(hub.requests).toHaveLength(3);
  });

  test('of a tag, and that it does not know one', async () => {
    expect(await client.listTagged('lab-dest')).toEqual([6, 10, 8, 4, 3]);
    await expect(client.listTagged('nosuch')).rejects.toEqual(
      failing('not_found', /Koji "lab" has no tag "nosuch"/),
    );
  });

  test('of its last build', async () => {
    expect(await client.lastKojiBuildId()).toBe(17);
    hub.data.builds.splice(0);
    expect(await client.lastKojiBuildId()).toBe(0);
  });
});

describe('listings', () => {
  test('of every build, in any state, in order', async () => {
    expect(await idsOf(client.listBuilds({}))).toEqual(upTo(17));
    expect(await idsOf(client.listBuilds({ afterKojiBuildId: id(12) }))).toEqual([13, 14, 15, 16, 17]);
    expect(await idsOf(client.listBuilds({ afterKojiBuildId: id(17) }))).toEqual([]);
  });

  test('of every build of a hub that has skipped ids', async () => {
    hub.data.builds = hub.data.builds.filter(({ getBuild }) => getBuild.id % 5 === 0);
    const template = hub.data.builds[0];
    if (template !== undefined) {
      const getBuild = { ...template.getBuild, id: 1000, build_id: 1000 } as BuildRow;
      hub.data.builds.push({ ...template, getBuild });
    }
    expect(await idsOf(client.listBuilds({}))).toEqual([5, 10, 15, 1000]);
  });

  test('of a package', async () => {
    expect(await idsOf(client.listBuilds({ packageName: 'hello2' }))).toEqual([1, 2, 4]);
    expect(await idsOf(client.listBuilds({ packageName: 'hello2', afterKojiBuildId: id(1) }))).toEqual([
      2, 4,
    ]);
    expect(await idsOf(client.listBuilds({ packageName: 'nosuch' }))).toEqual([]);
  });

  test('of a span of time', async () => {
    const since = 1795204542.9;
    expect(await idsOf(client.listBuilds({ completedAfter: since }))).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17,
    ]);
    const until = 1795204543.5;
    const ids = await idsOf(client.listBuilds({ completedAfter: since, completedBefore: until }));
    expect(ids).toEqual(
      hub.data.builds
        .map(({ getBuild }) => getBuild)
        .filter(({ completion_ts: at }) => at !== null && at > since && at < until)
        .map((build) => build.id)
        .toSorted((a, b) => a - b),
    );
    expect(ids.length).toBeGreaterThan(1);
  });

  /** A hub of many builds of one package. */
  function fill(count: number): void {
    const template = hub.data.builds[0];
    if (template === undefined) throw new Error('no builds');
    hub.data.builds = upTo(count).map((number) => {
      const getBuild = {
        ...template.getBuild,
        id: number,
        build_id: number,
        release: String(number),
      } as BuildRow;
      return { ...template, getBuild };
    });
  }

  test('of many pages', async () => {
    fill(720);
    expect(await idsOf(client.listBuilds({ packageName: 'hello2' }))).toEqual(upTo(720));
    expect(hub.requests).toHaveLength(4);
  });

  test.each([199, 200, 201, 399, 400])('of %i builds, at the edge of a page', async (count) => {
    fill(count);
    expect(await idsOf(client.listBuilds({ packageName: 'hello2' }))).toEqual(upTo(count));
  });

  test('from which builds vanish between two pages lose no other', async () => {
    fill(1000);
    const seen: number[] = [];
    for await (const page of client.listBuilds({ packageName: 'hello2' })) {
      seen.push(...page.map(({ kojiBuildId }) => kojiBuildId));
      // All that was listed so far leaves the list, as if it were rebuilt, but for every hundredth.
      hub.data.builds = hub.data.builds.filter(
        ({ getBuild }) => getBuild.id % 100 === 0 || getBuild.id > (page.at(-1)?.kojiBuildId ?? 0),
      );
    }
    expect(seen).toEqual(upTo(1000));
  });

  test('to which builds are added meanwhile', async () => {
    fill(250);
    const seen: number[] = [];
    for await (const page of client.listBuilds({ packageName: 'hello2' })) {
      seen.push(...page.map(({ kojiBuildId }) => kojiBuildId));
      if (seen.length === 200) fill(300);
    }
    expect(seen).toEqual(upTo(300));
  });

  test('of a hub that does not turn the page', async () => {
    fill(200);
    const [first] = hub.data.builds;
    const page = hub.data.builds.map(({ getBuild }) => getBuild as PyValue);
    expect(first).toBeDefined();
    hub.troubles.order({ method: 'listBuilds' }, { kind: 'lie', lie: () => page });
    const error = failing('hub_protocol', /listBuilds at http.*: offset \d+ answers what was seen before/);
    await expect(idsOf(client.listBuilds({ packageName: 'hello2' }))).rejects.toEqual(error);
  });

  test('out of order, or longer than asked for', async () => {
    const rows = hub.data.builds.map(({ getBuild }) => getBuild as PyValue);
    hub.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'lie', lie: () => rows.toReversed() });
    const error = failing('hub_protocol', /listBuilds at .*: not at most \d+ builds in order/);
    await expect(idsOf(client.listBuilds({ packageName: 'x' }))).rejects.toEqual(error);
    hub.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'lie', lie: () => rows.slice(0, 2) });
    await expect(client.lastKojiBuildId()).rejects.toEqual(error);
  });

  test('that are called off', async () => {
    const controller = new AbortController();
    controller.abort();
    const listing = idsOf(client.listBuilds({}, controller.signal));
    await expect(listing).rejects.toEqual(failing('stopped', /called off/));
  });
});

describe('lies', () => {
  /** The hub's next answer to getBuild has this in place of what it should have. */
  function buildWith(change: Record<string, unknown>): void {
    const lie = (answer: PyValue): PyValue => ({ ...(answer as PyStruct), ...(change as PyStruct) });
    hub.troubles.order({ method: 'getBuild', times: 1 }, { kind: 'lie', lie });
  }

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no id', { build_id: undefined }, /build_id/],
    ['an id of zero', { build_id: 0 }, /field build_id: 0 is no id/],
    ['an id beyond bounds', { build_id: 2 ** 40 }, /field build_id: 1099511627776 is no id/],
    ['an id beyond 2^53', { build_id: 9223372036854775807n }, /field build_id: .*9007199254740991/],
    ['a name of digits', { name: 5 }, /field name: .*expected string, received number/],
    ['an empty name', { name: '' }, /field name: "" cannot be the name/],
    ['a name that climbs', { name: '..' }, /field name: "\.\." cannot be/],
    ['a version with a slash', { version: '../../etc' }, /field version: "\.\.\/\.\.\/etc" cannot be/],
    ['a release that is a list', { release: ['1'] }, /field release: .*expected string, received array/],
    ['a volume of nothing', { volume_name: null }, /field volume_name: .*received null/],
    ['a volume elsewhere', { volume_name: 'a/../../b' }, /field volume_name: "a/],
    ['a state as text', { state: 'COMPLETE' }, /field state: .*received string/],
    ['a state that there is none of', { state: 7 }, /field state: 7 is no state/],
    ['an epoch that is a fraction', { epoch: '1.5' }, /field epoch: /],
    ['a draft that may be', { draft: 'maybe' }, /field draft: .*expected boolean/],
    ['a time as text', { completion_ts: 'yesterday' }, /field completion_ts: .*expected number/],
  ])('%s', async (_name, change, message) => {
    if ('build_id' in change && change['build_id'] === undefined) {
      const lie = (): PyValue => ({ name: 'x' });
      hub.troubles.order({ method: 'getBuild', times: 1 }, { kind: 'lie', lie });
    } else buildWith(change);
    await expect(client.getBuild(id(3))).rejects.toEqual(
      failing('hub_protocol', new RegExp(`^getBuild at ${hub.hubUrl}: .*${message.source}`)),
    );
    expect(await client.getBuild(id(3))).toMatchObject({ kojiBuildId: 3 });
  });

  test('another build than was asked for', async () => {
    buildWith({ build_id: 4 });
    await expect(client.getBuild(id(3))).rejects.toEqual(
      failing('hub_protocol', /getBuild at .*: build 4 in place of 3/),
    );
  });

  test('a list in place of a build, and a build in place of a list', async () => {
    hub.troubles.order({ method: 'getBuild', times: 1 }, { kind: 'lie', lie: (answer) => [answer] });
    await expect(client.getBuild(id(3))).rejects.toEqual(
      failing('hub_protocol', /getBuild at .*: .*received array/),
    );
    hub.troubles.order({ method: 'listTagged' }, { kind: 'lie', lie: () => ({ build_id: 3 }) });
    await expect(client.listTagged('lab-dest')).rejects.toEqual(
      failing('hub_protocol', /listTagged at .*expected array/),
    );
    hub.troubles.order({ method: 'getKojiVersion' }, { kind: 'lie', lie: () => 1 });
    await expect(client.getVersion()).rejects.toEqual(
      failing('hub_protocol', /getKojiVersion at .*expected string/),
    );
  });

  test.each<[string, (rpm: RpmRow) => Record<string, unknown>, RegExp]>([
    ['an RPM of another build', () => ({ build_id: 4 }), /listRPMs at .*: RPM 9 is of build 4, those of 3/],
    ['an arch that climbs', () => ({ arch: '../..' }), /listRPMs at .*field 0\.arch: "\.\.\/\.\." cannot be/],
    ['NUL in a name', () => ({ name: 'a/\u0001' }), /control characters/],
    ['a size below zero', () => ({ size: -1 }), /field 0\.size: /],
    ['a size that is not told', () => ({ size: null }), /field 0\.size: /],
    ['a payload hash of bytes', () => ({ payloadhash: new Uint8Array(16) }), /field 0\.payloadhash: /],
    ['no id', () => ({ id: null }), /field 0\.id: /],
  ])('%s', async (_name, change, message) => {
    const lie = (answer: PyValue): PyValue => {
      const [build, rpms] = answer as [PyValue, [RpmRow[]]];
      return [build, [rpms[0].map((rpm, at) => (at === 0 ? { ...rpm, ...(change(rpm) as PyStruct) } : rpm))]];
    };
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie });
    await expect(client.getBuildWithRpms(id(3))).rejects.toEqual(failing('hub_protocol', message));
  });

  test('a size beyond 2^31 is no lie', async () => {
    const lie = (answer: PyValue): PyValue => {
      const [build, rpms] = answer as [PyValue, [RpmRow[]]];
      return [build, [rpms[0].map((rpm) => ({ ...rpm, size: 5_000_000_000 }))]];
    };
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie });
    expect((await client.getBuildWithRpms(id(3)))?.rpms[0]?.size).toBe(5_000_000_000);
  });

  test('a part of a multiCall that fails', async () => {
    const lie = (): PyValue => [[null], { faultCode: 1000, faultString: 'no', traceback: [] }];
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie });
    const error = failing('hub_fault', /multiCall at .*: listRPMs: the hub answers with fault 1000: no/);
    await expect(client.getBuildWithRpms(id(3))).rejects.toEqual(error);
  });
});

describe('trouble on the way', () => {
  test.each<[string, Trouble, ErrorCode, RegExp]>([
    [
      'a page of HTML',
      { kind: 'html' },
      'hub_protocol',
      /getBuild at .*: the answer is a page of HTML \(Trouble 200\)/,
    ],
    [
      'half of the XML',
      { kind: 'truncated' },
      'hub_protocol',
      /getBuild at .*: the answer ends after \d+ bytes/,
    ],
    ['half of the answer', { kind: 'cut' }, 'network', /kojihub: cut off after \d+ of \d+ bytes/],
    ['a reset', { kind: 'reset' }, 'network', /kojihub: .*ECONNRESET|socket hang up/],
    ['500', { kind: 'status', status: 500 }, 'network', /kojihub: HTTP 500/],
    ['403', { kind: 'status', status: 403 }, 'hub_protocol', /kojihub: HTTP 403/],
  ])('%s', async (_name, trouble, code, message) => {
    hub.troubles.order({ method: 'getBuild' }, trouble);
    await expect(client.getBuild(id(3))).rejects.toEqual(failing(code, message));
  });

  test.each<[string, Trouble, RegExp]>([
    ['no answer', { kind: 'hang' }, /no answer for 0\.1 s/],
    ['half an answer and no more', { kind: 'stall' }, /no bytes for 0\.1 s/],
  ])('%s', async (_name, trouble, message) => {
    hub.troubles.order({ method: 'getBuild' }, trouble);
    await expect(clientOf(hub.hubUrl, 100).getBuild(id(3))).rejects.toEqual(failing('network', message));
  });

  test.each<[string, Trouble]>([
    ['503 that asks to wait', { kind: 'status', status: 503, retryAfter: 1 }],
    ['502', { kind: 'status', status: 502 }],
    ['a reset', { kind: 'reset' }],
    ['half of the answer', { kind: 'cut' }],
    ['a delay', { kind: 'delay', milliseconds: 100 }],
  ])('%s, and then all is well', async (_name, trouble) => {
    hub.troubles.order({ method: 'getBuild', times: 1 }, trouble);
    expect(await client.getBuild(id(3))).toMatchObject({ kojiBuildId: 3 });
  });

  test('a fault is not asked for again', async () => {
    await expect(client.listTagged('nosuch')).rejects.toBeDefined();
    expect(hub.requests).toHaveLength(1);
  });
});

describe('hubs of other kinds', () => {
  async function serve(handler: RequestListener): Promise<KojiHub> {
    const listening = await listen(handler);
    closers.push(() => listening.close());
    return clientOf(`${listening.url}/kojihub`);
  }

  test('one that compresses', async () => {
    const zipped = gzipSync(methodResponse('1.2.3'));
    const compressing = await serve((_request, response) =>
      response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Type': 'text/xml' }).end(zipped),
    );
    expect(await compressing.getVersion()).toBe('1.2.3');
  });

  test('one that is older than drafts and content generators', async () => {
    const row = hub.data.builds.find(({ getBuild }) => getBuild.id === 3)?.getBuild;
    const build = without(row ?? {}, 'draft');
    const rpm = {
      id: 9,
      build_id: 3,
      name: 'n',
      epoch: 2,
      version: 'v',
      release: 'r',
      arch: 'src',
      size: 1,
      payloadhash: '',
    };
    const old = await serve((_request, response) => response.end(methodResponse([[build], [[rpm]]])));
    expect(await old.getBuildWithRpms(id(3))).toEqual({
      build: expect.objectContaining({ draft: false }),
      rpms: [expect.objectContaining({ metadataOnly: false, payloadHash: null, epoch: 2 })],
    });
  });

  test('one that answers without end', async () => {
    const filler = Buffer.alloc(1024 * 1024, 'x');
    const endless = await serve((_request, response) => {
      const more = (): void => {
        while (response.write(filler));
      };
      response.on('drain', more);
      more();
    });
    await expect(endless.getVersion()).rejects.toEqual(failing('hub_protocol', /larger than 67108864 bytes/));
  });
});
