import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterTest } from './after-test.ts';
import { StandInHub } from './stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const FIXTURES = new URL('../fixtures/rpms/', import.meta.url);

export interface FixtureKoji {
  readonly hub: StandInHub;
  /** A configuration file that names this Koji "lab", and a database beside it. */
  readonly config: string;
  readonly database: string;
}

/** A stand-in hub with the builds of test/fixtures/rpms, and a configuration for it; gone after the test. `moreOfKoji` ends its [[koji]]. */
export async function startFixtureKoji(moreToml = '', moreOfKoji = ''): Promise<FixtureKoji> {
  const hub = await StandInHub.of(new URL('hub-data.json', FIXTURES));
  hub.changes.publishRpms(fileURLToPath(FIXTURES));
  afterTest(() => hub.close());
  const directory = temporaryDirectory();
  const config = join(directory, 'darkserver.toml');
  writeFileSync(
    config,
    `[http]\nlisten = "127.0.0.1:0"\n[database]\npath = "darkserver.db"\n${moreToml}\n` +
      `[[koji]]\nname = "lab"\nhub = "${hub.hubUrl}"\ntopurl = "${hub.topurl}"\n${moreOfKoji}`,
  );
  return { hub, config, database: join(directory, 'darkserver.db') };
}
