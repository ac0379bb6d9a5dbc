import { describe, expect, test } from '@jest/globals';
import type { RepositoryConfig } from '../../../daemon/config/types.ts';
import { openMirrorHttp } from '../../../daemon/kojis.ts';
import { type Refreshed, refresh } from '../../../daemon/repositories/refresh.ts';
import type { MatchedRpm } from '../../../daemon/store/repository-types.ts';
import type { Store } from '../../../daemon/store/types.ts';
import { parseNvra } from '../../../shared/nvr.ts';
import { altered } from '../../support/altered.ts';
import { openTestStore } from '../../support/test-store.ts';
import {
  type RepodataCompression,
  YumRepository,
  fixtureRpms,
  metalink,
  serveFiles,
  sha256,
} from '../../support/yum-repository.ts';

const GREETS = fixtureRpms('greet-');
/** BUILDTIME of all RPMs of test/fixtures/rpms. */
const BUILD_TIME = 1_704_067_200;

/** An address at which nothing listens: the port is one that only root may take. */
const DEAD = 'http://127.0.0.1:9';

interface Repository {
  readonly store: Store;
  refresh(source: RepositoryConfig['source'], at?: number): Promise<Refreshed>;
  state(): Promise<object | undefined>;
  urls(...nvras: string[]): Promise<string[]>;
}

async function repository(source: RepositoryConfig['source']): Promise<Repository> {
  const store = openTestStore();
  const known = { name: 'updates', source: `${source.kind} ${source.url}` };
  await store.repositories.configure(new Map([['demo', [known]]]));
  return {
    store,
    refresh: (from, at = 1000) =>
      refresh(
        { name: 'updates', source: from },
        { instance: 'demo', store: store.repositories, openHttp: openMirrorHttp, now: () => at },
        new AbortController().signal,
      ),
    state: async () => (await store.repositories.states('demo'))[0],
    urls: async (...nvras) => {
      const rpms = nvras.map(rpmOf);
      const copies = await store.repositories.copiesOf(rpms);
      return rpms.flatMap((rpm) => (copies.get(rpm) ?? []).map(({ url }) => url));
    },
  };
}

function rpmOf(text: string): MatchedRpm {
  const nvra = parseNvra(text);
  if (nvra === null) throw new Error(text);
  return { ...nvra, epoch: null, buildTime: BUILD_TIME, contentSize: null, build: { instance: 'demo' } };
}

const baseurl = (url: string): RepositoryConfig['source'] => ({ kind: 'baseurl', url });

