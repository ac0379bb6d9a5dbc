import * as z from 'zod';
import { MAX_PUSH } from './limits.ts';

export const pushRequest = z
  .object({
    instance: z.string().meta({ description: 'The Koji, by its name in the configuration.' }),
    koji_build_ids: z
      .array(
        z
          .number()
          .int()
          .positive()
          .max(2 ** 31 - 1),
      )
      .max(MAX_PUSH),
  })
  .meta({ id: 'PushRequest' });

export const pushAnswer = z
  .object({
    queued: z.number().int(),
    already_queued: z.number().int().meta({ description: 'Those that were waiting already.' }),
  })
  .meta({ id: 'PushAnswer' });
