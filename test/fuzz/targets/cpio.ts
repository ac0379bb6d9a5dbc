import assert from 'node:assert/strict';
import { CpioParser } from '../../../shared/cpio/parser.ts';
import { newcEntry, newcPayload, strippedEntry, cpioTrailer } from '../../support/cpio-builder.ts';
import { cpioFields } from '../fields.ts';
import { mutated, pushMutant } from '../mutations.ts';
import type { Mutant } from '../mutations.ts';
import { allowance } from '../target.ts';
import type { FuzzTarget, OpenTarget } from '../target.ts';

const STRIPPED_SIZES = [5, 70, 0, 4];

const payloads = [
  newcPayload(
    ['./usr', './usr/bin/a', './usr/bin/bb', `./usr/${'long/'.repeat(200)}`].map((name, i) => ({
      name,
      data: Buffer.alloc(i * 21, 0x30),
      inode: i,
    })),
  ),
  newcPayload([
    { name: './a', inode: 5, linkCount: 3 },
    { name: './b', inode: 5, linkCount: 3 },
    { name: './c', inode: 5, linkCount: 3, data: Buffer.from('data'), magic: '070702' },
  ]),
  Buffer.concat([
    newcEntry({ name: 'x'.repeat(4095), data: Buffer.alloc(3) }),
    cpioTrailer(),
    Buffer.alloc(512),
  ]),
  Buffer.concat([
    ...STRIPPED_SIZES.map((size, index) => strippedEntry(index, Buffer.alloc(size))),
    strippedEntry(0xffffffff, Buffer.alloc(0)),
  ]),
];

export const cpio: FuzzTarget = {
  name: 'cpio',
  share: 180,
  open: (): OpenTarget<Mutant> => ({
    inputs: mutated(payloads.map((bytes) => ({ bytes, fields: cpioFields(bytes) }))),
    errors: ['format'],
    mayAllocate: allowance(4),
    read: (mutant) => {
      let told = 0;
      let open = 0;
      const parser = new CpioParser({
        entry: ({ form, size, fileIndex }) => {
          assert.equal(open++, 0, 'an entry begins inside another');
          return form === 'newc' ? size : (STRIPPED_SIZES[fileIndex] ?? 2 ** 40);
        },
        data: (piece) => {
          told += piece.length;
        },
        entryEnd: () => {
          open--;
        },
      });
      pushMutant(parser, mutant);
      parser.end();
      assert.ok(told <= mutant.bytes.length, 'more data was told of than there is');
    },
  }),
};
