import { expect, test } from '@jest/globals';
import { NoteReader } from '../../../shared/elf/notes.ts';
import { buildIdNote, elfNote } from '../../support/elf-builder.ts';

function read(notes: Uint8Array, pieceBytes: number, align: 4 | 8 = 4): [number, string][] {
  const found: [number, string][] = [];
  const reader = new NoteReader(1000, true, align, (offset, id) => {
    found.push([offset, Buffer.from(id).toString('hex')]);
  });
  for (let at = 0; at < notes.length; at += pieceBytes) reader.push(notes.subarray(at, at + pieceBytes));
  return found;
}

test('tells the offset of each build-id in the file', () => {
  const notes = Buffer.concat([
    buildIdNote('aabb'),
    elfNote('Xen', 6, Buffer.alloc(9)),
    buildIdNote('ccddee'),
  ]);
  for (const pieceBytes of [1, 2, 5, 100]) {
    expect(read(notes, pieceBytes)).toEqual([
      [1000, 'aabb'],
      [1000 + 20 + 28, 'ccddee'],
    ]);
  }
});

test('an owner that only looks like GNU is another', () => {
  expect(read(elfNote('GNV', 3, Buffer.alloc(20)), 7)).toEqual([]);
  expect(read(elfNote('GNUX', 3, Buffer.alloc(20)), 7)).toEqual([]);
});

test('a note with sizes that no file has ends the reading', () => {
  const lie = Buffer.alloc(12, 0xff);
  expect(read(Buffer.concat([lie, buildIdNote('aabb')]), 3)).toEqual([]);
});

test('a note that is cut off is none', () => {
  const note = buildIdNote('00112233445566778899');
  expect(read(note.subarray(0, note.length - 4), 100)).toEqual([]);
});
