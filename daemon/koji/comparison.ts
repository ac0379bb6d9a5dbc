import * as z from 'zod';
import { DarkserverError } from '../../shared/errors.ts';
import { BUILD_STATES } from '../../shared/koji.ts';
import type { KojiBuild, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';
import { decodeTars, isRead, listArchives } from './archives.ts';
import type { Call, XmlRpcArgument, XmlRpcValue } from './codec.ts';
import { decodeBuild } from './decode.ts';
import { decode, integer, kojiBuildId } from './fields.ts';
import { decodeSignatures, signaturesCall } from './signatures.ts';
import type { Addition, AdditionKind, BuildOutline, CountQuery, KojiVolume } from './hub.ts';

/** The calls that only a comparison with the index makes, and their answers. */

/** PostgreSQL keeps times to the microsecond, and Koji knows no "at or after". */
const MICROSECOND = 1e-6;

export function countBuildsCall(query: CountQuery): Call {
  const keywords: Record<string, XmlRpcArgument> = { queryOpts: { countOnly: true } };
  const { state, draft, kojiVolumeId, completedFrom, completedBefore } = query;
  if (state !== undefined) keywords['state'] = BUILD_STATES.indexOf(state);
  if (draft !== undefined) keywords['draft'] = draft;
  if (kojiVolumeId !== undefined) keywords['volumeID'] = kojiVolumeId;
  if (completedFrom !== undefined) keywords['completeAfter'] = completedFrom - MICROSECOND;
  if (completedBefore !== undefined) keywords['completeBefore'] = completedBefore;
  return { method: 'listBuilds', params: [], keywords };
}

const count = integer.pipe(z.int().nonnegative());

export function decodeCount(value: XmlRpcValue, what: string): number {
  return decode(count, value, what);
}

const volume = z
  .object({ id: count, name: z.string() })
  .transform(({ id, name }): KojiVolume => ({ kojiVolumeId: id, name }));

export function decodeVolumes(value: XmlRpcValue, what: string): KojiVolume[] {
  return decode(z.array(volume), value, what);
}

/** Three or four calls for each build; decodeOutline reads their answers. */
export function outlineCalls(of: KojiBuildId, sample: KojiRpmId | undefined): Call[] {
  return [
    { method: 'getBuild', params: [of] },
    { method: 'listRPMs', params: [], keywords: { buildID: of, queryOpts: { countOnly: true } } },
    listArchives(of),
    ...(sample === undefined ? [] : [signaturesCall(sample)]),
  ];
}

export function decodeOutline(
  answers: readonly XmlRpcValue[],
  of: KojiBuildId,
  sample: KojiRpmId | undefined,
  whatOf: (method: string) => string,
): BuildOutline {
  const [found = null, rpms = null, archives = null, signatures = null] = answers;
  const tars = decodeTars(archives, of, whatOf('listArchives'));
  return {
    kojiBuildId: of,
    build: asAskedFor(decodeBuild(found, whatOf('getBuild')), of, whatOf('getBuild')),
    rpms: decodeCount(rpms, whatOf('listRPMs')),
    tars: tars.map(({ kojiArchiveId }) => kojiArchiveId),
    sampleSigkeys: sample === undefined ? null : decodeSignatures(signatures, sample, whatOf('queryRPMSigs')),
  };
}

/** Throws `hub_protocol` for a build that was not asked for. */
export function asAskedFor(build: KojiBuild | null, asked: KojiBuildId, what: string): KojiBuild | null {
  if (build === null || build.kojiBuildId === asked) return build;
  throw new DarkserverError('hub_protocol', `${what}: build ${build.kojiBuildId} in place of ${asked}`);
}

export function newestCall(kind: AdditionKind, page: { limit: number; offset: number }): Call {
  const queryOpts = { order: '-id', ...page };
  return { method: kind === 'rpms' ? 'listRPMs' : 'listArchives', params: [], keywords: { queryOpts } };
}

const addedId = integer.pipe(z.int().positive());

const additions = {
  rpms: z
    .object({ id: addedId, build_id: kojiBuildId.nullable() })
    .transform((row): Addition => ({ addedId: row.id, kojiBuildId: row.build_id })),
  archives: z
    .object({
      id: addedId,
      build_id: kojiBuildId,
      filename: z.string(),
      type_name: z.string(),
      btype: z.string().nullish(),
    })
    .transform(({ id, build_id, filename, type_name: type, btype }): Addition => ({
      addedId: id,
      kojiBuildId: isRead({ filename, type, btype: btype ?? '' }) ? build_id : null,
    })),
} satisfies Record<AdditionKind, z.ZodType<Addition>>;

/** A page that newestCall asks for. Throws `hub_protocol` if it is not in order, which would end no listing. */
export function decodeAdditions(
  kind: AdditionKind,
  value: XmlRpcValue,
  limit: number,
  what: string,
): Addition[] {
  const schema: z.ZodType<Addition[]> = z.array(additions[kind]);
  const page = decode(schema, value, what);
  const inOrder = page.every((row, at) => at === 0 || row.addedId < (page[at - 1]?.addedId ?? 0));
  if (inOrder && page.length <= limit) return page;
  throw new DarkserverError('hub_protocol', `${what}: not at most ${limit} rows, newest first`);
}
