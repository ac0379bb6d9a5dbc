import * as z from 'zod';
import { DEFAULT_PAGE, MAX_BATCH, MAX_PAGE, MAX_PATH } from './limits.ts';

/** Hex digits of the shortest and the longest beginning of a build-id that can be asked for. */
const PREFIX_DIGITS = { min: 8, max: 128 };

/** Characters of an NVR or an NVRA. */
const MAX_NAME = 512;

function flag(description: string) {
  return z
    .enum(['0', '1', 'false', 'true'], { error: 'give 1 or 0' })
    .default('0')
    .transform((text) => text === '1' || text === 'true')
    .meta({ description });
}

const page = {
  limit: z.coerce
    .number({ error: `give a whole number from 1 to ${MAX_PAGE}` })
    .int()
    .min(1)
    .max(MAX_PAGE)
    .default(DEFAULT_PAGE)
    .meta({ description: 'Members of the page.' }),
  cursor: z.string().min(1).max(2048).optional().meta({ description: '`next_cursor` of the page before.' }),
};

const SIBLINGS = 'Adds to each match the debuginfo, debugsource and source RPMs of its build.';
const VERIFY = 'Asks the servers whether the URLs work, and leaves out those that do not.';

const extras = { siblings: flag(SIBLINGS), verify: flag(VERIFY) };

export const noQuery = z.strictObject({});
export const pageQuery = z.strictObject(page);
export const verifiedPageQuery = z.strictObject({ ...page, verify: extras.verify });
export const contentQuery = z.strictObject({ ...page, ...extras });

/** Where the caller believes something to be. */
function hint(form: string) {
  return z
    .string()
    .max(MAX_NAME)
    .optional()
    .meta({
      description: `Where the build-id is believed to be (${form}): an answer 404 then says why it is not there.`,
    });
}

export const buildIdQuery = z.strictObject({
  ...extras,
  build: hint('name-version-release'),
  rpm: hint('name-version-release.arch'),
});

const PREFIX_ERROR = `give the first ${PREFIX_DIGITS.min} or more hex digits of a build-id`;

export const prefixQuery = z.strictObject({
  prefix: z
    .string({ error: PREFIX_ERROR })
    .trim()
    .regex(new RegExp(`^[0-9A-Fa-f]{${PREFIX_DIGITS.min},${PREFIX_DIGITS.max}}$`), PREFIX_ERROR)
    .toLowerCase()
    .meta({ description: 'The first 8 or more hex digits of build-ids.', examples: ['497b28df'] }),
  ...page,
});

export const filesQuery = z.strictObject({
  path: z
    .string({ error: 'give a path' })
    .min(1, 'give a path')
    .max(MAX_PATH)
    .meta({ description: 'As it is in the package, with its leading "/".', examples: ['/usr/bin/greet'] }),
  ...page,
  ...extras,
});

export const batchRequest = z
  .strictObject({
    build_ids: z
      .array(z.string())
      .max(MAX_BATCH)
      .meta({ examples: [['497b28df515a732343c2da517b391fb44a5002be']] }),
    group: z.boolean().optional().meta({
      description: 'Asks which builds together explain most of the build-ids.',
    }),
    siblings: z.boolean().optional().meta({ description: SIBLINGS }),
    verify: z.boolean().optional().meta({ description: VERIFY }),
  })
  .meta({ id: 'BatchRequest' });
