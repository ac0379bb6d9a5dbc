import * as z from 'zod';
import { toDarkserverError } from '../../shared/errors.ts';
import type { KojiArchive, KojiBuild } from '../../shared/koji.ts';
import { archivePath, isPathSegment, metadataPath } from '../koji/paths.ts';
import { ChunkReader } from './chunk-reader.ts';
import { scanTar } from './scan-tar.ts';
import type { TarScan } from './scan-tar.ts';
import { SizedSource } from './sized-source.ts';
import type { RpmSource } from './types.ts';

/** Bytes of a content generator's description of a build, which lists every file and every RPM in every image. */
const METADATA_BYTES_MAX = 64 * 1024 * 1024;

/** As far as it tells where files lie; content_generator_metadata in Koji's documentation has the rest. */
const metadata = z.object({
  output: z.array(z.object({ filename: z.string(), subdir: z.string().nullish() })),
});

interface ReadArchiveParts {
  readonly openRpm: (path: string) => RpmSource;
  readonly signal: AbortSignal;
}

/** What an archive holds, and where it was found. */
export interface ArchiveReading extends TarScan {
  readonly directory: string;
}

/**
 * Scans a tar archive, and makes sure that it has the size that Koji says. Throws what scanTar throws, and
 * `hub_protocol` for a file of another size.
 */
export async function readArchive(
  build: KojiBuild,
  archive: KojiArchive,
  parts: ReadArchiveParts,
): Promise<ArchiveReading> {
  try {
    return await readIn(archive.directory, build, archive, parts);
  } catch (error) {
    if (toDarkserverError(error).code !== 'missing_file') throw error;
    const directory = await directoryBySubdir(build, archive, parts);
    if (directory === null) throw error;
    return readIn(directory, build, archive, parts);
  }
}

async function readIn(
  directory: string,
  build: KojiBuild,
  archive: KojiArchive,
  { openRpm, signal }: ReadArchiveParts,
): Promise<ArchiveReading> {
  const source = openRpm(archivePath(build, { ...archive, directory }));
  const what = `archive ${archive.kojiArchiveId} (${archive.filename})`;
  const sized = new SizedSource(source, what, archive.size);
  const scan = await scanTar(sized, signal).catch((thrown: unknown) => {
    throw sized.judge(thrown);
  });
  return { ...scan, directory };
}

/**
 * A content generator may put an archive of a type of its own into a subdirectory, of which the hub keeps no
 * record: only the description that came with the build tells. Null if that has nothing to say.
 */
async function directoryBySubdir(
  build: KojiBuild,
  { directory, filename }: KojiArchive,
  { openRpm, signal }: ReadArchiveParts,
): Promise<string | null> {
  if (!directory.startsWith('files/')) return null;
  const text = await readText(openRpm(metadataPath(build)), signal);
  const subdir = text === null ? null : subdirOf(text, filename);
  return subdir === null ? null : `${directory}/${subdir}`;
}

function subdirOf(text: string, filename: string): string | null {
  try {
    const { output } = metadata.parse(JSON.parse(text));
    const subdir = output.find((each) => each.filename === filename)?.subdir ?? null;
    return subdir?.split('/').every(isPathSegment) === true ? subdir : null;
  } catch {
    return null;
  }
}

/** Null for a file that is not there, or is larger than any description. */
async function readText(source: RpmSource, signal: AbortSignal): Promise<string | null> {
  try {
    const { chunks, file } = await source.open(0, { signal });
    const reader = new ChunkReader(chunks, 0, file);
    try {
      const pieces: Uint8Array[] = [];
      for (let piece = await reader.readAny(); piece !== null; piece = await reader.readAny()) {
        if (reader.offset > METADATA_BYTES_MAX) return null;
        pieces.push(piece);
      }
      return Buffer.concat(pieces).toString('utf8');
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (toDarkserverError(error).code === 'missing_file') return null;
    throw error;
  }
}