describe('a repository by its base URL', () => {
  test('gives its packages, and is asked by its ETag whether it has changed', async () => {
    const yum = new YumRepository(GREETS);
    const { url, requests } = await serveFiles(yum.directory);
    const ours = await repository(baseurl(url));
    expect(await ours.refresh(baseurl(url))).toEqual({ changed: true, packages: GREETS.length, skipped: 0 });
    expect(
      await ours.urls('greet-1.0-1.fc40.x86_64', 'greet-1.0-1.fc40.src', 'kmods-6.1.0-1.fc40.x86_64'),
    ).toEqual([`${url}/Packages/greet-1.0-1.fc40.x86_64.rpm`, `${url}/Packages/greet-1.0-1.fc40.src.rpm`]);
    expect(await ours.refresh(baseurl(url), 2000)).toEqual({ changed: false });
    expect(requests).toEqual([
      '/repodata/repomd.xml 200',
      '/repodata/primary.xml.gz 200',
      '/repodata/repomd.xml 304',
    ]);
    expect(await ours.state()).toMatchObject({
      packages: GREETS.length,
      lastRefreshed: 1000,
      lastSeen: 2000,
    });
  });

  test('is not read again where repomd.xml is new and its primary.xml is not', async () => {
    const yum = new YumRepository(GREETS);
    const { url, requests } = await serveFiles(yum.directory);
    const ours = await repository(baseurl(url));
    await ours.refresh(baseurl(url));
    yum.write('repodata/repomd.xml', yum.repomd.replace('</repomd>', '<tags/></repomd>'));
    expect(await ours.refresh(baseurl(url), 2000)).toEqual({ changed: false });
    expect(requests.filter((each) => each.includes('primary'))).toHaveLength(1);
    expect(await ours.state()).toMatchObject({ lastRefreshed: 1000, lastSeen: 2000 });
  });

  test('that has dropped an RPM gives no URL of it after the next refresh', async () => {
    const yum = new YumRepository(GREETS);
    const { url } = await serveFiles(yum.directory);
    const ours = await repository(baseurl(url));
    await ours.refresh(baseurl(url));
    yum.publish(fixtureRpms('greet-1.1', 'greet-libs'));
    expect(await ours.refresh(baseurl(url), 3000)).toMatchObject({ changed: true });
    expect(await ours.urls('greet-1.0-1.fc40.x86_64', 'greet-1.1-1.fc40.x86_64')).toEqual([
      `${url}/Packages/greet-1.1-1.fc40.x86_64.rpm`,
    ]);
  });

  test.each(['--general-compress-type=gz', '--general-compress-type=bz2', '--general-compress-type=xz'])(
    'made with %s is read',
    async (arg) => {
      const yum = new YumRepository(GREETS, { args: [arg] });
      const { url } = await serveFiles(yum.directory);
      const ours = await repository(baseurl(url));
      expect(await ours.refresh(baseurl(url))).toMatchObject({ packages: GREETS.length });
    },
  );

  test.each<RepodataCompression>(['gz', 'bz2', 'xz', 'zst', 'plain'])(
    'with its primary.xml in %s',
    async (kind) => {
      const yum = new YumRepository(GREETS);
      yum.replacePrimary(yum.primary, kind);
      const { url } = await serveFiles(yum.directory);
      const ours = await repository(baseurl(url));
      expect(await ours.refresh(baseurl(url))).toMatchObject({ packages: GREETS.length });
    },
  );

  test.each(['sha', 'sha224', 'sha384', 'sha512', 'md5'])('with checksums of the type %s', async (type) => {
    const yum = new YumRepository(GREETS, { args: [`--repomd-checksum=${type}`] });
    const { url } = await serveFiles(yum.directory);
    const ours = await repository(baseurl(url));
    expect(await ours.refresh(baseurl(url))).toMatchObject({ packages: GREETS.length });
  });

  test('with more than a million packages is refused, and what it had stays', async () => {
    const yum = new YumRepository(GREETS);
    const { url } = await serveFiles(yum.directory);
    const ours = await repository(baseurl(url));
    await ours.refresh(baseurl(url));
    yum.publish(fixtureRpms('greet-1.1'));
    const store = altered(ours.store.repositories, { add: () => Promise.resolve(1_000_001) });
    await expect(
      refresh(
        { name: 'updates', source: baseurl(url) },
        { instance: 'demo', store, openHttp: openMirrorHttp, now: Date.now },
        new AbortController().signal,
      ),
    ).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringContaining('more than 1000000 packages'),
    });
    expect(await ours.state()).toMatchObject({ packages: GREETS.length });
  });

  test('knows the bytes of header and payload', async () => {
    const yum = new YumRepository(GREETS);
    const { url } = await serveFiles(yum.directory);
    const ours = await repository(baseurl(url));
    await ours.refresh(baseurl(url));
    const greet = rpmOf('greet-1.0-1.fc40.x86_64');
    const [, start = '0'] = /greet<\/name>[^]*?header-range start="(\d+)"/.exec(yum.primary.toString()) ?? [];
    const size = yum.read('Packages/greet-1.0-1.fc40.x86_64.rpm').length;
    const contentSize = size - Number(start);
    const found = await ours.store.repositories.copiesOf([
      { ...greet, contentSize },
      { ...greet, contentSize: contentSize + 1 },
    ]);
    expect([...found.values()]).toEqual([[expect.objectContaining({ size })]]);
  });
});

