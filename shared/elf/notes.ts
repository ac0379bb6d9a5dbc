import { isBuildIdLength } from '../build-id.ts';

/** NT_GNU_BUILD_ID, a type of the owner "GNU". */
const NT_GNU_BUILD_ID = 3;
const OWNER_GNU_BYTES = 4;
const NOTE_HEADER_BYTES = 12;

/** Called with the offset in the file of each build-id's note, and a view of the id's bytes. */
export type OnBuildIdNote = (noteOffset: number, id: Uint8Array) => void;

/**
 * Reads the notes of one section or segment as its bytes come by, in memory of a hundred bytes: sections
 * of notes can be large (annobin writes megabytes), and only build-ids are of interest.
 *
 * Source: System V ABI, "Note Section". Name and descriptor are padded to 4 bytes, or to 8 where the
 * section is aligned to 8 (which only .note.gnu.property and some old linkers do). A note that does not
 * fit its section simply ends the reading: the bytes of stale program headers are no error.
 */
export class NoteReader {
  readonly #littleEndian: boolean;
  readonly #align: 4 | 8;
  readonly #onBuildId: OnBuildIdNote;
  /** The note's header and, for notes of four-byte owners, what follows. Descriptors beyond it are skipped. */
  readonly #buffer = new Uint8Array(96);
  #filled = 0;
  #needed = NOTE_HEADER_BYTES;
  #skip = 0;
  #noteOffset: number;
  /** Bytes of the note's descriptor once its header was read and it may be a build-id; else -1. */
  #idBytes = -1;

  /** `start` is the offset in the file of the first byte that will be pushed. */
  constructor(start: number, littleEndian: boolean, align: 4 | 8, onBuildId: OnBuildIdNote) {
    this.#noteOffset = start;
    this.#littleEndian = littleEndian;
    this.#align = align;
    this.#onBuildId = onBuildId;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const taken = Math.min(this.#needed - this.#filled, bytes.length - at);
      this.#buffer.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#needed) this.#advance();
    }
  }

  #advance(): void {
    if (this.#idBytes >= 0) {
      this.#checkBuildId();
      return;
    }
    const view = new DataView(this.#buffer.buffer);
    const nameBytes = view.getUint32(0, this.#littleEndian);
    const descriptorBytes = view.getUint32(4, this.#littleEndian);
    const type = view.getUint32(8, this.#littleEndian);
    const descriptorAt = this.#padded(NOTE_HEADER_BYTES + nameBytes);
    const total = this.#padded(descriptorAt + descriptorBytes);
    if (type === NT_GNU_BUILD_ID && nameBytes === OWNER_GNU_BYTES && isBuildIdLength(descriptorBytes)) {
      this.#idBytes = descriptorBytes;
      this.#needed = descriptorAt + descriptorBytes;
    } else {
      this.#next(total, total - NOTE_HEADER_BYTES);
    }
  }

  #checkBuildId(): void {
    const owner = NOTE_HEADER_BYTES;
    const [g, n, u, end] = this.#buffer.subarray(owner, owner + OWNER_GNU_BYTES);
    const descriptorAt = this.#needed - this.#idBytes;
    if (g === 0x47 && n === 0x4e && u === 0x55 && end === 0) {
      this.#onBuildId(this.#noteOffset, this.#buffer.subarray(descriptorAt, this.#needed));
    }
    const total = this.#padded(this.#needed);
    this.#next(total, total - this.#needed);
  }

  #next(noteBytes: number, skip: number): void {
    this.#noteOffset += noteBytes;
    this.#skip = skip;
    this.#filled = 0;
    this.#needed = NOTE_HEADER_BYTES;
    this.#idBytes = -1;
  }

  #padded(bytes: number): number {
    return Math.ceil(bytes / this.#align) * this.#align;
  }
}
