import * as z from 'zod';
import { archiveFacts, locatedRpm, match, matchBuild, matchUrl, namedMatch, rpmFacts } from './match.ts';

const notFoundReason = z.enum(['unknown', 'queued', 'failed', 'absent']).meta({
  id: 'NotFoundReason',
  description:
    'Why nothing was found. "unknown": never heard of it. "queued": its build is known and waits to be read or built. "failed": its build or RPM could not be read or was deleted first, the message says how. "absent": the build or RPM that was named is in the index, and holds no such thing.',
});
export type NotFoundReason = z.infer<typeof notFoundReason>;

const otherForm = z.enum(['first-16-bytes', 'guid', 'zero-padded']).meta({
  description:
    'How what was asked led to the build-id, where it is not that itself. "first-16-bytes": the build-id begins with them, which is what some crash reporters keep. "guid": the same in the byte order of a GUID, as Breakpad writes module ids. "zero-padded": the zeros at its end are padding.',
});

const nextCursor = z.string().nullable().meta({
  description: 'The next page begins there: give it as `cursor`. Null: this is the last.',
});

export const buildIdAnswer = z
  .object({
    build_id: z.string(),
    form: otherForm.optional(),
    matches: z.array(match).meta({ description: 'Best first.' }),
  })
  .meta({ id: 'BuildIdAnswer' });
export type BuildIdAnswer = z.infer<typeof buildIdAnswer>;

const group = z
  .object({
    builds: z.array(z.object({ build: matchBuild, build_ids: z.array(z.string()) })),
    explained: z.number().int().meta({
      description: 'Build-ids that are in these builds, of those asked for.',
    }),
    unexplained: z.array(z.string()).meta({ description: 'Those that are in none of them, found or not.' }),
  })
  .meta({
    id: 'Group',
    description: 'One set of packages that explains much of a batch: at most one build of each package.',
  });
export type Group = z.infer<typeof group>;

export const batchAnswer = z
  .object({
    results: z
      .record(
        z.string(),
        z.object({
          matches: z.array(match).meta({ description: 'Best first.' }),
          reason: notFoundReason.optional(),
          build_id: z.string().optional().meta({
            description: 'Where something else than a build-id was asked for and found.',
          }),
          form: otherForm.optional(),
        }),
      )
      .meta({ description: 'By build-id as asked for, in lower case.' }),
    group: group.optional().meta({ description: 'Where it was asked for.' }),
  })
  .meta({ id: 'BatchAnswer' });
export type BatchAnswer = z.infer<typeof batchAnswer>;

export const prefixAnswer = z
  .object({
    build_ids: z.array(z.string()).meta({ description: 'Those that begin with the digits, ascending.' }),
    next_cursor: nextCursor,
  })
  .meta({ id: 'PrefixAnswer' });
export type PrefixAnswer = z.infer<typeof prefixAnswer>;

const readError = z.object({ code: z.string(), message: z.string() });

const contentEntry = {
  urls: z.array(matchUrl).meta({ description: 'Best first.' }),
  files: z.number().int().meta({ description: 'Files with a build-id.' }),
  superseded: z.boolean().meta({ description: 'True if Koji no longer lists it in its build.' }),
  error: readError.nullable().meta({
    description: 'Why it could not be read; null if it was, or was not to be.',
  }),
};

export const rpmAnswer = z
  .object({
    rpms: z
      .array(z.object({ rpm: rpmFacts, build: matchBuild.nullable(), ...contentEntry }))
      .meta({ description: 'Those of this NVRA, best first: drafts and several Kojis share one.' }),
    matches: z.array(namedMatch).meta({ description: 'The files with a build-id in them.' }),
    next_cursor: nextCursor,
  })
  .meta({ id: 'RpmAnswer' });
export type RpmAnswer = z.infer<typeof rpmAnswer>;

export const buildAnswer = z
  .object({
    build: matchBuild,
    indexed_at: z.string().meta({ description: 'When Koji was last asked about it: ISO 8601 in UTC.' }),
    job: z
      .object({
        state: z.enum(['queued', 'running', 'failed', 'parked']),
        error: readError.nullable(),
      })
      .nullable()
      .meta({ description: 'Where it stands in the queue; null if nothing is to be done.' }),
    rpms: z.array(z.object({ rpm: rpmFacts, ...contentEntry })).meta({
      description: 'Page by page: all RPMs first, then the archives.',
    }),
    archives: z.array(z.object({ archive: archiveFacts, ...contentEntry })),
    next_cursor: nextCursor,
    others: z.array(matchBuild).meta({ description: 'Builds of other Kojis with the same NVR.' }),
  })
  .meta({ id: 'BuildAnswer' });
export type BuildAnswer = z.infer<typeof buildAnswer>;

export const packageAnswer = z
  .object({
    name: z.string(),
    builds: z.array(matchBuild.extend({ rpms: z.number().int() })).meta({
      description: 'The builds of the package, or that hold an RPM of this name, newest first.',
    }),
    local_rpms: z.array(locatedRpm).meta({
      description:
        'RPMs of this name that no Koji knows, the newest in the index first; on the first page alone.',
    }),
    next_cursor: nextCursor,
  })
  .meta({ id: 'PackageAnswer' });
export type PackageAnswer = z.infer<typeof packageAnswer>;

export const filesAnswer = z
  .object({
    path: z.string(),
    matches: z.array(namedMatch).meta({
      description: 'Everything that was ever at the path, the newest in the index first.',
    }),
    next_cursor: nextCursor,
  })
  .meta({ id: 'FilesAnswer' });
export type FilesAnswer = z.infer<typeof filesAnswer>;

export const errorAnswer = z
  .object({
    error: z.object({
      code: z.string().meta({ description: 'For programs; the message is for people.' }),
      reason: notFoundReason.optional(),
      message: z.string(),
    }),
  })
  .meta({ id: 'ErrorAnswer' });
export type ErrorAnswer = z.infer<typeof errorAnswer>;
