import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { KojiConfig } from '../../../daemon/config/types.ts';
import { openMirrorHttp } from '../../../daemon/kojis.ts';
import { RepositoryRefreshers } from '../../../daemon/repositories/refreshers.ts';
import type { RepositoryState } from '../../../daemon/store/repository-types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { afterTest } from '../../support/after-test.ts';
import { type LogLine, recordingLog } from '../../support/recording-log.ts';
import { openTestStore } from '../../support/test-store.ts';
import { YumRepository, fixtureRpms, serveFiles } from '../../support/yum-repository.ts';

type Kojis = readonly Pick<KojiConfig, 'name' | 'repositories'>[];

function kojiOf(name: string, repositories: Readonly<Record<string, string>>, interval = 100): Kojis[number] {
  return {
    name,
    repositories: Object.entries(repositories).map(([repository, url]) => ({
      name: repository,
      source: { kind: 'baseurl', url },
      refreshInterval: interval,
    })),
  };
}

function start(store: Store, kojis: Kojis): { lines: readonly LogLine[]; stop: () => Promise<void> } {
  const log = recordingLog();
  const parts = { kojis, store: store.repositories, openHttp: openMirrorHttp, now: Date.now, log };
  const refreshers = new RepositoryRefreshers(parts);
  refreshers.start();
  afterTest(() => refreshers.stop());
  return { lines: log.lines, stop: () => refreshers.stop() };
}

/** Waits; the test's own time limit is the only one. */
async function until(isSo: (states: readonly RepositoryState[]) => boolean, store: Store, instance = 'demo') {
  for (;;) {
    const states = await store.repositories.states(instance);
    if (isSo(states)) return states;
    await sleep(20);
  }
}

const worth = (lines: readonly LogLine[]) =>
  lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level}: ${message}`);

test('each repository is refreshed at once and again, and what is wrong is said once', async () => {
  const store = openTestStore();
  const yum = new YumRepository(fixtureRpms('greet-'));
  const { url } = await serveFiles(yum.directory);
  const { lines } = start(store, [kojiOf('demo', { good: url, bad: `${url}/absent` })]);
  const [good, bad] = await until(([one, two]) => (one?.packages ?? 0) > 0 && two?.error !== null, store);
  expect(good).toMatchObject({ name: 'good', error: null, failures: 0 });
  expect(bad?.error?.message).toContain('/absent/repodata/repomd.xml: HTTP 404');

  const primary = yum.read('repodata/primary.xml.gz');
  yum.publish(fixtureRpms('greet-', 'kmods'));
  const mended = yum.read('repodata/primary.xml.gz');
  yum.write('repodata/primary.xml.gz', primary);
  await until(([one]) => (one?.failures ?? 0) > 1, store);
  yum.write('repodata/primary.xml.gz', mended);
  await until(([one]) => one?.error === null, store);
  await until(([, two]) => (two?.failures ?? 0) > 3, store);

  const warnings = lines.filter(({ level }) => level === 'warn');
  expect(warnings.map(({ fields }) => [fields['instance'], fields['repository'], fields['code']])).toEqual([
    ['demo', 'bad', 'missing_file'],
    ['demo', 'good', 'format'],
  ]);
  expect(worth(lines).filter((line) => line.startsWith('info'))).toEqual([
    'info: took over the packages of a repository',
    'info: took over the packages of a repository',
    'info: a repository can be refreshed again',
  ]);
});

test('a mirror that hangs keeps no other Koji waiting, and is let go of at once', async () => {
  const store = openTestStore();
  const hanging = await serveFiles('/nowhere', () => true);
  const { url } = await serveFiles(new YumRepository(fixtureRpms('greet-')).directory);
  const kojis = [kojiOf('slow', { hangs: hanging.url, after: url }), kojiOf('demo', { good: url })];
  const { lines, stop } = start(store, kojis);
  await until(([one]) => (one?.packages ?? 0) > 0, store);
  expect(await store.repositories.states('slow')).toMatchObject([{ packages: 0 }, { packages: 0 }]);
  await stop();
  expect(worth(lines)).toEqual(['info: took over the packages of a repository']);
  expect(await store.repositories.states('slow')).toMatchObject([{ failures: 0 }, { failures: 0 }]);
});

test('what was configured before is forgotten, and a Koji without repositories is left alone', async () => {
  const store = openTestStore();
  const { url } = await serveFiles(new YumRepository(fixtureRpms('greet-')).directory);
  const first = start(store, [kojiOf('demo', { old: url, kept: url }, 60_000)]);
  await until((states) => states.every(({ packages }) => packages > 0) && states.length === 2, store);
  await first.stop();
  // What a refresh leaves that was killed.
  await store.repositories.add(await store.repositories.begin(), []);
  const second = start(store, [kojiOf('demo', { kept: url }, 60_000), kojiOf('other', {})]);
  await until((states) => states.length === 1 && states[0]?.lastSeen !== null, store);
  await second.stop();
  expect(second.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  expect(await store.repositories.states('demo')).toMatchObject([{ name: 'kept', packages: 14 }]);
  expect(await store.repositories.states('other')).toEqual([]);
});

test('trouble of this machine is for its log, and not for everybody', async () => {
  const store = openTestStore();
  const { url } = await serveFiles(new YumRepository(fixtureRpms('greet-')).directory);
  const broken = { ...store.repositories, begin: () => Promise.reject(new Error('/secret/path is full')) };
  const { lines } = start({ ...store, repositories: broken }, [kojiOf('demo', { good: url })]);
  const [state] = await until(([one]) => one?.error !== null && one !== undefined, store);
  expect(state?.error?.message).toBe('trouble on the server: see its log');
  expect(worth(lines)[0]).toContain('/secret/path is full');
});

test('what a list of mirrors says of itself is kept and logged by its beginning', async () => {
  const store = openTestStore();
  const { url } = await serveFiles('/nowhere', (_, response) => !!response.end(`<${'x'.repeat(500_000)}/>`));
  const [name, refreshInterval] = ['long', 100];
  const { lines } = start(store, [
    { name: 'demo', repositories: [{ name, source: { kind: 'metalink', url }, refreshInterval }] },
  ]);
  const [state] = await until(([one]) => one?.error !== null && one !== undefined, store);
  expect(state?.error?.message).toContain(`${url}: it begins with <xxx`);
  expect(state?.error?.message.length).toBeLessThan(2000);
  expect(worth(lines)[0]?.length).toBeLessThan(2000);
});
