import { expect, test } from '@jest/globals';
import { parseRpmLead } from '../../../shared/rpm/lead.ts';
import { buildRpm } from '../../support/rpm-builder.ts';

const lead = (): Buffer => Buffer.from(buildRpm({}).subarray(0, 96));

test('tells the format and the kind', () => {
  expect(parseRpmLead(lead())).toEqual({ major: 3, isSource: false });
  expect(parseRpmLead(buildRpm({ isSource: true }))).toEqual({ major: 3, isSource: true });
  expect(parseRpmLead(buildRpm({ format: 6 }))).toMatchObject({ major: 4 });
});

test('refuses what is no RPM, and what is too old', () => {
  expect(() => parseRpmLead(Buffer.alloc(96))).toThrow(
    'RPM lead at offset 0: this is no RPM: it starts with 00000000, not edabeedb',
  );
  const old = lead();
  old[4] = 2;
  expect(() => parseRpmLead(old)).toThrow(/offset 4: packages of format 2/);
  const unsigned = lead();
  unsigned.writeUInt16BE(1, 78);
  expect(() => parseRpmLead(unsigned)).toThrow(/offset 78: signature type 1/);
  expect(() => parseRpmLead(lead().subarray(0, 50))).toThrow(/^RPM lead at offset/);
});
