import { beforeEach, describe, expect, test } from '@jest/globals';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import { keysThatCount } from '../../../daemon/koji/signatures.ts';
import type { KojiRpmId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp } from '../../support/koji-http.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';

const ids = (...numbers: number[]): KojiRpmId[] => numbers as KojiRpmId[];

let hub: StandInHub;

beforeEach(async () => {
  hub = await StandInHub.recorded();
  afterTest(() => hub.close());
});

function clientOf(sigkeys: readonly string[] = []): KojiHubClient {
  return new KojiHubClient({ instance: 'lab', url: hub.hubUrl, http: openKojiHttp(), sigkeys });
}

describe('the keys of RPMs', () => {
  test('are as recorded, without the header that each came with, in one request', async () => {
    expect(await clientOf().getSignatures(ids(27, 11, 10, 999_999))).toEqual(
      new Map([
        [27, ['161f1273']],
        [11, []],
        [10, ['161f1273']],
        [999_999, []],
      ]),
    );
    expect(hub.requests.map(({ method }) => method)).toEqual(['multiCall']);
  });

  test('of none cost no request', async () => {
    expect(await clientOf().getSignatures([])).toEqual(new Map());
    expect(hub.requests).toEqual([]);
  });

  test('of many come five hundred in a request', async () => {
    const many = Array.from({ length: 501 }, (_, at) => at + 1);
    expect((await clientOf().getSignatures(ids(...many))).size).toBe(501);
    expect(hub.requests).toHaveLength(2);
  });

  test('that are not those of the RPM are not believed', async () => {
    hub.troubles.order({ method: 'multiCall' }, { kind: 'lie', lie: () => [[[rowOf(12)]]] });
    await expect(clientOf().getSignatures(ids(11))).rejects.toEqual(
      failing('hub_protocol', /queryRPMSigs at .*: a signature is of RPM 12, those of 11 were asked for/),
    );
  });

  test.each(['../../../x', 'a/b', '..'])(
    'that would lead out of the file store are refused: %s',
    async (key) => {
      hub.signing.sign(11, key);
      await expect(clientOf().getSignatures(ids(11))).rejects.toEqual(
        failing('hub_protocol', /cannot be the name of a file or directory/),
      );
    },
  );
});

describe('the newest signatures', () => {
  test('are those of the newest RPMs', async () => {
    expect(await clientOf().newestSignatures(1000)).toEqual([
      { kojiRpmId: 27, sigkey: '161f1273' },
      { kojiRpmId: 10, sigkey: '161f1273' },
    ]);
    const [newest = 0] = hub.data.builds
      .flatMap(({ listRPMs }) => listRPMs.map(({ id }) => id))
      .sort((a, b) => b - a);
    hub.signing.sign(newest, 'ABCD1234');
    expect(await clientOf().newestSignatures(2)).toEqual([{ kojiRpmId: newest, sigkey: 'abcd1234' }]);
  });

  test('are those of the keys that count', async () => {
    hub.signing.sign(9, 'abcd1234');
    expect(await clientOf(['abcd1234']).newestSignatures(1000)).toEqual([
      { kojiRpmId: 9, sigkey: 'abcd1234' },
    ]);
  });

  test('are no more than were asked for', async () => {
    hub.troubles.order({ method: 'queryRPMSigs' }, { kind: 'lie', lie: () => [rowOf(12), rowOf(11)] });
    await expect(clientOf().newestSignatures(1)).rejects.toEqual(failing('hub_protocol', /more than 1 rows/));
  });
});

test('the builds of RPMs, and none for one that Koji does not know', async () => {
  expect(await clientOf().buildsOfRpms(ids(10, 999_999, 27))).toEqual(
    new Map([
      [10, 3],
      [27, 6],
    ]),
  );
});

describe('keys that count', () => {
  test.each([
    [['b', '', 'a'], [], ['b', 'a']],
    [
      ['11112222', '', '33334444'],
      ['33334444', '11112222'],
      ['33334444', '11112222'],
    ],
    [['11112222', '33334444'], ['33334444'], ['33334444']],
    // Koji keeps the last 8 digits of an id.
    [['11112222'], ['aaaabbbb11112222'], ['11112222']],
    [['aaaabbbb11112222'], ['11112222'], ['aaaabbbb11112222']],
    [['11112222'], ['11112222aaaabbbb'], []],
    [['11112222'], ['11112222', 'aaaabbbb11112222'], ['11112222']],
  ])('of %j with %j preferred are %j', (keys, preferred, counting) => {
    expect(keysThatCount(keys, preferred)).toEqual(counting);
  });

  test('are few, whatever a hub says', () => {
    expect(
      keysThatCount(
        Array.from({ length: 99 }, (_, at) => `key${at}`),
        [],
      ),
    ).toHaveLength(16);
    // Two spellings of a key are one by now.
    expect(keysThatCount(['ab12', '', 'ab12', 'cd34'], [])).toEqual(['ab12', 'cd34']);
  });
});

function rowOf(rpmId: number) {
  return { rpm_id: rpmId, sigkey: 'abcd1234', sighash: '00' };
}
