import fc from 'fast-check';
import { RpmTag } from '../../shared/rpm/tags.ts';
import type { TagValue } from '../support/rpm-builder.ts';

type Tagged = readonly [number, TagValue];

const ID = '00112233445566778899aabbccddeeff01234567';

/** A header with a bit of everything that evidence goes by, in which all lists fit each other. */
export function fileTags(): Tagged[] {
  return [
    [RpmTag.name, { string: 'made' }],
    [RpmTag.version, { string: '1.0' }],
    [RpmTag.release, { string: '1.fc40' }],
    [RpmTag.epoch, { int32: [1] }],
    [RpmTag.arch, { string: 'x86_64' }],
    [RpmTag.sourceRpm, { string: 'made-1.0-1.fc40.src.rpm' }],
    [RpmTag.rpmVersion, { string: '4.18.0' }],
    [RpmTag.payloadFormat, { string: 'cpio' }],
    [RpmTag.fileSizes, { int32: [900, 900, 40, 900, 300] }],
    [RpmTag.fileModes, { int16: [0o100755, 0o100755, 0o120777, 0o100644, 0o100755] }],
    [RpmTag.fileFlags, { int32: [0, 0, 0, 64, 0] }],
    [RpmTag.fileDevices, { int32: [1, 1, 1, 1, 1] }],
    [RpmTag.fileInodes, { int32: [5, 5, 6, 7, 8] }],
    [RpmTag.fileLinkTos, { strings: ['', '', '../../../../bin/b', '', ''] }],
    [RpmTag.dirNames, { strings: ['/usr/bin/', '/usr/lib/.build-id/00/', '/lib/modules/'] }],
    [RpmTag.baseNames, { strings: ['a', 'b', ID.slice(2), 'c.o', 'd.ko.xz'] }],
    [RpmTag.dirIndexes, { int32: [0, 0, 1, 0, 2] }],
    [RpmTag.fileClass, { int32: [1, 2, 0, 3, 0] }],
    [
      RpmTag.classDict,
      {
        strings: [
          '',
          `ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, BuildID[sha1]=${ID}, stripped`,
          'ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, stripped',
          'ELF 64-bit LSB relocatable, x86-64, version 1 (SYSV), not stripped',
        ],
      },
    ],
    [RpmTag.fileMimeIndex, { int32: [0, 0, 1, 0, 1] }],
    [RpmTag.mimeDict, { strings: ['application/x-pie-executable', 'text/plain'] }],
  ];
}

/** Text that rules and their regular expressions might take too long over, or fall for. */
const PIECES = [
  ...[
    'BuildID[',
    'BuildID[sha1]=',
    '00',
    'ELF ',
    'ELF 64-bit LSB relocatable, ',
    ' version 1 (',
    ')',
    ', stripped',
  ],
  ...[
    'setuid, ',
    'setgid ',
    '/',
    '../',
    './',
    '.build-id/',
    '/usr/lib/debug/',
    '.debug',
    '.1',
    '.ko.xz',
    '-',
    '.',
  ],
  ...['4.', '99999999', 'a', ' ', '\u00e9', '\n', 'application/', 'x-', '//'],
];
const hostileText = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc
    .tuple(fc.constantFrom(...PIECES), fc.integer({ min: 1, max: 4000 }), fc.constantFrom(...PIECES))
    .map(([piece, times, end]) => piece.repeat(times) + end),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0))),
);
/** Lists of a few values, or of one text a thousand times: what is said once may be meant for every file. */
const strings = fc.oneof(
  fc.array(hostileText, { minLength: 1, maxLength: 7 }),
  fc
    .tuple(fc.string({ maxLength: 3, unit: 'grapheme-ascii' }), fc.integer({ min: 1, max: 3000 }))
    .map(([text, times]) => Array.from({ length: times }, () => text)),
);
const numbers = (max: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    fc.array(fc.oneof(fc.nat({ max: 6 }), fc.nat({ max })), { minLength: 1, maxLength: 7 }),
    fc
      .tuple(fc.nat({ max: 6 }), fc.integer({ min: 1, max: 3000 }))
      .map(([value, times]) => Array.from({ length: times }, () => value)),
  );
const value: fc.Arbitrary<TagValue> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ strings }) },
  { weight: 2, arbitrary: fc.record({ string: hostileText.map((text) => Buffer.from(text as string)) }) },
  { weight: 4, arbitrary: fc.record({ int32: numbers(2 ** 32 - 1) }) },
  { weight: 1, arbitrary: fc.record({ int16: numbers(2 ** 16 - 1) }) },
  { weight: 1, arbitrary: fc.record({ int64: numbers(Number.MAX_SAFE_INTEGER) }) },
  { weight: 1, arbitrary: fc.record({ binary: fc.uint8Array({ maxLength: 20 }) }) },
);

const LISTS = [
  ...[RpmTag.fileSizes, RpmTag.fileModes, RpmTag.fileFlags, RpmTag.fileDevices, RpmTag.fileInodes],
  ...[RpmTag.dirIndexes, RpmTag.fileClass, RpmTag.fileMimeIndex],
];

/** Lists of one length for many files, all alike: what is long is said once and means all of them. */
const manyFiles = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), hostileText, hostileText, hostileText, hostileText)
  .map(([count, directory, base, fileClass, linkTo]): Tagged[] => [
    ...LISTS.map((tag): Tagged => {
      const mode = linkTo.length % 2 === 0 ? 0o100755 : 0o120777;
      return [tag, { int32: Array.from({ length: count }, () => (tag === RpmTag.fileModes ? mode : 0)) }];
    }),
    [RpmTag.dirNames, { strings: [directory] }],
    [
      RpmTag.baseNames,
      { strings: Array.from({ length: count }, () => Buffer.from(base as string).subarray(0, 20)) },
    ],
    [
      RpmTag.fileLinkTos,
      { strings: Array.from({ length: count }, () => Buffer.from(linkTo as string).subarray(0, 30)) },
    ],
    [RpmTag.classDict, { strings: [fileClass] }],
    [RpmTag.mimeDict, { strings: [fileClass] }],
  ]);

/** The tags of a package, of which some are replaced, left out or there twice, so that lists do not fit. */
export const hostileTags: fc.Arbitrary<Tagged[]> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant<Tagged[]>([]) }, { weight: 1, arbitrary: manyFiles }),
    fc.array(fc.tuple(fc.constantFrom(...Object.values(RpmTag)), fc.option(value)), { maxLength: 4 }),
  )
  .map(([many, changes]) => {
    const tags = new Map<number, TagValue>([...fileTags(), ...many]);
    for (const [tag, changed] of changes) {
      if (changed === null) tags.delete(tag);
      else tags.set(tag, changed);
    }
    return [...tags];
  });
