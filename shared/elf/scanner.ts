import { buildIdFromBytes } from '../build-id.ts';
import type { BuildId } from '../build-id.ts';
import { FormatError } from '../errors.ts';
import { RecordReader } from './file-range.ts';
import type { ByteRange, RangeReader } from './file-range.ts';
import {
  ELF_HEADER_BYTES,
  isElfMagic,
  parseElfHeader,
  parseProgramHeader,
  parseSectionHeader,
} from './header.ts';
import type { ElfHeader, ElfTable, SectionHeader } from './header.ts';
import type { FileKind } from './kind.ts';
import { NoteReader } from './notes.ts';
import type { OnBuildIdNote } from './notes.ts';
import { NoteSearch } from './note-search.ts';

/**
 * What a file is, by its own bytes.
 *
 * `missed` names notes that lay in bytes that had passed before the section table at the end of the file
 * told of them; it is empty unless no build-id was found elsewhere. Whoever has such a result reads the
 * file a second time with a scanner that was started with these ranges.
 */
export type ElfScan =
  | { readonly isElf: false }
  | {
      readonly isElf: true;
      readonly buildId: BuildId | null;
      readonly kind: FileKind;
      readonly missed: readonly ByteRange[];
    };

/** The start of each file that is kept: relocatable objects' notes lie here, their section table at the end. */
const HEAD_BYTES = 64 * 1024;
/** Segments and sections of notes that are followed. Real files have under ten (annobin's objects apart). */
const NOTE_RANGES_MAX = 1024;
/** Build-id notes that are remembered. Real files have one. */
const FOUND_MAX = 64;
/** Records of a section table that are read. The largest objects known have some hundred thousand. */
const SECTIONS_MAX = 4 * 1024 * 1024;
const NOTE_BYTES_MIN = 12 + 4 + 2;
/** Ranges of notes that a byte may lie in: a segment and its section, and a stale segment or two. */
const OVERLAP_MAX = 4;

interface FoundNote {
  readonly offset: number;
  readonly buildId: BuildId;
}

/**
 * Finds the build-id and the kind of one file whose bytes are pushed in order, once, in pieces of any
 * size, in about 70 KB of memory whatever the file. One scanner serves many files: `start` begins anew.
 *
 * Notes of sections win over notes of segments, as in elfutils (dwelf_elf_gnu_build_id): the program
 * headers of separate debuginfo files give the offsets of the file that was stripped. A file that starts
 * as ELF does and breaks the format later has no build-id; that is no error of its package.
 */
export class ElfScanner {
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headFilled = 0;
  #position = 0;
  #state: 'header' | 'body' | 'not-elf' = 'header';
  #readers: RangeReader[] = [];
  /** No reader wants a byte before this offset, so that most chunks cost nothing. */
  #nextWanted = 0;
  #knownRanges: readonly ByteRange[] = [];
  #found: FoundNote[] = [];
  /** What looks like a build-id's note in a file whose notes are told of at its end only. */
  #guessed: FoundNote[] = [];
  #noteRanges: ByteRange[] = [];
  #noteSections: ByteRange[] = [];
  #missed: ByteRange[] = [];
  #sectionsRead = 0;
  #hasLoadedContent = false;
  #hasLoadedSegment = false;

  /** Begins a file. `knownRanges` are the ranges that an earlier scan of the same file missed. */
  start(knownRanges: readonly ByteRange[] = []): void {
    this.#headFilled = 0;
    this.#position = 0;
    this.#state = 'header';
    this.#readers = [];
    this.#nextWanted = 0;
    this.#knownRanges = knownRanges;
    this.#found = [];
    this.#guessed = [];
    this.#noteRanges = [];
    this.#noteSections = [];
    this.#missed = [];
    this.#sectionsRead = 0;
    this.#hasLoadedContent = false;
    this.#hasLoadedSegment = false;
  }

  /** True once no further byte can change the result. */
  get isDone(): boolean {
    return this.#state === 'not-elf';
  }

