import { buildIdFromBytes, isBuildIdLength } from '../build-id.ts';
import type { BuildId } from '../build-id.ts';
import { isElfMagic } from './header.ts';

const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const ET_REL = 1;
const NT_GNU_BUILD_ID = 3;
const NOTE_HEADER_BYTES = 12;
/** The owner's name of every note that the kernel, compilers and linkers put into modules: GNU, Linux, Xen. */
const OWNER_BYTES_MAX = 8;
const GNU = 0x47_4e_55_00;
/** A module has a build-id, a property or two, and what the kernel's build adds. */
const NOTES_MAX = 8;

/**
 * The build-id that a relocatable object has in the notes right behind its ELF header, which is where `ld -r`
 * puts them; null if something else lies there, which says nothing about the rest of the file. `start` is the
 * file's first bytes, as many as there are.
 */
export function leadingBuildId(start: Uint8Array): BuildId | null {
  if (!isElfMagic(start) || start.length < 20) return null;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const littleEndian = start[5] === LITTLE_ENDIAN;
  if (view.getUint16(16, littleEndian) !== ET_REL) return null;
  let at = start[4] === CLASS_64 ? 64 : 52;
  for (let note = 0; note < NOTES_MAX && at + NOTE_HEADER_BYTES <= start.length; note++) {
    const ownerBytes = view.getUint32(at, littleEndian);
    const descriptorBytes = view.getUint32(at + 4, littleEndian);
    const ownerAt = at + NOTE_HEADER_BYTES;
    const descriptorAt = ownerAt + padded(ownerBytes);
    const end = descriptorAt + descriptorBytes;
    if (ownerBytes > OWNER_BYTES_MAX || end > start.length || !isOwner(start, ownerAt, ownerBytes))
      return null;
    const isGnu = ownerBytes === 4 && view.getUint32(ownerAt) === GNU;
    if (isGnu && view.getUint32(at + 8, littleEndian) === NT_GNU_BUILD_ID) {
      return isBuildIdLength(descriptorBytes) ? buildIdFromBytes(start.subarray(descriptorAt, end)) : null;
    }
    at = descriptorAt + padded(descriptorBytes);
  }
  return null;
}

/** Letters and a NUL. Byte by byte: making a string of them costs more than all of the rest. */
function isOwner(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count - 1; i++) {
    const lowerCase = (bytes[i] ?? 0) | 0x20;
    if (lowerCase < 0x61 || lowerCase > 0x7a) return false;
  }
  return count > 1 && bytes[at + count - 1] === 0;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
