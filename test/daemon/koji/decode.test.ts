import { describe, expect, test } from '@jest/globals';
import type { XmlRpcValue } from '../../../daemon/koji/codec.ts';
import {
  decodeBuild,
  decodeBuilds,
  decodeRpms,
  decodeTagged,
  decodeText,
} from '../../../daemon/koji/decode.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { recordedKojiData } from '../../support/stand-in-hub/koji-data.ts';

const { builds } = recordedKojiData();

/** Values that a hub might put in the place of any member. */
const ANYTHING: XmlRpcValue[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 31,
  '9223372036854775807',
  '',
  '..',
  'a/b',
  'x'.repeat(1000),
  [],
  {},
  [{}],
  Buffer.alloc(3),
  new Date(0),
];

describe('every row of the recorded hub', () => {
  test.each(builds.map(({ getBuild }) => [getBuild.nvr, getBuild] as const))(
    '%s is understood',
    (_nvr, row) => {
      const build = decodeBuild(row as unknown as XmlRpcValue, 'getBuild');
      expect(build).toMatchObject({
        kojiBuildId: row.id,
        name: row.name,
        version: row.version,
        release: row.release,
        volume: row.volume_name,
        draft: row.draft,
        completedAt: row.completion_ts,
      });
    },
  );

  test('RPMs are understood', () => {
    for (const { getBuild, listRPMs } of builds) {
      const rpms = decodeRpms(listRPMs as unknown as XmlRpcValue, getBuild.id as KojiBuildId, 'listRPMs');
      expect(rpms.map(({ kojiRpmId, payloadHash }) => [kojiRpmId, payloadHash])).toEqual(
        listRPMs.map(({ id, payloadhash }) => [id, payloadhash]),
      );
    }
  });
});

describe('whatever stands in a place', () => {
  const { getBuild, listRPMs } = builds[0] ?? { getBuild: {}, listRPMs: [] };
  const rpm = listRPMs[0] ?? {};

  test.each([
    'build_id',
    'name',
    'version',
    'release',
    'state',
    'volume_name',
    'draft',
    'epoch',
    'completion_ts',
  ])('%s of a build is understood or refused by name', (field) => {
    let refused = 0;
    for (const value of ANYTHING) {
      try {
        decodeBuild({ ...(getBuild as Record<string, XmlRpcValue>), [field]: value }, 'getBuild');
      } catch (error) {
        refused++;
        expect(error).toMatchObject({
          code: 'hub_protocol',
          message: expect.stringMatching(new RegExp(`^getBuild: field ${field}: .{5,200}$`)),
        });
      }
    }
    expect(refused).toBeGreaterThan(8);
  });

  test.each([
    'id',
    'build_id',
    'name',
    'version',
    'release',
    'arch',
    'size',
    'payloadhash',
    'metadata_only',
    'epoch',
  ])('%s of an RPM is understood or refused by name', (field) => {
    let refused = 0;
    for (const value of ANYTHING) {
      try {
        decodeRpms(
          [{ ...(rpm as Record<string, XmlRpcValue>), [field]: value }],
          1 as KojiBuildId,
          'listRPMs',
        );
      } catch (error) {
        refused++;
        expect(error).toMatchObject({
          code: 'hub_protocol',
          message: expect.stringMatching(new RegExp(`^listRPMs: field 0\\.${field}: .{5,200}$`)),
        });
      }
    }
    expect(refused).toBeGreaterThan(8);
  });

  test.each(ANYTHING)('an answer that is %j', (value) => {
    const attempts = [
      () => decodeBuild(value, 'm'),
      () => decodeBuilds(value, 'm'),
      () => decodeRpms(value, 1 as KojiBuildId, 'm'),
      () => decodeTagged(value, 'm'),
      () => decodeText(value, 'm'),
    ];
    for (const attempt of attempts) {
      try {
        expect([null, [], value]).toContainEqual(attempt());
      } catch (error) {
        expect(error).toMatchObject({ code: 'hub_protocol', message: expect.stringMatching(/^m:/) });
      }
    }
  });
});

test('numbers that arrive as digits are numbers', () => {
  const row = {
    ...(builds[0]?.listRPMs[0] as unknown as Record<string, XmlRpcValue>),
    size: '5000000000',
    epoch: '3',
  };
  expect(decodeRpms([row], 1 as KojiBuildId, 'listRPMs')).toMatchObject([{ size: 5_000_000_000, epoch: 3 }]);
});
