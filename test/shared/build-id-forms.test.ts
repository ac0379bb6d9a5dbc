import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AskedBuildId,
  means,
  readAskedBuildId,
  requireAskedBuildId,
  startOf,
} from '../../shared/build-id-forms.ts';
import type { BuildId } from '../../shared/build-id.ts';

const SHA1 = 'e208b29f35421147499a89d029d117efe99bdc81' as BuildId;

/** Which readings of a text mean this build-id. */
function formsThatMean(buildId: BuildId, { readings }: AskedBuildId): string[] {
  return readings
    .filter((reading) => means(reading, buildId) && buildId.startsWith(startOf(reading) ?? '?'))
    .map(({ form }) => form);
}

describe('what may be asked', () => {
  test('a build-id is itself, in any case and with blanks around it', () => {
    expect(requireAskedBuildId(` ${SHA1.toUpperCase()}\n`)).toEqual({
      asked: SHA1,
      exact: SHA1,
      readings: [],
    });
  });

  test.each([
    ['9FB208E242354711499A89D029D117EF0', 'guid'],
    ['9fb208e242354711499a89d029d117ef', 'guid'],
    ['9fb208e2-4235-4711-499a-89d029d117ef', 'guid'],
    ['9FB208E2-4235-4711-499A-89D029D117EF-0', 'guid'],
    ['e208b29f35421147499a89d029d117ef', 'first-16-bytes'],
    ['e208b29f-3542-1147-499a-89d029d117ef', 'first-16-bytes'],
    ['e208b29f35421147499a89d029d117ef00000000', 'zero-padded'],
  ])('%s is %s of a sha1', (text, form) => {
    expect(formsThatMean(SHA1, requireAskedBuildId(text))).toEqual([form]);
  });

  test.each([
    ['0123456789abcdef0000000000000000', 'first-16-bytes'],
    ['67452301AB89EFCD00000000000000000', 'guid'],
    ['0123456789abcdef000000000000000000000000', 'zero-padded'],
  ])('%s is %s of an xxhash', (text, form) => {
    expect(formsThatMean('0123456789abcdef' as BuildId, requireAskedBuildId(text))).toEqual([form]);
  });

  test('16 bytes of md5 are themselves, and only then the beginning of something longer', () => {
    const md5 = SHA1.slice(0, 32);
    const asked = requireAskedBuildId(md5);
    expect(asked.exact).toBe(md5);
    expect(asked.readings.map(({ form }) => form)).toEqual(['first-16-bytes', 'guid']);
  });

  test('a build-id that ends in a zero byte is found padded, too', () => {
    const ending = '0123456789abcd00' as BuildId;
    expect(formsThatMean(ending, requireAskedBuildId(`${ending}0000000000000000`))).toEqual([
      'first-16-bytes',
    ]);
  });

  test.each(['', 'x', 'abc', 'hello-1-1.x86_64', '9fb208e2-42354711499a89d029d117ef', '12'.repeat(65)])(
    '"%s" is nothing of the kind',
    (text) => {
      expect(readAskedBuildId(text)).toBeNull();
      expect(() => requireAskedBuildId(text)).toThrow(/is not a build-id: give 2 to 64 bytes as hex digits/);
    },
  );

  test('a reading does not mean what merely begins like it', () => {
    const kept = requireAskedBuildId('e208b29f35421147499a89d029d117ef');
    expect(formsThatMean('e208b29f35421147499a89d029d117ee00000000' as BuildId, kept)).toEqual([]);
    expect(formsThatMean('e208b29f35421147' as BuildId, kept)).toEqual([]);
  });

  test('nothing but zeros is looked for no further', () => {
    expect(requireAskedBuildId('0'.repeat(32)).readings.map(startOf)).toEqual([null, null]);
  });
});

test('whatever Breakpad makes of a build-id leads back to it', () => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 64 });
  fc.assert(
    fc.property(bytes, fc.boolean(), (id, withAge) => {
      fc.pre(id.subarray(0, 8).some((byte) => byte !== 0));
      const buildId = Buffer.from(id).toString('hex') as BuildId;
      const kept = Buffer.alloc(16);
      kept.set(id.subarray(0, 16));
      const guid = Buffer.concat([
        kept.subarray(0, 4).reverse(),
        kept.subarray(4, 6).reverse(),
        kept.subarray(6, 8).reverse(),
        kept.subarray(8),
      ]);
      const asked = requireAskedBuildId(`${guid.toString('hex').toUpperCase()}${withAge ? '0' : ''}`);
      expect(formsThatMean(buildId, asked)).toContain('guid');
    }),
    { seed: 20261121 },
  );
});
