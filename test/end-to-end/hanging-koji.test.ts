import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { afterTest } from '../support/after-test.ts';
import { GREET, fixtureRpm } from '../support/indexing.ts';
import { push, startServing, statusOf } from '../support/serving.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('a Koji that takes connections and never answers keeps none of the builds of another waiting', async () => {
  const [hanging, living] = await Promise.all([StandInHub.empty(), StandInHub.empty()]);
  afterTest(() => Promise.all([hanging.close(), living.close()]));
  const config = join(temporaryDirectory(), 'darkserver.toml');
  const table = (name: string, hub: StandInHub): string =>
    `[[koji]]\nname = "${name}"\nhub = "${hub.hubUrl}"\ntopurl = "${hub.topurl}"\n`;
  // One worker for each Koji: with one for both there would be none left.
  writeFileSync(
    config,
    `[database]\npath = "d.db"\n[indexer]\nworkers = 1\n${table('hanging', hanging)}${table('living', living)}`,
  );
  const addBuild = (hub: StandInHub, name: string): number =>
    hub.changes.addBuild({ name, version: '1', release: '1', rpms: [fixtureRpm(GREET.main)] });
  hanging.troubles.order({}, { kind: 'hang' });
  const { url } = await startServing(['--config', config]);

  for (let round = 1; round <= 5; round++) {
    expect(await push(url, 'hanging', [addBuild(hanging, `stuck${round}`)])).toBe(202);
    expect(await push(url, 'living', [addBuild(living, `quick${round}`)])).toBe(202);
    // Less than it takes to give the other up: that is a minute.
    for (let looks = 0; (await statusOf(url)).builds < round; looks++) {
      expect(looks).toBeLessThan(400);
      await sleep(50);
    }
  }
  const { queue, builds } = await statusOf(url);
  expect(builds).toBe(5);
  expect(queue.queued + queue.running).toBe(5);
});
