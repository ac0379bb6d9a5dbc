import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StatusAnswer } from '../../shared/api.ts';
import { DARKSERVER, run } from './child.ts';
import { type Story, ask, buildIdOf, isTrue, matchesOf } from './story.ts';

const ANNOUNCE = fileURLToPath(new URL('announce.py', import.meta.url));
/** Where the koji lies that the plugin imports in place of the real one. */
const PLUGIN_TESTS = fileURLToPath(new URL('../plugin', import.meta.url));

/** The hub does something, and darkserver_hub.py announces it, called as a hub would call it. */
async function announce(
  { directory, signal }: Story,
  operation: 'complete' | 'delete',
  ids: readonly number[],
): Promise<void> {
  await run('python3', [ANNOUNCE, join(directory, 'plugin.conf'), operation, ...ids.map(String)], {
    environment: { PYTHONPATH: PLUGIN_TESTS, PYTHONDONTWRITEBYTECODE: '1' },
    signal,
  });
}

/** Waits until nothing is queued any more. Throws if a build could not be read, or if it takes too long. */
async function whenIndexed(story: Story): Promise<StatusAnswer> {
  for (;;) {
    const status = (await ask(story, '/api/v1/status')) as StatusAnswer;
    const { queued, running, failed, parked } = status.queue;
    if (failed + parked > 0) throw new Error(`${failed + parked} builds could not be indexed`);
    if (queued + running === 0) return status;
    await sleep(20, undefined, { signal: story.signal });
  }
}

export async function completeBuilds(story: Story): Promise<void> {
  const { koji, narrator, truth } = story;
  narrator.step('Builds finish; the plugin in the hub announces each with a POST /push');
  const builds = koji.builds;
  const started = performance.now();
  await announce(
    story,
    'complete',
    builds.map(({ kojiBuildId }) => kojiBuildId),
  );
  narrator.say(`${builds.length} builds: ${builds.map(({ nvr }) => nvr).join(', ')}`);
  const status = await whenIndexed(story);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  narrator.say(`All are indexed ${seconds} s after the first of them was announced.`);
  narrator.check(
    `${status.builds} builds, ${status.rpms} RPMs, ${status.files} files with a build-id in the index`,
    status.builds === builds.length && status.files === truth.length,
    status,
  );
}

export async function deleteBuild(story: Story): Promise<void> {
  const { directory, koji, narrator, signal } = story;
  narrator.step('Koji deletes a build; a core dump of it may still turn up');
  const nvr = 'greet-1.0-1.fc40';
  const buildId = buildIdOf(story, `${nvr}.x86_64`, '/usr/bin/greet');
  await announce(story, 'delete', [koji.deleteBuild(nvr)]);
  await whenIndexed(story);
  narrator.command(`darkserver lookup ${buildId}`);
  const environment = { DARKSERVER_CONFIG: join(directory, 'darkserver.toml') };
  narrator.answer(await run(DARKSERVER, ['lookup', buildId], { environment, signal }));
  const matches = await matchesOf(story, buildId);
  narrator.check(
    'the same packages, of a build that is deleted, and no address that would lead nowhere',
    isTrue(story, buildId, matches) &&
      matches.every(({ build, urls }) => build?.state === 'deleted' && urls.length === 0),
    matches,
  );
}
