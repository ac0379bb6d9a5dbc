import type { Config, RepositoryConfig } from './types.ts';
import type { ConfigDocument, RepositoryTable } from './schema.ts';
import type { SettingInForce } from './origin.ts';
import type { TextOverride } from './environment.ts';
import { CONFIG_VARIABLE, settingsOfEnvironment } from './environment.ts';
import { DarkserverError } from '../../shared/errors.ts';
import { Layers } from './layers.ts';
import { explain } from './problems.ts';
import { configDocument } from './schema.ts';
import { DEFAULT_CONFIG_FILE, REPOSITORY_SOURCE_KINDS } from './types.ts';
import { describeOrigin } from './origin.ts';
import { readConfigFile } from './file.ts';
import { readPushToken } from './push-token.ts';

export interface ConfigRequest {
  /** --config: this file must exist. Undefined: the default one, if it is there. */
  readonly file: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings given as flags, which win. */
  readonly flags: readonly TextOverride[];
  /**
   * Whether push.token_file is read. Only a program that takes pushes needs the token, and people who
   * may not read it may still look up a build-id.
   */
  readonly readToken: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly settings: readonly SettingInForce[];
  /** What works but should be looked at. */
  readonly warnings: readonly string[];
  /** The file that was read, null if there was none. */
  readonly file: string | null;
}

/**
 * Flags over environment over file over defaults. Throws `configuration` with every problem found, a
 * line each, or `usage` if all of them are in flags.
 */
export function loadConfig(request: ConfigRequest): LoadedConfig {
  const named = request.file ?? (request.environment[CONFIG_VARIABLE] || undefined);
  const file = readConfigFile(named ?? DEFAULT_CONFIG_FILE, { mustExist: named !== undefined });
  const environment = settingsOfEnvironment(request.environment);

  const layers = new Layers(file);
  layers.lay(environment.overrides, (variable) => ({ from: 'environment', variable }));
  layers.lay(request.flags, (flag) => ({ from: 'flag', flag }));
  layers.fillIn();

  // Without machine code of its own for a schema that is used once.
  const parsed = configDocument.safeParse(layers.document, { jitless: true });
  const problems = [
    ...environment.problems.map((message) => ({ message, inFlag: false })),
    ...(parsed.success ? sameNames(parsed.data) : parsed.error.issues).map((issue) => explain(issue, layers)),
  ];
  if (!parsed.success || problems.length > 0) {
    throw new DarkserverError(
      problems.every((problem) => problem.inFlag) ? 'usage' : 'configuration',
      problems.map((problem) => problem.message).join('\n'),
    );
  }

  const { token, warning } = request.readToken
    ? tokenOf(parsed.data, layers)
    : { token: null, warning: null };
  return {
    config: toConfig(parsed.data, token),
    settings: layers.inForce(),
    warnings: warning === null ? [] : [warning],
    file: file?.path ?? null,
  };
}

/** Rows are kept by name, so that two Kojis cannot share one, nor two repositories of a Koji. */
function sameNames({ koji }: ConfigDocument) {
  return [
    ...repeatedNames(koji, ['koji'], 'give each Koji a name of its own'),
    ...koji.flatMap(({ repository = [] }, index) =>
      repeatedNames(
        repository,
        ['koji', index, 'repository'],
        'give each repository of a Koji a name of its own',
      ),
    ),
  ];
}

function repeatedNames(
  tables: readonly { readonly name: string }[],
  path: readonly PropertyKey[],
  message: string,
) {
  return tables.flatMap(({ name }, index) =>
    tables.findIndex((other) => other.name === name) === index
      ? []
      : [{ code: 'custom' as const, path: [...path, index, 'name'], message }],
  );
}

function tokenOf(document: ConfigDocument, layers: Layers): { token: string | null; warning: string | null } {
  const path = document.push.token_file;
  if (path === undefined) return { token: null, warning: null };
  try {
    const { token, warning } = readPushToken(path);
    return { token, warning: warning === null ? null : `push.token_file: ${warning}` };
  } catch (error) {
    if (!(error instanceof DarkserverError)) throw error;
    const origin = describeOrigin(layers.originOf(['push', 'token_file']));
    throw new DarkserverError('configuration', `push.token_file (${origin}): ${error.message}`, {
      cause: error,
    });
  }
}

function toConfig(document: ConfigDocument, token: string | null): Config {
  const [first, ...others] = document.koji.map((koji) => ({
    name: koji.name,
    hub: koji.hub,
    topurl: koji.topurl,
    web: koji.web ?? null,
    topdir: koji.topdir ?? null,
    skipArches: koji.skip_arches,
    sigkeys: koji.sigkeys,
    retrace: koji.retrace ?? null,
    reconcileInterval: koji.reconcile_interval,
    sweepInterval: koji.sweep_interval,
    maxConnections: koji.max_connections,
    maxBytesPerSecond: koji.max_bytes_per_second ?? null,
    repositories: (koji.repository ?? []).map(toRepository),
  }));
  if (first === undefined) throw new DarkserverError('internal', 'a configuration came out without a Koji');
  return {
    http: {
      listen: document.http.listen,
      trustedProxies: document.http.trusted_proxies,
      rateLimit: document.http.rate_limit ?? null,
    },
    database: document.database,
    push: { token },
    indexer: document.indexer,
    log: document.log,
    koji: [first, ...others],
  };
}

/** The document's schema has seen to it that one of the three is there. */
function toRepository(table: RepositoryTable): RepositoryConfig {
  const kind = REPOSITORY_SOURCE_KINDS.find((each) => table[each] !== undefined) ?? 'baseurl';
  return {
    name: table.name,
    source: { kind, url: table[kind] ?? '' },
    refreshInterval: table.refresh_interval,
  };
}
