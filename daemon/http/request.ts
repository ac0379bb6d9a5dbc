import { closest } from 'fastest-levenshtein';
import * as z from 'zod';
import { MAX_BATCH } from '../../shared/api.ts';
import { type AskedBuildId, requireAskedBuildId } from '../../shared/build-id-forms.ts';
import { type BuildId, requireBuildId } from '../../shared/build-id.ts';
import { DarkserverError } from '../../shared/errors.ts';
import { MAX_IDS_IN_URL } from './limits.ts';

/**
 * What a caller sent (a JSON body, a query string) by its schema. Throws `too_large` where a list has too
 * many members, `bad_input` for everything else, naming the member that is wrong.
 */
export function decode<Schema extends z.ZodType>(schema: Schema, sent: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(sent);
  if (error === undefined) return data;
  const issue = error.issues[0];
  if (issue === undefined) throw new DarkserverError('bad_input', 'the request is malformed');
  if (issue.code === 'unrecognized_keys' && schema instanceof z.ZodObject) {
    throw unknownName('member', issue.keys[0] ?? '', Object.keys(schema.shape));
  }
  const where = issue.path.length === 0 ? 'the request' : memberName(issue.path);
  if (issue.code === 'too_big' && issue.origin === 'array') {
    throw new DarkserverError('too_large', `${where} has more than ${issue.maximum} members; send several`);
  }
  throw new DarkserverError('bad_input', `${where}: ${issue.message}`);
}

/** A misspelt name would make another question than was meant: `bad_input` that says what is nearest to it. */
export function unknownName(
  what: 'parameter' | 'member',
  name: string,
  known: readonly string[],
): DarkserverError {
  const start = name.slice(0, 100);
  return new DarkserverError(
    'bad_input',
    `there is no ${what} ${JSON.stringify(start)}; did you mean "${closest(start, known)}"?`,
  );
}

/** What stands for build-ids in a batch, each once. Throws `bad_input` naming the first that is none. */
export function decodeAskedBuildIds(sent: readonly string[]): AskedBuildId[] {
  const asked = sent.map(requireAskedBuildId);
  return [...new Map(asked.map((each) => [each.asked, each])).values()];
}

/**
 * The build-ids of upstream's URLs: separated by commas, each once. Scripts build such lists with a comma
 * after each id, so empty members are passed over. Throws `bad_input`, `uri_too_long`.
 */
export function decodeBuildIdList(sent: string): BuildId[] {
  const members = sent.split(',').filter((member) => member.trim() !== '');
  if (members.length === 0) {
    throw new DarkserverError('bad_input', 'give one build-id or several, separated by commas');
  }
  if (members.length > MAX_IDS_IN_URL) {
    throw new DarkserverError(
      'uri_too_long',
      `more than ${MAX_IDS_IN_URL} build-ids in one URL; POST /api/v1/buildids takes ${MAX_BATCH}`,
    );
  }
  return [...new Set(members.map(requireBuildId))];
}

/** "koji_build_ids[3]" rather than "koji_build_ids.3". */
function memberName(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}
