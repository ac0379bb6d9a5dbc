import { toDarkserverError } from '../../shared/errors.ts';
import { isTarHeader } from '../../shared/tar/header.ts';
import { detectCompression, startInnerDecompressor } from './decompress.ts';
import type { Decompressor } from './decompress.ts';
import { TarReader } from './tar-reader.ts';
import type { TarVisitor } from './tar-reader.ts';

/**
 * Where images keep their layers: docker save (HEX/layer.tar, and blobs/ since version 25), podman and
 * others (HEX.tar, HEX.tar.gz beside the manifest), the OCI image layout (blobs/sha256/HEX).
 */
const LAYER_NAME =
  /^(?:\.\/)?(?:(?:[^/]+\/)?layer\.tar|[^/]+\.(?:tar(?:\.(?:gz|bz2|xz|zst))?|tgz)|blobs\/[^/]+\/[^/]+)$/;

export function mayBeLayer(name: string): boolean {
  return LAYER_NAME.test(name);
}

/** Compression of a tar file by its first 512 bytes; null if they are of no tar file, compressed or not. */
export function tarCompression(start: Uint8Array): ReturnType<typeof detectCompression> {
  if (isTarHeader(start)) return 'none';
  const compression = detectCompression(start);
  // "none" is cpio's.
  return compression === 'none' ? null : compression;
}

/** A tar file inside a tar file, on its way through a decompressor. */
export class TarLayer {
  readonly #reader: TarReader;
  readonly #decompressor: Decompressor;
  readonly #countOutput: (bytes: number) => void;
  /** A blob that is compressed, and something else than a layer. */
  #isOther = false;

  /** Throws what `countOutput` throws, with `write` or `end`. */
  constructor(
    compression: NonNullable<ReturnType<typeof tarCompression>>,
    visitor: TarVisitor,
    countOutput: (bytes: number) => void,
  ) {
    this.#reader = new TarReader(visitor);
    this.#countOutput = countOutput;
    this.#decompressor = startInnerDecompressor(compression, (bytes) => this.#take(bytes));
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    return this.#decompressor.write(bytes);
  }

  async end(): Promise<void> {
    try {
      await this.#decompressor.end();
      if (!this.#isOther && this.#reader.isTar) await this.#reader.end();
    } finally {
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    this.#reader.stop();
    await this.#decompressor.stop();
  }

  async #take(lent: Uint8Array): Promise<void> {
    this.#countOutput(lent.length);
    if (this.#isOther) return;
    try {
      await this.#reader.push(Uint8Array.from(lent));
    } catch (error) {
      this.#isOther = !this.#reader.isTar && toDarkserverError(error).code === 'format';
      if (!this.#isOther) throw error;
    }
  }
}
