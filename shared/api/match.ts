import * as z from 'zod';
import { CHECKSUM_TYPES } from '../koji.ts';

/**
 * What every answer of /api/v1 is made of: files, what holds them, their builds, and where to have them. The
 * descriptions are those of /openapi.json, where `id` names the shape.
 */

const URL_KINDS = ['mirror', 'koji-signed', 'koji', 'retrace', 'file'] as const;

const bytes = z.number().int().meta({ description: 'Bytes.' });

export const matchUrl = z
  .object({
    kind: z.enum(URL_KINDS).meta({
      description:
        "Where it leads: a YUM repository's mirror, Koji's signed copy, Koji's unsigned one, an ABRT retrace server, or a file of the server's own machine.",
    }),
    url: z.string(),
    repository: z.string().optional().meta({
      description: "Of a mirror: the repository's name in the configuration.",
    }),
    sigkey: z.string().optional().meta({ description: 'Of a signed copy: the key, as Koji names it.' }),
    size: z.number().int().nullable().meta({ description: 'Bytes; null where nobody said.' }),
    last_seen: z.string().nullable().meta({
      description: 'When it was last known to be there: ISO 8601 in UTC, null if that is not known.',
    }),
  })
  .meta({
    id: 'Url',
    description: 'An address from which an RPM or an archive can be had.',
    examples: [
      {
        kind: 'koji-signed',
        url: 'https://koji.example.org/kojifiles/packages/greet/1.0/1.fc40/data/signed/a15b79cc/x86_64/greet-1.0-1.fc40.x86_64.rpm',
        sigkey: 'a15b79cc',
        size: 9187,
        last_seen: '2024-01-01T03:05:00.000Z',
      },
    ],
  });
export type MatchUrl = z.infer<typeof matchUrl>;

const urls = z.array(matchUrl).meta({
  description: 'Best first. Empty when nothing is known to hold the file any more.',
});

export const rpmFacts = z
  .object({
    nvra: z.string(),
    name: z.string(),
    epoch: z.number().int().nullable(),
    version: z.string(),
    release: z.string(),
    arch: z.string(),
    koji_rpm_id: z.number().int().nullable().meta({ description: 'Null for an RPM that no Koji knows.' }),
    size: bytes,
    payload_hash: z.string().nullable().meta({
      description: 'As Koji keeps it: the MD5 of header and payload, in hex; null where it is not known.',
    }),
  })
  .meta({
    id: 'Rpm',
    examples: [
      {
        ...{ nvra: 'greet-1.0-1.fc40.x86_64', name: 'greet', epoch: null, version: '1.0' },
        ...{ release: '1.fc40', arch: 'x86_64', koji_rpm_id: 4, size: 8643 },
        payload_hash: '5669f1806d4321ce3f4173fcac8ad853',
      },
    ],
  });
export type RpmFactsAnswer = z.infer<typeof rpmFacts>;

export const archiveFacts = z
  .object({
    filename: z.string(),
    type: z.string().meta({ description: 'Koji\'s type of the archive, by the kind of file: "tar".' }),
    btype: z.string().meta({
      description: 'Koji\'s build type: "image", "maven", "win", or a content generator\'s own.',
    }),
    arch: z.string().nullable().meta({ description: 'Of images; null where Koji says none.' }),
    koji_archive_id: z.number().int(),
    size: bytes,
    checksum: z.string().meta({ description: 'Hex digits.' }),
    checksum_type: z.enum(CHECKSUM_TYPES).nullable().meta({
      description: 'Null for a type that is not known here.',
    }),
  })
  .meta({
    id: 'Archive',
    description: 'A tar file that a build has beside RPMs or without any, as of a container image.',
  });
export type ArchiveFactsAnswer = z.infer<typeof archiveFacts>;

export const matchBuild = z
  .object({
    instance: z.string().meta({ description: 'The Koji that made it, by its name in the configuration.' }),
    koji_build_id: z.number().int(),
    nvr: z.string(),
    state: z.enum(['building', 'complete', 'deleted', 'failed', 'canceled', 'superseded']).meta({
      description:
        '"superseded": the build is there, but Koji no longer lists the RPM or archive beside it in this build.',
    }),
    draft: z.boolean(),
    completed_at: z.string().nullable().meta({ description: 'ISO 8601 in UTC.' }),
    web_url: z.string().nullable().meta({ description: "Its page in Koji's web interface." }),
  })
  .meta({
    id: 'Build',
    examples: [
      {
        ...{ instance: 'fedora', koji_build_id: 3, nvr: 'greet-1.0-1.fc40', state: 'complete', draft: false },
        completed_at: '2024-01-01T03:00:00.000Z',
        web_url: 'https://koji.example.org/koji/buildinfo?buildID=3',
      },
    ],
  });
export type MatchBuild = z.infer<typeof matchBuild>;

export const locatedRpm = z.object({ rpm: rpmFacts, urls }).meta({ id: 'LocatedRpm' });
export type LocatedRpm = z.infer<typeof locatedRpm>;

export const siblings = z
  .object({
    debuginfo: z.array(locatedRpm),
    debugsource: z.array(locatedRpm),
    source: z.array(locatedRpm),
  })
  .meta({
    id: 'Siblings',
    description:
      'RPMs of the same build that go with one, best first: what a debugger needs beside the program.',
  });
export type Siblings = z.infer<typeof siblings>;

const matchFile = {
  path: z.string().meta({
    description: 'Of a file in a container image, where it is in its layer.',
    examples: ['/usr/bin/greet'],
  }),
  kind: z.enum(['executable', 'debuginfo']).meta({
    description: '"executable" is whatever runs: programs, libraries, kernel modules.',
  }),
};

const rpmMatch = z
  .object({
    ...matchFile,
    rpm: rpmFacts,
    archive: z.undefined().optional(),
    build: matchBuild.nullable().meta({ description: 'Null for an RPM that no Koji knows.' }),
    urls,
    siblings: siblings.optional().meta({ description: 'Where they were asked for.' }),
  })
  .meta({ id: 'RpmMatch', description: 'A file, and the RPM that holds it.' });
export type RpmMatch = z.infer<typeof rpmMatch>;

const archiveMatch = z
  .object({
    ...matchFile,
    rpm: z.undefined().optional(),
    archive: archiveFacts,
    build: matchBuild,
    urls,
  })
  .meta({ id: 'ArchiveMatch', description: 'A file, and the archive that holds it.' });

export const match = z
  .union([rpmMatch, archiveMatch])
  .meta({ id: 'Match', description: 'A file, and the RPM or the archive that holds it.' });
export type Match = z.infer<typeof match>;

export const namedMatch = z
  .union([rpmMatch.extend({ build_id: z.string() }), archiveMatch.extend({ build_id: z.string() })])
  .meta({ id: 'NamedMatch', description: 'A match that is not listed under its build-id.' });
export type NamedMatch = z.infer<typeof namedMatch>;
