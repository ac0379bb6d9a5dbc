import * as z from 'zod';
import { DarkserverError } from '../../shared/errors.ts';
import { CHECKSUM_TYPES } from '../../shared/koji.ts';
import type { KojiArchive, KojiArchiveId, KojiBuildId } from '../../shared/koji.ts';
import type { Call, XmlRpcValue } from './codec.ts';
import { decode, integer, kojiArchiveId, kojiBuildId, segment } from './fields.ts';
import { isPathSegment } from './paths.ts';

/**
 * Koji's archives: whatever a build has beside RPMs and logs. What kind of file one is, Koji calls its type
 * (type_name); which kind of build it belongs to, its build type (btype), which decides where it lies
 * (koji.PathInfo.typedir).
 */

/** What listArchives says of an archive whatever its build type. */
type ListedArchive = Omit<KojiArchive, 'directory' | 'arch'>;

/** Build types of which Koji has a table of their own, told only to who asks for archives of this type. */
const DETAILED = ['image', 'maven', 'win'] as const;
type DetailedType = (typeof DETAILED)[number];

function isDetailed(btype: string): btype is DetailedType {
  return (DETAILED as readonly string[]).includes(btype);
}

/** Koji's own list of a tar's extensions lacks zstd, and a content generator may call its tars what it likes. */
const TAR_NAME = /\.(?:tar(?:\.(?:gz|bz2|xz|zst|lzma))?|tgz|tbz2?|txz|tzst|ociarchive)$/i;

const listed = z
  .object({
    id: kojiArchiveId,
    build_id: kojiBuildId,
    filename: z.string(),
    type_name: z.string().max(255),
    // Kojis before 1.11 know no build types here, nor content generators.
    btype: segment.nullish(),
    metadata_only: z.boolean().nullish(),
    size: integer.pipe(z.int().nonnegative()).nullable(),
    checksum: z.string().max(256).nullable(),
    checksum_type: integer.nullable(),
  })
  .transform((row): ListedArchive => ({
    kojiArchiveId: row.id,
    kojiBuildId: row.build_id,
    filename: row.filename,
    type: row.type_name,
    btype: row.btype ?? '',
    size: row.size ?? 0,
    checksum: row.checksum?.toLowerCase() ?? '',
    checksumType: CHECKSUM_TYPES[row.checksum_type ?? -1] ?? null,
    metadataOnly: row.metadata_only ?? false,
  }));

const dotted = z.string().refine((name) => name.split('.').every(isPathSegment));
/** Without what leads nowhere: "./a//b" is "a/b". */
const relative = z
  .string()
  .transform((path) => path.split('/').filter((each) => each !== '' && each !== '.'))
  .refine((segments) => segments.every(isPathSegment))
  .transform((segments) => segments.join('/'));

/** Where an archive lies under its build's directory, and for which architecture it is. */
interface Place {
  readonly directory: string;
  readonly arch: string | null;
}

const places = {
  image: z
    .object({ id: kojiArchiveId, arch: segment.nullable() })
    .transform(({ id, arch }) => ({ id, directory: 'images', arch })),
  maven: z
    .object({ id: kojiArchiveId, group_id: dotted, artifact_id: segment, version: segment })
    .transform(({ id, group_id, artifact_id, version }) => ({
      id,
      directory: `maven/${group_id.replaceAll('.', '/')}/${artifact_id}/${version}`,
      arch: null,
    })),
  win: z
    .object({ id: kojiArchiveId, relpath: relative.nullable() })
    .transform(({ id, relpath }) => ({ id, directory: relpath ? `win/${relpath}` : 'win', arch: null })),
} satisfies Record<DetailedType, z.ZodType<Place & { id: KojiArchiveId }>>;

/** Whether an archive is read: of others nothing is kept, nor where nobody knows where it lies. */
export function isRead({
  type,
  filename,
  btype,
}: Pick<ListedArchive, 'type' | 'filename' | 'btype'>): boolean {
  return (type === 'tar' || TAR_NAME.test(filename)) && btype !== '';
}

/** The tar files in an answer of listArchives for one build; what else there is, is passed over. */
export function decodeTars(value: XmlRpcValue, of: KojiBuildId, what: string): ListedArchive[] {
  const archives = decode(z.array(listed), value, what).filter(isRead);
  for (const { kojiArchiveId: id, kojiBuildId: build, filename } of archives) {
    if (build !== of) {
      const message = `archive ${id} is of build ${build}, those of ${of} were asked for`;
      throw new DarkserverError('hub_protocol', `${what}: ${message}`);
    }
    if (!isPathSegment(filename)) {
      const shown = JSON.stringify(filename).slice(0, 80);
      throw new DarkserverError(
        'hub_protocol',
        `${what}: archive ${id}: ${shown} cannot be the name of a file`,
      );
    }
  }
  return archives;
}

export function listArchives(kojiBuildId: KojiBuildId): Call {
  return { method: 'listArchives', params: [], keywords: { buildID: kojiBuildId } };
}

/** What is to be asked in addition, to know where these archives lie. */
export function callsForPlaces(archives: readonly ListedArchive[], kojiBuildId: KojiBuildId): Call[] {
  return typesOf(archives).map((type) => ({
    method: 'listArchives',
    params: [],
    keywords: { buildID: kojiBuildId, type },
  }));
}

/** The archives with their places; `answers` are those to callsForPlaces, in its order. */
export function placeArchives(
  archives: readonly ListedArchive[],
  answers: readonly XmlRpcValue[],
  what: string,
): KojiArchive[] {
  const known = new Map<KojiArchiveId, Place>();
  for (const [at, type] of typesOf(archives).entries()) {
    const wanted = new Set(archives.map(({ kojiArchiveId }) => kojiArchiveId));
    for (const { id, ...place } of decodePlaces(type, answers[at] ?? null, wanted, what))
      known.set(id, place);
  }
  return archives.map((archive) => {
    const place = isDetailed(archive.btype)
      ? known.get(archive.kojiArchiveId)
      : { directory: `files/${archive.btype}`, arch: null };
    if (place !== undefined) return { ...archive, ...place };
    const message = `archive ${archive.kojiArchiveId} is not among the build's "${archive.btype}" archives`;
    throw new DarkserverError('hub_protocol', `${what}: ${message}`);
  });
}

function typesOf(archives: readonly ListedArchive[]): DetailedType[] {
  return DETAILED.filter((type) => archives.some(({ btype }) => btype === type));
}

/** A build may have archives with odd places among those that are not asked about. */
function decodePlaces(
  type: DetailedType,
  answer: XmlRpcValue,
  wanted: ReadonlySet<KojiArchiveId>,
  what: string,
): (Place & { readonly id: KojiArchiveId })[] {
  const rows = decode(z.array(z.looseObject({ id: kojiArchiveId })), answer, what);
  const ours = rows.filter(({ id }) => wanted.has(id)) as unknown as XmlRpcValue;
  const schema: z.ZodType<(Place & { readonly id: KojiArchiveId })[]> = z.array(places[type]);
  return decode(schema, ours, what);
}
