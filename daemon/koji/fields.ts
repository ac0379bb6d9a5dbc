import * as z from 'zod';
import { DarkserverError } from '../../shared/errors.ts';
import { asKojiArchiveId, asKojiBuildId, asKojiRpmId } from '../../shared/koji.ts';
import type { XmlRpcValue } from './codec.ts';
import { isPathSegment } from './paths.ts';

/**
 * The fields that Koji's structs are made of. A hub is not believed: names become paths and URLs, numbers
 * become keys.
 */

/** Koji's <i8> arrives as digits. */
export const integer = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value),
  z.int(),
);

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 80);
}

export const segment = z.string().refine(isPathSegment, {
  error: ({ input }) => `${shown(input)} cannot be the name of a file or directory`,
});

function idOf<T>(as: (value: unknown) => T | null) {
  return integer.transform((value, context): T => {
    const id = as(value);
    if (id !== null) return id;
    context.addIssue({ code: 'custom', message: `${value} is no id of Koji's` });
    return z.NEVER;
  });
}

export const kojiBuildId = idOf(asKojiBuildId);
export const kojiRpmId = idOf(asKojiRpmId);
export const kojiArchiveId = idOf(asKojiArchiveId);

/** Reads `value` as `schema` says. Throws `hub_protocol` that names `what` and the field that is wrong. */
export function decode<T>(schema: z.ZodType<T>, value: XmlRpcValue, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? '' : ` field ${issue.path.join('.')}:`;
  throw new DarkserverError('hub_protocol', `${what}:${field} ${issue?.message ?? 'not understood'}`);
}
