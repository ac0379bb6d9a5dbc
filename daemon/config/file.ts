import { TomlError, parse } from 'smol-toml';
import { DarkserverError } from '../../shared/errors.ts';
import { linesOfKeys } from './toml-lines.ts';
import { readBounded, whyUnreadable } from './read-bounded.ts';

/** Bytes; a configuration of a hundred Kojis has a tenth of this. */
const CONFIG_FILE_LIMIT = 1024 * 1024;

export interface ConfigFile {
  readonly path: string;
  readonly document: Record<string, unknown>;
  readonly lines: ReadonlyMap<string, number>;
}

/** Reads a TOML file; null if it is not there and need not be. Throws `configuration`. */
export function readConfigFile(path: string, options: { mustExist: boolean }): ConfigFile | null {
  let text: string;
  try {
    text = readBounded(path, CONFIG_FILE_LIMIT);
  } catch (error) {
    if (!options.mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new DarkserverError(
      'configuration',
      `the configuration file ${path} cannot be read: ${whyUnreadable(error)}`,
      { cause: error },
    );
  }
  try {
    return { path, document: parse(text), lines: linesOfKeys(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser's message repeats the lines around the error; the place is enough.
    const [what = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new DarkserverError(
      'configuration',
      `${path} line ${error.line}, column ${error.column} is not TOML: ${what}`,
      { cause: error },
    );
  }
}
