import type { FastifyRequest } from 'fastify';
import type * as z from 'zod';
import { DarkserverError } from '../../shared/errors.ts';
import { decode, unknownName } from './request.ts';

/**
 * Decodes what stands behind the "?" by its schema. A parameter that is unknown or given twice is refused: who
 * misspells one would take the answer for that to another question. Throws `bad_input`.
 */
export function queryDecoder<Query extends z.ZodObject>(
  schema: Query,
): (request: FastifyRequest) => z.output<Query> {
  const known = Object.keys(schema.shape);
  // Most questions have none, and what that means is always the same.
  const { data: nothing } = schema.safeParse({});
  return (request) => {
    const at = request.url.indexOf('?');
    if (at < 0 && nothing !== undefined) return nothing;
    if (at >= 0) requireEscapes(request.url.slice(at + 1));
    const sent = request.query as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(sent)) {
      if (!known.includes(name)) throw unknownParameter(name, known);
      if (Array.isArray(value)) throw new DarkserverError('bad_input', `${name} is given more than once`);
    }
    return decode(schema, sent);
  };
}

function unknownParameter(name: string, known: readonly string[]): DarkserverError {
  if (known.length > 0) return unknownName('parameter', name, known);
  const shown = JSON.stringify(name.slice(0, 100));
  return new DarkserverError('bad_input', `this path takes no parameters, and was given ${shown}`);
}

/** The parser leaves wrong escapes as they stand, and a name would be looked for that nobody has given. */
function requireEscapes(query: string): void {
  if (!query.includes('%')) return;
  try {
    decodeURIComponent(query);
  } catch {
    throw new DarkserverError(
      'bad_input',
      'the parameters are malformed: %-escapes must be two hex digits each and spell UTF-8',
    );
  }
}
