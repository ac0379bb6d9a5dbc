import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decode, decodeAskedBuildIds, decodeBuildIdList } from '../../../daemon/http/request.ts';
import { parseRetryAfter } from '../../../daemon/koji/http-retry.ts';
import { isPathSegment, publishedUrl, rpmPath } from '../../../daemon/koji/paths.ts';
import { batchRequest, prefixQuery, pushRequest } from '../../../shared/api.ts';
import { requireBuildId } from '../../../shared/build-id.ts';
import { distTag, formatNvra, parseNvra, requireNvr, requireNvra } from '../../../shared/nvr.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const PIECES = [
  ...[
    '-',
    '.',
    '.rpm',
    'a',
    '1',
    '/',
    '..',
    ' ',
    '\t',
    '\n',
    '\0',
    ',',
    '%2f',
    '%',
    'fc40',
    'fc',
    '.fc1_',
    'ab',
  ],
  ...[
    '00112233445566778899aabbccddeeff01234567',
    'ABCDEF00',
    '\ud800',
    '\u00e9',
    '\u2028',
    'x86_64',
    '__proto__',
  ],
];
/** Short and odd, or one thing over and over, which is what patterns take too long for. */
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ maxLength: 30, unit: 'binary' }),
  fc
    .tuple(fc.constantFrom(...PIECES), fc.integer({ min: 1, max: 30_000 }), fc.constantFrom(...PIECES))
    .map(([piece, times, end]) => piece.repeat(times).slice(0, 32_000) + end),
);

const READERS: readonly ((sent: string) => void)[] = [
  (sent) => {
    assert.match(requireBuildId(sent), /^(?:[0-9a-f]{2}){2,64}$/);
  },
  (sent) => {
    const nvra = requireNvra(sent);
    assert.deepEqual(parseNvra(formatNvra(nvra)), nvra);
    distTag(nvra.release);
    const isWhole = [nvra.name, nvra.version, nvra.release].every(isPathSegment);
    if (!isWhole) return;
    const url = new URL(publishedUrl('https://h.example/top', rpmPath({ ...nvra, volume: 'DEFAULT' }, nvra)));
    assert.ok(url.href.startsWith('https://h.example/top/packages/'), url.href);
    assert.equal(url.search + url.hash, '');
  },
  (sent) => {
    distTag(sent);
    parseRetryAfter(sent);
    requireNvr(sent);
  },
  (sent) => {
    decodeAskedBuildIds([sent, sent]);
  },
  (sent) => {
    decodeBuildIdList(sent);
  },
  (sent) => {
    decode(prefixQuery, { prefix: sent, limit: sent });
  },
  (sent) => {
    decode(batchRequest, { build_ids: [sent], [sent]: sent });
  },
  (sent) => {
    decode(pushRequest, { instance: sent, koji_build_ids: Array.from(sent, () => sent.length) });
  },
];

/** What callers write into URLs and bodies, and other people's names in them. */
export const names: FuzzTarget = {
  name: 'names',
  share: 104,
  open: (): OpenTarget<{ readonly sent: string; readonly reader: number }> => ({
    inputs: fc.record({ sent: text, reader: fc.nat({ max: READERS.length - 1 }) }),
    errors: ['bad_input', 'too_large', 'uri_too_long'],
    mayAllocate: ({ sent }) => 2 ** 20 + 64 * sent.length,
    read: ({ sent, reader }) => {
      READERS[reader]?.(sent);
    },
  }),
};
