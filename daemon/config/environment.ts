import { closest } from 'fastest-levenshtein';
import { SETTING_KEYS } from './schema.ts';

/** A value given outside of the file, as text. */
export interface TextOverride {
  /** As in SETTING_KEYS; "koji.…" means the default instance. */
  readonly key: string;
  readonly value: string;
  /** The variable, or the flag with its dashes. */
  readonly name: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'DARKSERVER_';
/** The configuration file itself. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;

const VARIABLES: ReadonlyMap<string, string> = new Map(SETTING_KEYS.map((key) => [variableOf(key), key]));

/** darkclient's own: where the daemon is that it asks. */
const FOREIGN: ReadonlySet<string> = new Set([`${PREFIX}URL`]);

/**
 * Kubernetes sets variables named after each service of a namespace in every container of it; a
 * service called "darkserver" must not keep the daemon from starting.
 */
const SERVICE_LINK =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_VALUE = /^(?:tcp|udp|sctp):\/\//;

export function variableOf(key: string): string {
  return `${PREFIX}${key.toUpperCase().replaceAll('.', '_')}`;
}

/** Settings of the environment. An empty variable counts as not set, as shells and unit files leave them. */
export function settingsOfEnvironment(environment: Environment): {
  overrides: TextOverride[];
  /** What is wrong with variables that look like ours and are not. */
  problems: string[];
} {
  const overrides: TextOverride[] = [];
  const problems: string[] = [];
  for (const [name, value] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(PREFIX) || value === undefined || value === '') continue;
    if (name === CONFIG_VARIABLE || FOREIGN.has(name)) continue;
    const key = VARIABLES.get(name);
    if (key !== undefined) overrides.push({ key, value, name });
    else if (!SERVICE_LINK.test(name) && !SERVICE_LINK_VALUE.test(value)) {
      problems.push(
        `environment ${name} is not known: did you mean ${closest(name, [...VARIABLES.keys()])}?`,
      );
    }
  }
  return { overrides, problems };
}
