import * as z from 'zod';
import { DarkserverError } from '../../shared/errors.ts';
import { BUILD_STATES } from '../../shared/koji.ts';
import type { BuildState, KojiBuild, KojiBuildId, KojiRpm, KojiRpmId } from '../../shared/koji.ts';
import type { XmlRpcValue } from './codec.ts';
import { decode, integer, kojiBuildId, kojiRpmId, segment } from './fields.ts';

/** Koji's structs in this project's words; Koji's spellings end here, and in archives.ts for archives. */

const state = integer.transform((value, context): BuildState => {
  const name = BUILD_STATES[value];
  if (name !== undefined) return name;
  context.addIssue({ code: 'custom', message: `${value} is no state of a build` });
  return z.NEVER;
});

/** getBuild, and the rows of listBuilds, which have no "id" beside their "build_id". */
const build = z
  .object({
    build_id: kojiBuildId,
    name: segment,
    epoch: integer.nullable(),
    version: segment,
    release: segment,
    state,
    // Kojis before 1.34 know no drafts.
    draft: z.boolean().nullish(),
    volume_name: segment,
    completion_ts: z.number().nullable(),
  })
  .transform((row): KojiBuild => ({
    kojiBuildId: row.build_id,
    name: row.name,
    epoch: row.epoch,
    version: row.version,
    release: row.release,
    state: row.state,
    draft: row.draft ?? false,
    volume: row.volume_name,
    completedAt: row.completion_ts,
  }));

const rpm = z
  .object({
    id: kojiRpmId,
    build_id: kojiBuildId,
    name: segment,
    epoch: integer.nullable(),
    version: segment,
    release: segment,
    arch: segment,
    size: integer.pipe(z.int().nonnegative()),
    payloadhash: z.string().max(128).nullable(),
    buildtime: integer.nullish(),
    // Kojis before 1.11 know no content generators.
    metadata_only: z.boolean().nullish(),
  })
  .transform((row): KojiRpm => ({
    kojiRpmId: row.id,
    kojiBuildId: row.build_id,
    name: row.name,
    epoch: row.epoch,
    version: row.version,
    release: row.release,
    arch: row.arch,
    size: row.size,
    payloadHash: row.payloadhash === null || row.payloadhash === '' ? null : row.payloadhash.toLowerCase(),
    buildTime: row.buildtime ?? null,
    metadataOnly: row.metadata_only ?? false,
  }));

/** The answer of getBuild: nil for a build that does not exist. */
export function decodeBuild(value: XmlRpcValue, what: string): KojiBuild | null {
  return decode(build.nullable(), value, what);
}

/** The answer of listBuilds. */
export function decodeBuilds(value: XmlRpcValue, what: string): KojiBuild[] {
  return decode(z.array(build), value, what);
}

/** The answer of listRPMs for one build. */
export function decodeRpms(value: XmlRpcValue, of: KojiBuildId, what: string): KojiRpm[] {
  const rpms = decode(z.array(rpm), value, what);
  const stray = rpms.find((each) => each.kojiBuildId !== of);
  if (stray === undefined) return rpms;
  const message = `RPM ${stray.kojiRpmId} is of build ${stray.kojiBuildId}, those of ${of} were asked for`;
  throw new DarkserverError('hub_protocol', `${what}: ${message}`);
}

/** The build of getRPM's answer: null for an RPM that does not exist, or that is of an external repository. */
export function decodeBuildOfRpm(value: XmlRpcValue, of: KojiRpmId, what: string): KojiBuildId | null {
  const found = decode(z.object({ id: kojiRpmId, build_id: kojiBuildId.nullable() }).nullable(), value, what);
  if (found === null || found.id === of) return found?.build_id ?? null;
  throw new DarkserverError('hub_protocol', `${what}: RPM ${found.id} in place of ${of}`);
}

/** The builds of listTagged's answer, whose rows lack much of what getBuild has. */
export function decodeTagged(value: XmlRpcValue, what: string): KojiBuildId[] {
  return decode(z.array(z.object({ build_id: kojiBuildId })), value, what).map((row) => row.build_id);
}

/** An answer that is one line of text, such as a version. */
export function decodeText(value: XmlRpcValue, what: string): string {
  return decode(z.string().min(1).max(200), value, what);
}
