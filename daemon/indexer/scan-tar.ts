import type { ByteRange } from '../../shared/elf/file-range.ts';
import { DarkserverError, FormatError } from '../../shared/errors.ts';
import { TAR_BLOCK_BYTES } from '../../shared/tar/header.ts';
import { ChunkReader } from './chunk-reader.ts';
import { openDecompressor } from './decompress.ts';
import { WINDOW_START_BYTES } from './decompression-window.ts';
import { isReadByProgram } from './programs.ts';
import { TarFindings } from './tar-findings.ts';
import { tarCompression } from './tar-layer.ts';
import { TarReader } from './tar-reader.ts';
import { TarScanVisitor } from './tar-visitor.ts';
import type { RpmSource, ScannedFile } from './types.ts';

/** What was found in one tar archive. */
export interface TarScan {
  readonly files: readonly ScannedFile[];
  /** Bytes taken from the source, for the scan's statistics. */
  readonly bytesRead: number;
  /** What could not be read in an archive that could: a sentence for each, naming the file in it. */
  readonly warnings: readonly string[];
}

/**
 * Finds the files with a build-id in a tar file, compressed or not, and in its layers where it is a container
 * image. Paths are those in the innermost tar file, made absolute. Everything is read as streams: memory is
 * bounded whatever the archive, and nothing is written.
 *
 * Throws `format` and `limit` for an archive or a layer that cannot be read (the message names the archive
 * and the offset), `configuration` for a decompressor that is not installed, `stopped`, and what the source
 * throws.
 */
export async function scanTar(source: RpmSource, signal?: AbortSignal): Promise<TarScan> {
  try {
    const first = await readTar(source, new Map(), signal);
    if (first.missed.size === 0) return first;
    // Notes that lay before the tables that tell of them are looked for where those said.
    const second = await readTar(source, first.missed, signal);
    return { ...second, bytesRead: first.bytesRead + second.bytesRead };
  } catch (error) {
    if (error instanceof DarkserverError && (error.code === 'format' || error.code === 'limit')) {
      throw new DarkserverError(error.code, `${source.name}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

async function readTar(
  source: RpmSource,
  knownRanges: ReadonlyMap<string, readonly ByteRange[]>,
  signal: AbortSignal | undefined,
): Promise<TarScan & { readonly missed: ReadonlyMap<string, readonly ByteRange[]> }> {
  const { size, chunks, file } = await source.open(0, signal === undefined ? {} : { signal });
  const input = new ChunkReader(chunks, 0, file);
  const findings = new TarFindings(() => size ?? input.bytesTaken, knownRanges);
  const visitor = new TarScanVisitor(findings);
  const reader = new TarReader(visitor);
  try {
    await pump(input, reader, findings, signal);
    const { files, warnings, missed } = findings;
    return { files, warnings, missed, bytesRead: input.bytesTaken };
  } catch (error) {
    if (signal?.aborted === true) throw new DarkserverError('stopped', 'reading the archive was called off');
    throw error;
  } finally {
    reader.stop();
    await visitor.stop();
    await input.close();
  }
}

/** Sends the archive through its decompressor to the reader. */
async function pump(
  input: ChunkReader,
  reader: TarReader,
  findings: TarFindings,
  signal: AbortSignal | undefined,
): Promise<void> {
  const compression = tarCompression(await input.peek(TAR_BLOCK_BYTES));
  if (compression === null) {
    throw new FormatError(
      'tar',
      0,
      'this is no tar file, neither plain nor compressed with gzip, bzip2, xz or zstd',
    );
  }
  const start = await input.peek(WINDOW_START_BYTES);
  const descriptor = isReadByProgram(compression) ? await input.lendFile() : null;
  const onOutput = (lent: Uint8Array): Promise<void> => {
    findings.countOutput(lent.length);
    return reader.push(Uint8Array.from(lent));
  };
  const decompressor = await openDecompressor({ compression, base: 0, start, descriptor }, onOutput, signal);
  const stop = (): void => {
    void decompressor.stop();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    if (descriptor === null) {
      for (let chunk = await input.readAny(); chunk !== null; chunk = await input.readAny()) {
        signal?.throwIfAborted();
        await decompressor.write(chunk);
      }
    }
    await decompressor.end();
    signal?.throwIfAborted();
    await reader.end();
  } finally {
    signal?.removeEventListener('abort', stop);
    await decompressor.stop();
    if (descriptor !== null) await input.takeFileBack();
  }
}
