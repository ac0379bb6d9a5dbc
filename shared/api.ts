import { z } from 'zod';
import { CHECKSUM_TYPES } from './koji.ts';

/** The JSON of /api/v1 and of upstream's routes: one schema each, from which the types follow. */

/** Build-ids in one batch. */
export const MAX_BATCH = 5000;

/** Koji's build ids in one push: more than one hub request can make, few enough for one transaction. */
export const MAX_PUSH = 20_000;

/** Build-ids in one answer to a prefix. */
export const MAX_PAGE = 1000;

export const matchUrl = z.object({
  kind: z.enum(['mirror', 'koji-signed', 'koji', 'retrace', 'file']),
  url: z.string(),
});

const matchFile = {
  /** Of a file in a container image, where it is in its layer. */
  path: z.string(),
  kind: z.enum(['executable', 'debuginfo']),
};

const matchRpm = z.object({
  nvra: z.string(),
  name: z.string(),
  epoch: z.number().int().nullable(),
  version: z.string(),
  release: z.string(),
  arch: z.string(),
  /** Null for an RPM that no Koji knows. */
  koji_rpm_id: z.number().int().nullable(),
  /** Bytes. */
  size: z.number().int(),
  payload_hash: z.string().nullable(),
});

/** A tar file that a build has beside RPMs or without any: a container image, a disk image. */
const matchArchive = z.object({
  filename: z.string(),
  /** Koji's type of the archive, by the kind of file: "tar". */
  type: z.string(),
  /** Koji's build type: "image", "maven", "win", or a content generator's own. */
  btype: z.string(),
  /** Of images; null where Koji says none. */
  arch: z.string().nullable(),
  koji_archive_id: z.number().int(),
  /** Bytes. */
  size: z.number().int(),
  /** Hex digits. */
  checksum: z.string(),
  /** Null for a type that is not known here. */
  checksum_type: z.enum(CHECKSUM_TYPES).nullable(),
});

const matchBuild = z.object({
  instance: z.string(),
  koji_build_id: z.number().int(),
  nvr: z.string(),
  /** "superseded": the build is there, but Koji no longer lists this RPM or archive in it. */
  state: z.enum(['building', 'complete', 'deleted', 'failed', 'canceled', 'superseded']),
  draft: z.boolean(),
  /** ISO 8601 in UTC. */
  completed_at: z.string().nullable(),
  web_url: z.string().nullable(),
});
export type MatchBuild = z.infer<typeof matchBuild>;

/** Best first. Empty when nothing is known to hold the file any more. */
const matchUrls = { urls: z.array(matchUrl) };

const rpmMatch = z.object({
  ...matchFile,
  rpm: matchRpm,
  archive: z.undefined().optional(),
  /** Null for an RPM that no Koji knows. */
  build: matchBuild.nullable(),
  ...matchUrls,
});
export type RpmMatch = z.infer<typeof rpmMatch>;

const archiveMatch = z.object({
  ...matchFile,
  rpm: z.undefined().optional(),
  archive: matchArchive,
  build: matchBuild,
  ...matchUrls,
});
export type ArchiveMatch = z.infer<typeof archiveMatch>;

/** A file, and the RPM or the archive that holds it. */
export const match = z.union([rpmMatch, archiveMatch]);
export type Match = z.infer<typeof match>;
export type MatchUrl = z.infer<typeof matchUrl>;

/** Why nothing was found. */
const notFoundReason = z.enum(['unknown', 'queued', 'failed']);

export const buildIdAnswer = z.object({ build_id: z.string(), matches: z.array(match) });
export type BuildIdAnswer = z.infer<typeof buildIdAnswer>;

export const batchRequest = z.object({ build_ids: z.array(z.string()).max(MAX_BATCH) });

export const batchAnswer = z.object({
  results: z.record(z.string(), z.object({ matches: z.array(match), reason: notFoundReason.optional() })),
});
export type BatchAnswer = z.infer<typeof batchAnswer>;

export const prefixQuery = z.object({
  prefix: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[0-9a-f]{8,128}$/, 'give the first 8 or more hex digits of a build-id'),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
});

/** Build-ids that begin with the digits asked for, ascending. */
export const prefixAnswer = z.object({
  build_ids: z.array(z.string()),
  /** True if there are more than the limit allowed. */
  more: z.boolean(),
});
export type PrefixAnswer = z.infer<typeof prefixAnswer>;

export const errorAnswer = z.object({
  error: z.object({ code: z.string(), reason: notFoundReason.optional(), message: z.string() }),
});
export type ErrorAnswer = z.infer<typeof errorAnswer>;

export const statusAnswer = z.object({
  builds: z.number().int(),
  rpms: z.number().int(),
  files: z.number().int(),
  build_ids: z.number().int(),
  database_bytes: z.number().int(),
  queue: z.object({
    queued: z.number().int(),
    running: z.number().int(),
    failed: z.number().int(),
    parked: z.number().int(),
  }),
  koji: z.record(
    z.string(),
    z.object({
      /**
       * Seconds by which the index is behind Koji: the wait of the longest-waiting build that was announced
       * or found. Where Koji was not compared with for two intervals (it is down, or no daemon runs), the
       * time since: nobody knows what was missed. 0 when nothing waits, and where Koji was never reached,
       * which last_reconciled tells.
       */
      lag_seconds: z.number(),
      /** ISO 8601 in UTC, null if never. */
      last_push: z.string().nullable(),
      /** When the last comparison with Koji that succeeded began; ISO 8601 in UTC, null if never. */
      last_reconciled: z.string().nullable(),
      /** The slow comparison of every build with Koji, which finds what no other way has found. */
      sweep: z.object({
        /** The part of the one that is under way, from 0 to 1; null where none is. */
        progress: z.number().nullable(),
        /** When the last one came to its end; ISO 8601 in UTC, null if none has. */
        last_ended: z.string().nullable(),
        /** Builds that all of them have found to differ. */
        found: z.number().int(),
      }),
    }),
  ),
});
export type StatusAnswer = z.infer<typeof statusAnswer>;

/** One row of upstream's /buildids and /rpm2buildids. */
export const upstreamRow = z.object({
  buildid: z.string(),
  elf: z.string(),
  /** NVRA without ".rpm"; of an archive its whole file name. */
  rpm: z.string(),
  /** The dist tag of the release, e.g. fc40. */
  distro: z.string(),
  url: z.string(),
});
export type UpstreamRow = z.infer<typeof upstreamRow>;

export const pushRequest = z.object({
  instance: z.string(),
  koji_build_ids: z
    .array(
      z
        .number()
        .int()
        .positive()
        .max(2 ** 31 - 1),
    )
    .max(MAX_PUSH),
});

export const pushAnswer = z.object({ queued: z.number().int(), already_queued: z.number().int() });
export type PushAnswer = z.infer<typeof pushAnswer>;
