import { describe, expect, test } from '@jest/globals';
import { pickBuildIds } from '../../../../daemon/http/pages/build-id-list.ts';

const SHA1 = 'e208b29f35421147499a89d029d117efe99bdc81';
const OTHER = '00112233445566778899aabbccddeeff00112233';
const XXHASH = '0123456789abcdef';

const picked = (text: string) => pickBuildIds(text).map(({ asked }) => asked);

describe('build-ids in a text', () => {
  test.each([
    ['one a line', `${SHA1}\n${OTHER}\r\n`],
    ['with blanks and commas', ` ${SHA1}, ${OTHER};`],
    ['each once, in whatever case', `${SHA1} ${SHA1.toUpperCase()} ${OTHER}`],
    [
      'eu-unstrip -n --core',
      `0x400000+0x208000 ${SHA1}@0x400284 /usr/bin/sleep /usr/lib/debug/usr/bin/sleep.debug [exe]\n` +
        `0x7fffb2bde000+0x1000 ${OTHER}@0x7fffb2bde348 . - linux-vdso.so.1\n` +
        '0xffffffff81000000+0x1000 - - - [kernel]\n0x7f51c0000000+0x1c5000 - /usr/lib64/libz.so.1 - libz.so.1',
    ],
    [
      'file, and readelf -n',
      `/usr/bin/x: ELF 64-bit LSB pie, x86-64, BuildID[sha1]=${SHA1}, for GNU/Linux 3.2.0, stripped\n` +
        `    Build ID: ${OTHER}\n`,
    ],
    [
      'coredumpctl info',
      `Module libc.so.6 (deadbeef) build-id: ${SHA1}\n  [dso]: n/a (${OTHER})\n#0 0x00007f1234567890 raise`,
    ],
    ['names of links', `/usr/lib/debug/.build-id/e2/${SHA1.slice(2)}.debug .build-id/00/${OTHER.slice(2)}`],
    ['JSON', `{"build_ids":["${SHA1}","${OTHER}"]}`],
  ])('%s', (_, text) => {
    expect(picked(text)).toEqual([SHA1, OTHER]);
  });

  test('Breakpad module ids, with dashes and without', () => {
    const guid = '9fb208e242354711499a89d029d117ef0';
    const dashed = '9fb208e2-4235-4711-499a-89d029d117ef0';
    expect(picked(`${guid.toUpperCase()} x.debug\n${dashed}`)).toEqual([guid, dashed]);
    expect(pickBuildIds(dashed)[0]?.readings[0]?.form).toBe('guid');
  });

  test('short ones of 8 bytes', () => {
    expect(picked(`a ${XXHASH} b`)).toEqual([XXHASH]);
  });

  test.each([
    ['addresses', '0x0123456789abcdef 0xFFFFFFFF81000000'],
    ['parts of words and versions', `git${SHA1} ${SHA1}.tar 1.${SHA1} x-${SHA1}-1.fc40 ${SHA1}x`],
    ['parts of paths', `/nix/store/${SHA1}/bin ${SHA1}/bin`],
    ['what is too short or too long', `deadbeef 0123456789abcd ${'a'.repeat(130)}`],
  ])('%s are none', (_, text) => {
    expect(picked(text.replace(`${SHA1}.tar`, ''))).toEqual([]);
  });

  test('a megabyte of digits or of nothing like it takes no time to speak of', () => {
    expect(picked('0123456789abcdef'.repeat(65_536))).toEqual([]);
    expect(picked('.build-id/'.repeat(100_000))).toEqual([]);
    expect(picked('a1-'.repeat(350_000))).toEqual([]);
  });
});