  push(chunk: Uint8Array): void {
    if (this.#state === 'not-elf') return;
    const start = this.#position;
    const end = start + chunk.length;
    if (this.#headFilled < HEAD_BYTES) {
      const kept = chunk.subarray(0, HEAD_BYTES - this.#headFilled);
      this.#head.set(kept, this.#headFilled);
      this.#headFilled += kept.length;
    }
    if (this.#state === 'header') {
      if (this.#headFilled >= 4 && !isElfMagic(this.#head)) this.#state = 'not-elf';
      else if (this.#headFilled >= ELF_HEADER_BYTES) this.#readHeader(this.#headFilled);
    }
    if (end > this.#nextWanted) this.#feed(chunk, start, end);
    this.#position = end;
  }

  end(): ElfScan {
    // The 32-bit header has 52 bytes, so that a file of under 64 may be whole.
    if (this.#state === 'header') this.#readHeader(this.#headFilled);
    if (this.#state !== 'body') return { isElf: false };
    const buildId = this.#bestBuildId();
    return {
      isElf: true,
      buildId,
      kind: this.#kind(),
      missed: buildId === null ? this.#missed : [],
    };
  }

  #readHeader(available: number): void {
    const header = unlessBroken(() => parseElfHeader(this.#head.subarray(0, available)));
    if (header === null) {
      this.#state = 'not-elf';
      return;
    }
    this.#state = 'body';
    for (const range of this.#knownRanges) this.#addNotes(header, range, 8);
    if (header.programHeaders !== null) this.#addProgramHeaders(header, header.programHeaders);
    if (header.sectionHeaders !== null) this.#addSectionHeaders(header, header.sectionHeaders);
    if (header.programHeaders === null || header.programHeaders.count === 0) this.#addSearch(header);
  }

  /** Relocatable objects have no segments: beyond the head nothing tells of notes before they have passed. */
  #addSearch(header: ElfHeader): void {
    const search = new NoteSearch(0, header.littleEndian, remember(this.#guessed));
    this.#add({
      start: 0,
      end: Infinity,
      push: (bytes) => {
        search.push(bytes);
      },
    });
  }

  #addProgramHeaders(header: ElfHeader, table: ElfTable): void {
    const onRecord = (record: Uint8Array): void => {
      const segment = unlessBroken(() => parseProgramHeader(header, record));
      if (segment === null) return;
      if (segment.isLoad && segment.fileBytes > 0) this.#hasLoadedSegment = true;
      if (!segment.isNote || segment.fileBytes < NOTE_BYTES_MIN) return;
      const range = { start: segment.offset, end: segment.offset + segment.fileBytes };
      this.#addNotes(header, range, segment.align);
    };
    this.#add(new RecordReader(table, onRecord));
  }

  #addSectionHeaders(header: ElfHeader, table: ElfTable): void {
    const reader = new RecordReader({ ...table, count: table.count || 1 }, (record, index) => {
      const section = unlessBroken(() => parseSectionHeader(header, record));
      if (section === null) return;
      // Section 0 is empty; its size is the number of sections where the header has no room for it.
      if (index > 0) this.#readSection(header, section);
      else if (table.count === 0) reader.count = Math.min(section.bytes, SECTIONS_MAX);
    });
    this.#add(reader);
  }

  #readSection(header: ElfHeader, section: SectionHeader): void {
    this.#sectionsRead++;
    if (section.isLoadedContent) this.#hasLoadedContent = true;
    if (!section.isNote || section.bytes < NOTE_BYTES_MIN) return;
    if (this.#noteSections.length >= NOTE_RANGES_MAX) return;
    const range = { start: section.offset, end: section.offset + section.bytes };
    this.#noteSections.push(range);
    this.#addNotes(header, range, section.align);
  }

  /** Has the notes of a range read, now or when they come by; a range that has passed is missed. */
  #addNotes(header: ElfHeader, range: ByteRange, align: number): void {
    if (this.#noteRanges.length + this.#missed.length >= NOTE_RANGES_MAX) return;
    if (this.#noteRanges.filter((known) => overlap(known, range)).length >= OVERLAP_MAX) return;
    // Some linkers put notes padded to 4 into a segment aligned to 8, so that 4 is tried there as well.
    const onBuildId = remember(this.#found);
    const readers = (align === 8 ? ([8, 4] as const) : ([4] as const)).map(
      (padding) => new NoteReader(range.start, header.littleEndian, padding, onBuildId),
    );
    const push = (bytes: Uint8Array): void => {
      for (const reader of readers) reader.push(bytes);
    };
    (this.#add({ ...range, push }) ? this.#noteRanges : this.#missed).push(range);
  }

  /** Gives a reader what has passed already and is still in the head. Returns false if it is not. */
  #add(reader: RangeReader): boolean {
    const isGone = reader.start < this.#position && Math.min(reader.end, this.#position) > this.#headFilled;
    if (isGone) return false;
    pushPiece(reader, this.#head.subarray(0, Math.min(this.#position, this.#headFilled)), 0);
    this.#readers.push(reader);
    if (reader.end > this.#position) this.#nextWanted = Math.min(this.#nextWanted, reader.start);
    return true;
  }

  #feed(chunk: Uint8Array, start: number, end: number): void {
    // Readers add readers while they read: the list grows under this loop.
    for (let i = 0; i < this.#readers.length; i++) {
      const reader = this.#readers[i];
      if (reader !== undefined) pushPiece(reader, chunk, start);
    }
    this.#readers = this.#readers.filter((reader) => reader.end > end);
    this.#nextWanted = this.#readers.reduce((least, reader) => Math.min(least, reader.start), Infinity);
  }

  #bestBuildId(): BuildId | null {
    for (const section of this.#noteSections) {
      const isIn = ({ offset }: FoundNote): boolean => offset >= section.start && offset < section.end;
      const isAligned = ({ offset }: FoundNote): boolean => (offset - section.start) % 4 === 0;
      const note = this.#found.find(isIn) ?? this.#guessed.find((guess) => isIn(guess) && isAligned(guess));
      if (note !== undefined) return note.buildId;
    }
    return this.#found[0]?.buildId ?? null;
  }

  /** debuginfod's rule: a file whose sections hold loaded content can run, a debuginfo file holds none. */
  #kind(): FileKind {
    if (this.#sectionsRead > 0) return this.#hasLoadedContent ? 'executable' : 'debuginfo';
    return this.#hasLoadedSegment ? 'executable' : 'debuginfo';
  }
}

function remember(notes: FoundNote[]): OnBuildIdNote {
  return (offset, id) => {
    if (notes.length >= FOUND_MAX || notes.some((note) => note.offset === offset)) return;
    notes.push({ offset, buildId: buildIdFromBytes(id) });
  };
}

/** A broken header makes no ELF file; a record with offsets that no file can have says nothing. */
function unlessBroken<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** Gives a reader what it wants of the bytes at `start`. Its end may move while it reads. */
function pushPiece(reader: RangeReader, bytes: Uint8Array, start: number): void {
  const end = start + bytes.length;
  let from = Math.max(reader.start, start);
  while (from < Math.min(reader.end, end)) {
    const to = Math.min(reader.end, end);
    reader.push(bytes.subarray(from - start, to - start));
    from = to;
  }
}

function overlap(a: ByteRange, b: ByteRange): boolean {
  return a.start < b.end && b.start < a.end;
}
