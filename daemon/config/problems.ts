import type { z } from 'zod';
import { closest } from 'fastest-levenshtein';
import type { Layers } from './layers.ts';
import type { Origin } from './origin.ts';
import { KOJI_KEYS, SECTIONS, SETTING_KEYS } from './schema.ts';
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
  const key = `${String(path[0])}.${String(path.at(-1))}`;
  return SETTING_KEYS.includes(key) ? ` (file, or environment ${variableOf(key)})` : '';
}

function unknownKey(path: readonly PropertyKey[], layers: Layers): string {
  const where = describeOrigin(layers.originOf(path));
  return `${layers.nameOf(path)} (${where}) is not known: did you mean ${suggestion(path)}?`;
}

function suggestion(path: readonly PropertyKey[]): string {
  const last = String(path.at(-1));
  if (path.length > 1) {
    const section = String(path[0]);
    return closest(
      `${section}.${last}`,
      section === 'koji' ? KOJI_KEYS.map((key) => `koji.${key}`) : SETTING_KEYS,
    );
  }
  // At the top level it may be a table's name, or a setting that lost its table.
  const bare = new Map(SETTING_KEYS.map((key) => [key.split('.')[1] ?? key, key]));
  const name = closest(last, [...SECTIONS, 'koji', ...bare.keys()]);
  return bare.get(name) ?? (name === 'koji' ? '[[koji]]' : `[${name}]`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
