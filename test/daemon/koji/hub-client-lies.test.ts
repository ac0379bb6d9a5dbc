import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { KojiHub } from '../../../daemon/koji/hub.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp, serve } from '../../support/koji-http.ts';
import type { RpmRow } from '../../support/stand-in-hub/koji-data.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import type { Trouble } from '../../support/stand-in-hub/trouble.ts';
import { without } from '../../support/stand-in-hub/values.ts';
import type { PyStruct, PyValue } from '../../support/stand-in-hub/values.ts';
import { methodResponse } from '../../support/stand-in-hub/xml-response.ts';

const id = (number: number): KojiBuildId => number as KojiBuildId;

function clientOf(url: string, silenceTimeout = 5000): KojiHub {
  return new KojiHubClient({ instance: 'lab', url, http: openKojiHttp({ silenceTimeout }) });
}

let hub: StandInHub;
let client: KojiHub;
beforeEach(async () => {
  hub = await StandInHub.recorded();
  afterTest(() => hub.close());
  client = clientOf(hub.hubUrl);
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
      const [build, rpms, archives] = answer as [PyValue, [RpmRow[]], PyValue];
      const changed = rpms[0].map((rpm, at) => (at === 0 ? { ...rpm, ...(change(rpm) as PyStruct) } : rpm));
      return [build, [changed], archives];
    };
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie });
    await expect(client.getBuildContent(id(3))).rejects.toEqual(failing('hub_protocol', message));
  });

  test('a size beyond 2^31 is no lie', async () => {
    const lie = (answer: PyValue): PyValue => {
      const [build, rpms, archives] = answer as [PyValue, [RpmRow[]], PyValue];
      return [build, [rpms[0].map((rpm) => ({ ...rpm, size: 5_000_000_000 }))], archives];
    };
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie });
    expect((await client.getBuildContent(id(3)))?.rpms[0]?.size).toBe(5_000_000_000);
  });

  test('a part of a multiCall that fails', async () => {
    const lie = (): PyValue => [[null], { faultCode: 1000, faultString: 'no', traceback: [] }, [[]]];
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie });
    const error = failing('hub_fault', /multiCall at .*: listRPMs: the hub answers with fault 1000: no/);
    await expect(client.getBuildContent(id(3))).rejects.toEqual(error);
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
  async function hubThat(answers: RequestListener): Promise<KojiHub> {
    return clientOf(`${(await serve(answers)).url}/kojihub`);
  }

  test('one that compresses', async () => {
    const zipped = gzipSync(methodResponse('1.2.3'));
    const compressing = await hubThat((_request, response) =>
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
    const old = await hubThat((_request, response) => response.end(methodResponse([[build], [[rpm]], [[]]])));
    expect(await old.getBuildContent(id(3))).toEqual({
      build: expect.objectContaining({ draft: false }),
      rpms: [expect.objectContaining({ metadataOnly: false, payloadHash: null, epoch: 2 })],
      archives: [],
    });
  });

  test('one that answers without end', async () => {
    const filler = Buffer.alloc(1024 * 1024, 'x');
    const endless = await hubThat((_request, response) => {
      const more = (): void => {
        while (response.write(filler));
      };
      response.on('drain', more);
      more();
    });
    await expect(endless.getVersion()).rejects.toEqual(failing('hub_protocol', /larger than 67108864 bytes/));
  });
});
