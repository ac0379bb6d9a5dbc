import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { afterTest } from '../support/after-test.ts';
import { type Serving, startServing, statusOf } from '../support/serving.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { YumRepository, fixtureRpms, serveFiles } from '../support/yum-repository.ts';

const KILLS = 3;
const PACKAGES = 9000;

/** primary.xml of so many packages, each called "many" and a number. */
function manyPackages(yum: YumRepository): string {
  const [head = '', rest = ''] = yum.primary.toString().split(/(?=<package )/, 2);
  const one = rest.replace('</metadata>', '');
  const packages = Array.from({ length: PACKAGES }, (_, at) => one.replaceAll('greet', `many${at}`));
  return `${head}${packages.join('')}</metadata>`;
}

async function untilPackages(url: string, packages: number): Promise<void> {
  while ((await statusOf(url)).koji['lab']?.repositories['updates']?.packages !== packages) await sleep(50);
}

async function kill(serving: Serving): Promise<void> {
  serving.signal('SIGKILL');
  await serving.ended;
}

test('a daemon that is killed during refreshes keeps the last good packages, and leaves nothing behind', async () => {
  const yum = new YumRepository(fixtureRpms('greet-1.0-1.fc40.x86_64'));
  let isHeld = false;
  const { url } = await serveFiles(yum.directory, (request, response) => {
    if (request.url !== '/repodata/primary.xml' || !isHeld) return false;
    // Half of it, and then nothing.
    const content = yum.read('repodata/primary.xml');
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, content.length / 2));
    return true;
  });
  const directory = temporaryDirectory();
  const [config, database] = [join(directory, 'darkserver.toml'), join(directory, 'darkserver.db')];
  writeFileSync(
    config,
    `[[koji]]\nname = "lab"\nhub = "http://127.0.0.1:9/hub"\ntopurl = "http://127.0.0.1:9"\n` +
      `[[koji.repository]]\nname = "updates"\nbaseurl = "${url}"\n`,
  );
  const serve = () => startServing(['--config', config, '--database', database]);

  let serving = await serve();
  await untilPackages(serving.url, 1);
  await kill(serving);
  yum.replacePrimary(manyPackages(yum), 'plain');
  const kept = new Sqlite(database, { readonly: true });
  afterTest(() => kept.close());
  const ask = (sql: string) => kept.prepare<[], number>(sql).pluck().get() ?? 0;
  const newest = () => ask('SELECT max(generation_key) FROM repository_generation');
  const filled = () => ask(`SELECT count(*) FROM repository_package WHERE generation_key = ${newest()}`);
  isHeld = true;
  for (let round = 0, before = newest(); round < KILLS; round++, before = newest()) {
    serving = await serve();
    while (newest() <= before || filled() === 0) await sleep(10);
    await sleep(Math.random() * 200);
    const { packages, error } = (await statusOf(serving.url)).koji['lab']?.repositories['updates'] ?? {};
    expect({ packages, error }).toEqual({ packages: 1, error: null });
    await kill(serving);
    expect(ask('SELECT count(*) FROM repository_package')).toBeGreaterThan(1);
  }

  isHeld = false;
  serving = await serve();
  await untilPackages(serving.url, PACKAGES);
  while (ask('SELECT count(*) FROM repository_generation') > 1) await sleep(10);
  serving.signal('SIGTERM');
  expect((await serving.ended).code).toBe(0);
  expect(ask('SELECT count(*) FROM repository_package')).toBe(PACKAGES);
});
