import * as z from 'zod';

const isoTime = (description: string) =>
  z
    .string()
    .nullable()
    .meta({ description: `${description} ISO 8601 in UTC, null if never.` });

const repositoryStatus = z.object({
  packages: z.number().int().meta({ description: 'That are known, and that RPMs are matched to.' }),
  last_refreshed: isoTime('When these packages were taken over.'),
  last_seen: isoTime('When the repository last said that these are its packages.'),
  failures: z.number().int().meta({ description: 'Refreshes that have failed since the last that did not.' }),
  error: z
    .object({ message: z.string(), at: isoTime('When it failed.') })
    .nullable()
    .meta({ description: 'How the last refresh failed; null if it did not. The packages stay meanwhile.' }),
});

const kojiStatus = z.object({
  lag_seconds: z.number().meta({
    description:
      'Seconds by which the index is behind Koji: the wait of the longest-waiting build that was announced or found. Where Koji was not compared with for two intervals (it is down, or no daemon runs), the time since: nobody knows what was missed. 0 when nothing waits, and where Koji was never reached, which last_reconciled tells.',
  }),
  last_push: isoTime('When Koji last announced a build.'),
  last_reconciled: isoTime('When the last comparison with Koji that succeeded began.'),
  sweep: z
    .object({
      progress: z.number().nullable().meta({
        description: 'The part of the one that is under way, from 0 to 1; null where none is.',
      }),
      last_ended: isoTime('When the last one came to its end.'),
      found: z.number().int().meta({ description: 'Builds that all of them have found to differ.' }),
    })
    .meta({
      description: 'The slow comparison of every build with Koji, which finds what no other way has found.',
    }),
  repositories: z
    .record(z.string(), repositoryStatus)
    .meta({ description: 'YUM repositories, by the name in the configuration.' }),
});

/** GET /api/v1/status, and `darkserver status --json`. */
export const statusAnswer = z
  .object({
    builds: z.number().int(),
    rpms: z.number().int(),
    files: z.number().int().meta({ description: 'Files with a build-id.' }),
    build_ids: z.number().int().meta({ description: 'Distinct ones.' }),
    database_bytes: z.number().int(),
    queue: z
      .object({
        queued: z.number().int(),
        running: z.number().int(),
        failed: z.number().int(),
        parked: z.number().int(),
      })
      .meta({ description: 'Builds by the state of their work.' }),
    koji: z.record(z.string(), kojiStatus).meta({ description: 'By the name in the configuration.' }),
  })
  .meta({ id: 'Status' });
export type StatusAnswer = z.infer<typeof statusAnswer>;

/** GET /healthz and /readyz. */
export const healthAnswer = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
