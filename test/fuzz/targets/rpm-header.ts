import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RpmFileList } from '../../../shared/rpm/files.ts';
import { parseRpmHeaderIntro, RPM_HEADER_INTRO_BYTES, RpmHeader } from '../../../shared/rpm/header.ts';
import { readRpmIdentity } from '../../../shared/rpm/identity.ts';
import { readProvidedBuildIds } from '../../../shared/rpm/provides.ts';
import { buildRpmHeader } from '../../support/rpm-builder.ts';
import { rpmHeaderFields } from '../fields.ts';
import { fileTags, hostileTags } from '../hostile-tags.ts';
import { mutated } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const whole = [63, null].map((region) => {
  const bytes = buildRpmHeader(fileTags(), region);
  return { bytes, fields: rpmHeaderFields(bytes, 0) };
});

const signature = new RpmHeader(buildRpmHeader([[1004, { binary: Buffer.alloc(16) }]], 62), 'signature', 0);

/** All that is ever asked of a header. */
function readAll(bytes: Uint8Array): void {
  parseRpmHeaderIntro(bytes.subarray(0, RPM_HEADER_INTRO_BYTES), 'header', 0);
  const header = new RpmHeader(bytes, 'header', 0);
  const list = new RpmFileList(header);
  const classes = new Set<number | null>();
  for (let i = 0; i < list.count; i++) {
    assert.ok(list.path(i).startsWith('/'));
    assert.ok(list.size(i) >= 0);
    list.nameKey(i);
    list.linkTarget(i);
    list.inodeKey(i);
    list.mimeType(i);
    list.isBelow(i, '/usr/lib/debug/');
    list.nameEndsWith(i, '.ko.xz');
    classes.add(list.classIndex(i));
  }
  for (const each of classes) if (each !== null) list.classText(each);
  readProvidedBuildIds(header);
  readRpmIdentity({ major: 3, isSource: false }, signature, header);
}

export const rpmHeader: FuzzTarget = {
  name: 'rpm-header',
  share: 180,
  open: (): OpenTarget<{ readonly bytes: Uint8Array }> => ({
    inputs: fc.oneof(
      { weight: 3, arbitrary: mutated(whole) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(hostileTags, fc.constantFrom(63, null))
          .map(([tags, region]) => ({ bytes: buildRpmHeader(tags, region) })),
      },
    ),
    errors: ['format', 'limit'],
    mayAllocate: allowance(64),
    read: ({ bytes }) => {
      readAll(bytes);
    },
  }),
};
