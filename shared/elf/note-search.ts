import { BUILD_ID_MAX_BYTES, isBuildIdLength } from '../build-id.ts';
import type { OnBuildIdNote } from './notes.ts';

const HEADER_BYTES = 12;
const OWNER = [0x47, 0x4e, 0x55, 0x00] as const;
const NOTE_BYTES_MAX = HEADER_BYTES + OWNER.length + BUILD_ID_MAX_BYTES;

/**
 * Looks for build-id notes anywhere in the bytes of a file, without knowing where its notes are. What it
 * finds counts only if a section of notes turns out to be there: since Linux 6.12 the larger kernel
 * modules have their notes behind the code, and the table that tells so at the very end.
 */
export class NoteSearch {
  readonly #littleEndian: boolean;
  readonly #onBuildId: OnBuildIdNote;
  /** The end of what has passed, as much as a note may have of itself in the next piece. */
  readonly #carry = new Uint8Array(2 * NOTE_BYTES_MAX);
  #carried = 0;
  #offset: number;

  /** `start` is the offset in the file of the first byte that will be pushed. */
  constructor(start: number, littleEndian: boolean, onBuildId: OnBuildIdNote) {
    this.#offset = start;
    this.#littleEndian = littleEndian;
    this.#onBuildId = onBuildId;
  }

  push(bytes: Uint8Array): void {
    const joined = bytes.subarray(0, NOTE_BYTES_MAX);
    this.#carry.set(joined, this.#carried);
    const filled = this.#carried + joined.length;
    this.#search(this.#carry.subarray(0, filled), this.#offset - this.#carried);
    if (bytes.length > NOTE_BYTES_MAX) {
      this.#search(bytes, this.#offset);
      this.#carry.set(bytes.subarray(bytes.length - NOTE_BYTES_MAX));
      this.#carried = NOTE_BYTES_MAX;
    } else {
      const kept = Math.min(filled, NOTE_BYTES_MAX);
      this.#carry.copyWithin(0, filled - kept, filled);
      this.#carried = kept;
    }
    this.#offset += bytes.length;
  }

  #search(bytes: Uint8Array, start: number): void {
    for (let at = bytes.indexOf(OWNER[0], HEADER_BYTES); at >= 0; at = bytes.indexOf(OWNER[0], at + 1)) {
      if (bytes[at + 1] !== OWNER[1] || bytes[at + 2] !== OWNER[2] || bytes[at + 3] !== OWNER[3]) continue;
      const view = new DataView(bytes.buffer, bytes.byteOffset + at - HEADER_BYTES, HEADER_BYTES);
      const idBytes = view.getUint32(4, this.#littleEndian);
      const isBuildId =
        view.getUint32(0, this.#littleEndian) === 4 && view.getUint32(8, this.#littleEndian) === 3;
      const idAt = at + OWNER.length;
      if (!isBuildId || !isBuildIdLength(idBytes) || idAt + idBytes > bytes.length) continue;
      this.#onBuildId(start + at - HEADER_BYTES, bytes.subarray(idAt, idAt + idBytes));
    }
  }
}
