import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { FormatError, toDarkserverError } from '../../shared/errors.ts';
import type { DarkserverError } from '../../shared/errors.ts';
import { decodeRpmText } from '../../shared/rpm/text.ts';
import { TarGuard } from '../../shared/tar/guard.ts';

export interface TarEntry {
  /** As the tar file has it: "./usr/bin/true", "usr/bin/true". */
  readonly name: string;
  /** "other": directories, devices and the like, whose data says nothing to us. */
  readonly type: 'file' | 'link' | 'other';
  /** Of a hard link, the name of an entry before it. */
  readonly linkName: string;
  /** True for a file of which only what is between its holes may be there. */
  readonly isSparse: boolean;
}

/** Told of a tar file's entries in their order. A promise means: no more before it is settled. */
export interface TarVisitor {
  entry(entry: TarEntry): void;
  /** Data of the entry, which stays as it is and may be kept. */
  data(bytes: Uint8Array): Promise<void> | undefined;
  entryEnd(): Promise<void> | undefined;
}

/** What the declarations of tar-stream's header leave out. */
interface RawHeader extends Omit<Header, 'type' | 'pax' | 'linkname'> {
  /** Null for what tar-stream does not know: GNU's sparse files and volume labels. */
  readonly type: Header['type'] | null;
  readonly linkname: string | null;
  readonly pax?: Readonly<Record<string, string>> | null;
}

/** An entry's data, a stream of tar-stream's. */
interface EntryStream {
  on(event: 'data', listener: (bytes: Uint8Array) => void): void;
  on(event: 'end' | 'close' | 'error', listener: () => void): void;
  pause(): void;
  resume(): void;
}

/**
 * Reads one tar file whose bytes are pushed in order: tar-stream behind a guard. Bad bytes show as a
 * `format` or `limit` error of `push` or `end`, as does what the visitor throws. `stop` has to be called when
 * the reader is left before its end.
 */
export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #guard = new TarGuard();
  // Names are bytes to tar; as Latin-1 none is lost, and what they mean is decided here.
  readonly #extract = extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as object);
  #failure: DarkserverError | null = null;
  #isFull = false;
  #hasFinished = false;
  /** Settled when the entry at hand was told to its end: the stream that it comes from may be done before. */
  #entryDone: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(visitor: TarVisitor) {
    this.#visitor = visitor;
    this.#extract.on('entry', (header, stream, next) => {
      this.#entryDone = this.#readEntry(header as RawHeader, stream as unknown as EntryStream).then(
        () => {
          next();
        },
        (error: unknown) => {
          this.#fail(error);
        },
      );
    });
    this.#extract.on('drain', () => {
      this.#isFull = false;
      this.#wake();
    });
    this.#extract.on('finish', () => {
      this.#hasFinished = true;
      this.#wake();
    });
    this.#extract.on('error', (error) => {
      this.#fail(new FormatError('tar', this.#guard.offset, error.message));
    });
    this.#extract.on('close', () => {
      this.#wake();
    });
  }

  /** False while all that came may be something else than a tar file. */
  get isTar(): boolean {
    return this.#guard.headers > 0;
  }

  /** The bytes become the reader's own. */
  async push(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    for (const piece of this.#guard.push(bytes)) this.#isFull = !this.#extract.write(piece);
    while (this.#isFull && this.#failure === null) await this.#event();
    this.#throwFailure();
  }

  /** No more will come; settled once the visitor was told of everything. */
  async end(): Promise<void> {
    this.#throwFailure();
    this.#guard.end();
    this.#extract.end(null);
    while (!this.#hasFinished && this.#failure === null) await this.#event();
    await this.#entryDone;
    this.#throwFailure();
  }

  stop(): void {
    this.#extract.destroy();
  }

  /** Events, and not the stream's iterator: that costs a turn of promises for each piece of each file. */
  async #readEntry(header: RawHeader, stream: EntryStream): Promise<void> {
    this.#visitor.entry(entryOf(header));
    // A directory has no data whatever its size says, and tar-stream 3.2 never ends the stream of one that has a size.
    const isWhole = header.type === 'directory' || (await this.#readData(stream));
    if (isWhole) await this.#visitor.entryEnd();
  }

  /** Returns whether all of it came: otherwise the reader was stopped, or has failed and tells by itself. */
  #readData(stream: EntryStream): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let taking: Promise<void> | undefined;
      let hasEnded = false;
      stream.on('data', (bytes: Uint8Array) => {
        try {
          taking = this.#visitor.data(bytes);
        } catch (error) {
          reject(asError(error));
          return;
        }
        if (taking === undefined) return;
        stream.pause();
        taking.then(() => {
          stream.resume();
        }, reject);
      });
      stream.on('end', () => {
        hasEnded = true;
        (taking ?? Promise.resolve()).then(() => {
          resolve(true);
        }, reject);
      });
      stream.on('close', () => {
        if (!hasEnded) resolve(false);
      });
      stream.on('error', () => undefined);
    });
  }

  #event(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= toDarkserverError(error);
    this.#extract.destroy();
    this.#wake();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function entryOf({ name, type, linkname, pax }: RawHeader): TarEntry {
  const records = pax ?? {};
  const sparse = Object.keys(records).some((keyword) => keyword.startsWith('GNU.sparse.'));
  return {
    // A pax header's text is UTF-8 and was decoded; all else is bytes, one in each character.
    name: records['GNU.sparse.name'] ?? (records['path'] ? name : textOf(name)),
    type:
      sparse || type === null || type === 'file' || type === 'contiguous-file'
        ? 'file'
        : type === 'link'
          ? 'link'
          : 'other',
    linkName: records['linkpath'] ? (linkname ?? '') : textOf(linkname ?? ''),
    isSparse: sparse || type === null,
  };
}

function textOf(bytes: string): string {
  return decodeRpmText(Buffer.from(bytes, 'latin1'));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
