import type { Command } from 'commander';
import { DarkserverError } from '../../shared/errors.ts';
import type { TextOverride } from '../config/environment.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config, KojiConfig } from '../config/types.ts';
import { type Log, createLog } from '../log.ts';

interface GlobalOptions {
  readonly config?: string;
  readonly database?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** Where the flags of a command mean settings: the setting, the flag, and what was given for it. */
export type SettingFlag = readonly [key: string, flag: string, value: string | undefined];

export interface Settings {
  readonly loaded: LoadedConfig;
  readonly config: Config;
  readonly log: Log;
}

/** The configuration as the global options and these flags of the command leave it, and the log. */
export async function settingsFor(
  command: Command,
  flags: readonly SettingFlag[] = [],
  { readToken = false }: { readToken?: boolean } = {},
): Promise<Settings> {
  const global = command.optsWithGlobals<GlobalOptions>();
  const given: SettingFlag[] = [
    ['database.path', '--database', global.database],
    ['log.level', '--log-level', global.logLevel],
    ['log.format', '--log-format', global.logFormat],
    ...flags,
  ];
  // As in open.ts: what checks settings takes a good part of a short command's time.
  const { loadConfig } = await import('../config/load.ts');
  const loaded = loadConfig({
    file: global.config,
    environment: process.env,
    flags: given.flatMap(([key, name, value]): TextOverride[] =>
      value === undefined ? [] : [{ key, value, name }],
    ),
    readToken,
  });
  const { config, warnings } = loaded;
  const log = createLog(config.log.level, config.log.format);
  for (const warning of warnings) log.warn(warning);
  return { loaded, config, log };
}

/** The Koji of --instance, the default one without it. Throws `usage`. */
export function kojiNamed(config: Config, instance: string | undefined): KojiConfig {
  const koji = instance === undefined ? config.koji[0] : config.koji.find(({ name }) => name === instance);
  if (koji !== undefined) return koji;
  throw new DarkserverError(
    'usage',
    `there is no Koji "${instance ?? ''}" in the configuration: --instance may be ${config.koji
      .map(({ name }) => name)
      .join(', ')}`,
  );
}