describe('mirrors', () => {
  test('of a mirrorlist are asked in their order until one works, and the one that works stays', async () => {
    const yum = new YumRepository(GREETS);
    const first = await serveFiles(yum.directory, (_, response) => !!response.writeHead(500).end());
    const second = await serveFiles(yum.directory);
    yum.write('mirrors', `# for you\n\nftp://f.example/\n${first.url}/\r\n${DEAD}\n${second.url}\n`);
    const list: RepositoryConfig['source'] = { kind: 'mirrorlist', url: `${second.url}/mirrors` };
    const ours = await repository(list);
    expect(await ours.refresh(list)).toMatchObject({ packages: GREETS.length });
    const asked = first.requests.length;
    expect(asked).toBeGreaterThan(0);
    expect(await ours.urls('greet-1.0-1.fc40.x86_64')).toEqual([
      `${second.url}/Packages/greet-1.0-1.fc40.x86_64.rpm`,
    ]);
    expect(await ours.refresh(list)).toEqual({ changed: false });
    expect(first.requests).toHaveLength(asked);
    expect(second.requests.at(-1)).toBe('/repodata/repomd.xml 304');
  });

  test('that all fail are told with their reasons', async () => {
    const { url } = await serveFiles('/nowhere', ({ url: path }, response) => {
      if (path !== '/mirrors') return false;
      response.end(`${DEAD}\nhttp://127.0.0.1:${new URL(url).port}/gone`);
      return true;
    });
    const list: RepositoryConfig['source'] = { kind: 'mirrorlist', url: `${url}/mirrors` };
    const ours = await repository(list);
    await expect(ours.refresh(list)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(
        /^none of 2 mirrors works: http:\/\/127\.0\.0\.1:9\/repodata\/repomd\.xml: .*; .*\/gone\/repodata\/repomd\.xml: HTTP 404/,
      ),
    });
  });

  test('are not to blame for what is wrong with the store', async () => {
    const { url } = await serveFiles(new YumRepository(GREETS).directory);
    const list = await serveFiles('/nowhere', (_, response) => !!response.end(`${url}\n${DEAD}\n`));
    const ours = await repository({ kind: 'mirrorlist', url: list.url });
    const store = { ...ours.store.repositories, begin: () => Promise.reject(new Error('full')) };
    await expect(
      refresh(
        { name: 'updates', source: { kind: 'mirrorlist', url: list.url } },
        { instance: 'demo', store, openHttp: openMirrorHttp, now: Date.now },
        new AbortController().signal,
      ),
    ).rejects.toMatchObject({ code: 'internal', message: 'full' });
  });

  test.each(['', '<html><body>welcome</body></html>', '# none\nrsync://x.example/\n'])(
    'are none in %j',
    async (content) => {
      const { url } = await serveFiles('/nowhere', (_, response) => !!response.end(content));
      const list: RepositoryConfig['source'] = { kind: 'mirrorlist', url };
      const ours = await repository(list);
      await expect(ours.refresh(list)).rejects.toMatchObject({
        code: 'format',
        message: `${url}: it names no mirror by http or https`,
      });
    },
  );

  test('of a metalink must have the repomd.xml that it lists', async () => {
    const yum = new YumRepository(GREETS);
    const old = new YumRepository(fixtureRpms('kmods'));
    const behind = await serveFiles(old.directory);
    const current = await serveFiles(yum.directory);
    const link: RepositoryConfig['source'] = { kind: 'metalink', url: `${current.url}/metalink?repo=x` };
    yum.write('metalink', metalink([behind.url, current.url], sha256(Buffer.from(yum.repomd))));
    const ours = await repository(link);
    expect(await ours.refresh(link)).toMatchObject({ packages: GREETS.length });
    expect(behind.requests).toEqual(['/repodata/repomd.xml 200']);
    expect(await ours.refresh(link)).toEqual({ changed: false });
    expect(current.requests.at(-1)).toBe('/repodata/repomd.xml 304');
  });

  test('that are behind by no more than the metalink says are good', async () => {
    const yum = new YumRepository(GREETS);
    const { url } = await serveFiles(yum.directory);
    const link: RepositoryConfig['source'] = { kind: 'metalink', url: `${url}/metalink` };
    yum.write('metalink', metalink([url], 'ab'.repeat(32), [sha256(Buffer.from(yum.repomd))]));
    const ours = await repository(link);
    expect(await ours.refresh(link)).toMatchObject({ packages: GREETS.length });
  });

  test('"unchanged" is no answer of a mirror where the metalink knows of something newer', async () => {
    const yum = new YumRepository(GREETS);
    const { url } = await serveFiles(yum.directory);
    const link: RepositoryConfig['source'] = { kind: 'metalink', url: `${url}/metalink` };
    yum.write('metalink', metalink([url], sha256(Buffer.from(yum.repomd))));
    const ours = await repository(link);
    await ours.refresh(link);
    yum.write('metalink', metalink([url], 'ab'.repeat(32)));
    await expect(ours.refresh(link)).rejects.toMatchObject({
      code: 'format',
      message: expect.stringContaining('the mirror is out of date'),
    });
    expect(await ours.urls('greet-1.0-1.fc40.x86_64')).toHaveLength(1);
  });

  test('are asked by preference', async () => {
    const yum = new YumRepository(GREETS);
    const [liked, other] = [await serveFiles(yum.directory), await serveFiles(yum.directory)];
    const link: RepositoryConfig['source'] = { kind: 'metalink', url: `${other.url}/metalink` };
    const [hash, both] = [sha256(Buffer.from(yum.repomd)), [other.url, liked.url]];
    yum.write('metalink', metalink(both, hash).replace('preference="99"', 'preference="101"'));
    const ours = await repository(link);
    await ours.refresh(link);
    expect(liked.requests).toHaveLength(2);
  });
});
