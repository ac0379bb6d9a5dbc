import type * as z from 'zod';
import { closest } from 'fastest-levenshtein';
import { type Layers, keyOf } from './layers.ts';
import type { Origin } from './origin.ts';
import { KOJI_KEYS, REPOSITORY_KEYS, SECTIONS, SETTING_KEYS } from './schema.ts';
import { describeOrigin } from './origin.ts';
import { variableOf } from './environment.ts';

type Issue = Pick<z.core.$ZodIssue, 'path' | 'message'> & { readonly code: string; readonly keys?: string[] };

/** What is wrong with the configuration: a line that names the key, where it came from and what is allowed. */
export interface Problem {
  readonly message: string;
  readonly inFlag: boolean;
}

export function explain(issue: Issue, layers: Layers): Problem {
  if (issue.keys !== undefined) {
    return {
      message: issue.keys.map((key) => unknownKey([...issue.path, key], layers)).join('\n'),
      inFlag: false,
    };
  }
  const origin = layers.originOf(issue.path);
  const value = layers.valueAt(issue.path);
  const name = layers.nameOf(issue.path);
  return {
    message:
      value === undefined
        ? `${name} is missing${missingFrom(origin, issue.path)}: ${issue.message}`
        : `${name} is ${shown(value)} (${describeOrigin(origin)}): ${issue.message}`,
    inFlag: origin.from === 'flag',
  };
}

function missingFrom(origin: Origin, path: readonly PropertyKey[]): string {
  if (origin.from === 'file' && origin.line !== null) return ` (${describeOrigin(origin)})`;
  const key = keyOf(path);
  return SETTING_KEYS.includes(key) ? ` (file, or environment ${variableOf(key)})` : '';
}

function unknownKey(path: readonly PropertyKey[], layers: Layers): string {
  const where = describeOrigin(layers.originOf(path));
  return `${layers.nameOf(path)} (${where}) is not known: did you mean ${suggestion(path)}?`;
}

/** Tables that may be repeated, as keys of their own. */
const LISTS: ReadonlyMap<string, string> = new Map([
  ['koji', '[[koji]]'],
  ['repository', '[[koji.repository]]'],
  ['koji.repository', '[[koji.repository]]'],
]);

function suggestion(path: readonly PropertyKey[]): string {
  const key = keyOf(path);
  if (path.length > 1) {
    const name = closest(key, knownBeside(path));
    return LISTS.get(name) ?? name;
  }
  // At the top level it may be a table's name, or a setting that lost its table.
  const bare = new Map(SETTING_KEYS.map((known) => [known.split('.')[1] ?? known, known]));
  const name = closest(key, [...SECTIONS, 'koji', 'repository', ...bare.keys()]);
  return bare.get(name) ?? LISTS.get(name) ?? `[${name}]`;
}

function knownBeside(path: readonly PropertyKey[]): readonly string[] {
  if (path[0] !== 'koji') return SETTING_KEYS;
  if (path.length > 3) return REPOSITORY_KEYS.map((key) => `koji.repository.${key}`);
  return [...KOJI_KEYS, 'repository'].map((key) => `koji.${key}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
