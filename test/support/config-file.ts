import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from '@jest/globals';
import type { ConfigRequest, LoadedConfig } from '../../daemon/config/load.ts';
import { loadConfig } from '../../daemon/config/load.ts';
import { DarkserverError } from '../../shared/errors.ts';

/** A configuration file of one test file's own, empty before each test. */

export const CONFIG_DIRECTORY = mkdtempSync(join(tmpdir(), 'darkserver-config-'));
export const CONFIG_FILE = join(CONFIG_DIRECTORY, 'darkserver.toml');
afterAll(() => {
  rmSync(CONFIG_DIRECTORY, { recursive: true });
});
beforeEach(() => {
  writeFileSync(CONFIG_FILE, '');
});

export const KOJI_TOML =
  '[[koji]]\nname = "ours"\nhub = "https://k.example/kojihub"\ntopurl = "https://p.example"\n';

export function load(toml: string, request: Partial<ConfigRequest> = {}): LoadedConfig {
  writeFileSync(CONFIG_FILE, toml);
  return loadConfig({ file: CONFIG_FILE, environment: {}, flags: [], readToken: true, ...request });
}

export function failure(run: () => unknown): DarkserverError {
  try {
    run();
  } catch (error) {
    if (error instanceof DarkserverError) return error;
    throw error;
  }
  throw new Error('the configuration was taken');
}

export function originOf(loaded: LoadedConfig, key: string): string | undefined {
  return loaded.settings.find((setting) => setting.key === key)?.origin;
}
