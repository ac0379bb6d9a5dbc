import type { BuildId } from '../../shared/build-id.ts';
import { FormatError } from '../../shared/errors.ts';
import { RpmFileList } from '../../shared/rpm/files.ts';
import {
  parseRpmHeaderIntro,
  RPM_HEADER_INTRO_BYTES,
  RpmHeader,
  signaturePadding,
} from '../../shared/rpm/header.ts';
import type { RpmHeaderKind } from '../../shared/rpm/header.ts';
import { readProvidedBuildIds } from '../../shared/rpm/provides.ts';
import { readRpmIdentity, statedBytes } from '../../shared/rpm/identity.ts';
import type { RpmIdentity } from '../../shared/rpm/identity.ts';
import { parseRpmLead, RPM_LEAD_BYTES } from '../../shared/rpm/lead.ts';
import { RpmTag } from '../../shared/rpm/tags.ts';
import type { ChunkReader } from './chunk-reader.ts';

/** Bytes to ask a server for at first: nine of ten headers end before 73 KB. */
export const HEAD_BYTES_EXPECTED = 96 * 1024;

/** All of an RPM that stands before its payload. */
export interface RpmHead {
  readonly identity: RpmIdentity;
  readonly files: RpmFileList;
  /** File name of the source package that it was made from; null for source packages. */
  readonly sourceRpm: string | null;
  /** Of the rpm that built the package. */
  readonly rpmVersion: string | null;
  /** Of which the package says that it provides the debuginfo. */
  readonly providedBuildIds: readonly BuildId[];
  /** "cpio" wherever rpm itself wrote the package. */
  readonly payloadFormat: string;
  /** Seconds since the epoch; null where the header does not say. */
  readonly buildTime: number | null;
  /** Offset of the main header in the RPM. */
  readonly headerStart: number;
  /** Offset of the payload in the RPM. */
  readonly payloadStart: number;
  /** Bytes of the whole RPM as it states them; null where it does not. */
  readonly statedSize: number | null;
}

/**
 * Reads lead, signature header and header from the start of an RPM, after which the reader stands at the
 * payload. Throws FormatError, `limit` for headers that are too large to hold, and what the source throws.
 */
export async function readRpmHead(reader: ChunkReader): Promise<RpmHead> {
  const lead = parseRpmLead(await reader.read(RPM_LEAD_BYTES, 'RPM lead'));
  const signature = await readHeader(reader, 'signature');
  const headerStart = reader.offset;
  const header = await readHeader(reader, 'header');
  const payloadStart = reader.offset;
  const stated = statedBytes(signature, header, payloadStart - headerStart);
  return {
    identity: readRpmIdentity(lead, signature, header),
    files: new RpmFileList(header),
    sourceRpm: header.string(RpmTag.sourceRpm),
    rpmVersion: header.string(RpmTag.rpmVersion),
    providedBuildIds: readProvidedBuildIds(header),
    payloadFormat: header.string(RpmTag.payloadFormat) ?? 'cpio',
    buildTime: header.integer(RpmTag.buildTime),
    headerStart,
    payloadStart,
    statedSize: stated === null ? null : headerStart + stated,
  };
}

/** A file that is shorter than its package says was cut off, even if nothing of the rest is needed. */
export function checkSize(head: RpmHead, size: number | null): void {
  if (size === null || head.statedSize === null || size >= head.statedSize) return;
  throw new FormatError(
    'RPM',
    size,
    `the file is truncated: it has ${size} bytes and states ${head.statedSize}`,
  );
}

async function readHeader(reader: ChunkReader, kind: RpmHeaderKind): Promise<RpmHeader> {
  const format = kind === 'signature' ? 'RPM signature header' : 'RPM header';
  const start = reader.offset;
  const intro = await reader.peek(RPM_HEADER_INTRO_BYTES);
  const bytes = RPM_HEADER_INTRO_BYTES + parseRpmHeaderIntro(intro, kind, start);
  const header = new RpmHeader(await reader.read(bytes, format), kind, start);
  if (kind === 'signature') await reader.read(signaturePadding(bytes), format);
  return header;
}
