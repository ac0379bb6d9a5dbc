import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type BuildAnswer, type MatchUrl, buildAnswer, rpmAnswer } from '../../shared/api.ts';
import { formatNvr, requireNvra } from '../../shared/nvr.ts';
import { afterTest } from '../support/after-test.ts';
import { type Serving, push, startServing, statusOf, untilIdle } from '../support/serving.ts';
import { SHARED_DATA, describeWithSharedData } from '../support/shared-data.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { YumRepository, metalink, serveFiles, sha256 } from '../support/yum-repository.ts';

/** From what a Koji built to files that arrive: every tier is a real server here, but for the retrace one. */

const RETRACE = 'https://retrace.example/{letter}/{nvra}.rpm';

/** A daemon's configuration for one Koji called "lab" and its repositories. */
function configure(hub: StandInHub, repositories: Readonly<Record<string, string>>): string {
  const tables = Object.entries(repositories).map(
    ([name, source]) => `[[koji.repository]]\nname = "${name}"\n${source}\n`,
  );
  const file = join(temporaryDirectory(), 'darkserver.toml');
  const koji = `[[koji]]\nname = "lab"\nhub = "${hub.hubUrl}"\ntopurl = "${hub.topurl}"\nretrace = "${RETRACE}"\n`;
  writeFileSync(file, `[database]\npath = "darkserver.db"\n${koji}${tables.join('')}`);
  return file;
}

async function restart(serving: Serving, config: string): Promise<Serving> {
  serving.signal('SIGTERM');
  expect((await serving.ended).code).toBe(0);
  return startServing(['--config', config]);
}

/** Waits until a repository has been asked since `after`; the test's own time limit is the only one. */
async function untilAsked({ url }: Serving, name: string, after: number) {
  for (;;) {
    const state = (await statusOf(url)).koji['lab']?.repositories[name];
    const times = [state?.last_seen, state?.error?.at].map((time) => Date.parse(time ?? ''));
    if (state !== undefined && times.some((time) => time >= after)) return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function urlsOf({ url }: Serving, nvra: string): Promise<MatchUrl[]> {
  const response = await fetch(`${url}/api/v1/rpms/${encodeURIComponent(nvra)}`);
  expect([nvra, response.status]).toEqual([nvra, 200]);
  return rpmAnswer.parse(await response.json()).rpms[0]?.urls ?? [];
}

async function build({ url }: Serving, kojiBuildId: number): Promise<BuildAnswer> {
  const response = await fetch(`${url}/api/v1/koji/lab/builds/${kojiBuildId}?limit=1000`);
  return buildAnswer.parse(await response.json());
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect([url, response.status]).toEqual([url, 200]);
  return Buffer.from(await response.arrayBuffer());
}

const kindsOf = (urls: readonly MatchUrl[]): string[] => urls.map(({ kind }) => kind);

describeWithSharedData('addresses', () => {
  const MADE = `${SHARED_DATA}corpus/made`;
  const LAB = `${SHARED_DATA}koji-lab/topdir`;

  test('of RPMs in repositories begin with a mirror, exactly while it has them', async () => {
    const files = readdirSync(MADE).filter((name) => name.endsWith('.rpm'));
    const [first, second] = [files.slice(0, 14), files.slice(14, 28)];
    const paths = (names: readonly string[]) => names.map((name) => join(MADE, name));
    const hub = await StandInHub.empty();
    afterTest(() => hub.close());
    const kojiBuildIds = files.map((name) => {
      const { arch, ...nvr } = requireNvra(name);
      return hub.changes.addBuild({ ...nvr, release: `${nvr.release}.${arch}`, rpms: paths([name]) });
    });

    const yum = [new YumRepository(paths(first)), new YumRepository(paths(second))] as const;
    const mirrors = [await serveFiles(yum[0].directory), await serveFiles(yum[1].directory)] as const;
    const lists = temporaryDirectory();
    const listServer = await serveFiles(lists);
    const publishMetalink = () => {
      writeFileSync(join(lists, 'metalink'), metalink([mirrors[0].url], sha256(Buffer.from(yum[0].repomd))));
    };
    publishMetalink();
    writeFileSync(
      join(lists, 'mirrorlist'),
      `# one that is dead, one that lives\nhttp://127.0.0.1:9/\n${mirrors[1].url}/\n`,
    );
    const config = configure(hub, {
      first: `metalink = "${listServer.url}/metalink"`,
      second: `mirrorlist = "${listServer.url}/mirrorlist"`,
    });

    const expectTiers = async (serving: Serving, mirrored: readonly string[]) => {
      for (const name of files) {
        const urls = await urlsOf(serving, name);
        const kinds = mirrored.includes(name) ? ['mirror', 'koji', 'retrace'] : ['koji', 'retrace'];
        expect([name, ...kindsOf(urls)]).toEqual([name, ...kinds]);
        expect(urls[0]?.size).toBe(readFileSync(join(MADE, name)).length);
        expect(sha256(await download(urls[0]?.url ?? ''))).toBe(sha256(readFileSync(join(MADE, name))));
      }
    };

    const began = Date.now();
    let serving = await startServing(['--config', config]);
    expect(await push(serving.url, 'lab', kojiBuildIds)).toBe(202);
    await untilIdle(serving.url, 60_000);
    expect(await untilAsked(serving, 'first', began)).toMatchObject({ packages: 14, error: null });
    expect(await untilAsked(serving, 'second', began)).toMatchObject({ packages: 14, error: null });
    await expectTiers(serving, [...first, ...second]);

    // The mirror drops one, and the list says so.
    yum[0].publish(paths(first.slice(1)));
    publishMetalink();
    const refreshed = Date.now();
    serving = await restart(serving, config);
    expect(await untilAsked(serving, 'first', refreshed)).toMatchObject({ packages: 13, error: null });
    await expectTiers(serving, [...first.slice(1), ...second]);

    // What it says next is cut off: what was there stays, and it is told.
    yum[0].publish(paths(first));
    const primary = 'repodata/primary.xml.gz';
    yum[0].write(primary, yum[0].read(primary).subarray(0, 200));
    publishMetalink();
    const damaged = Date.now();
    serving = await restart(serving, config);
    const state = await untilAsked(serving, 'first', damaged);
    expect(state).toMatchObject({
      packages: 13,
      error: { message: expect.stringContaining('primary.xml.gz') },
    });
    await expectTiers(serving, [...first.slice(1), ...second]);
  }, 90_000);

  test('of each recorded build lead to its RPMs, the signed copy first; deleted, Koji’s go and others stay', async () => {
    const hub = await StandInHub.recorded();
    afterTest(() => hub.close());
    hub.files.addDirectory(LAB);
    const hello3 = `${LAB}/packages/hello3/1.0/2`;
    const mirrored = readdirSync(`${hello3}/x86_64`).map((name) => join(hello3, 'x86_64', name));
    const yum = new YumRepository(mirrored);
    const { url: mirror } = await serveFiles(yum.directory);
    const config = configure(hub, { f31: `baseurl = "${mirror}"` });
    const began = Date.now();
    const serving = await startServing(['--config', config]);
    await push(
      serving.url,
      'lab',
      Array.from({ length: 17 }, (_, index) => index + 1),
    );
    await untilIdle(serving.url);
    await untilAsked(serving, 'f31', began);

    const signed: string[] = [];
    for (const record of hub.data.builds) {
      const { id, state } = record.getBuild;
      if (state !== 1) continue;
      const { rpms } = await build(serving, id);
      expect(rpms).toHaveLength(record.listRPMs.length);
      for (const { rpm, urls } of rpms) {
        for (const { kind, url, size } of urls) {
          if (kind === 'retrace' || !isPublished(hub, url, mirror)) continue;
          expect((await download(url)).length).toBe(size);
        }
        const tiers = kindsOf(urls).filter((kind) => kind.startsWith('koji'));
        if (tiers.length > 1) signed.push(`${id} ${rpm.nvra}`);
        expect(tiers).toEqual(tiers.length > 1 ? ['koji-signed', 'koji'] : ['koji']);
        const isMirrored = mirrored.some((path) => basename(path) === `${rpm.nvra}.rpm`) && id === 3;
        expect([rpm.nvra, urls[0]?.kind === 'mirror']).toEqual([rpm.nvra, isMirrored]);
        const path = new URL(urls.find(({ kind }) => kind === 'koji')?.url ?? '').pathname;
        expect(decodeURIComponent(path)).toContain(pathOf(record.getBuild));
      }
    }
    expect(signed).toEqual(['3 hello3-1.0-2.x86_64', '6 kl-vol-1.0-1.x86_64']);

    hub.changes.deleteBuild(3);
    await push(serving.url, 'lab', [3]);
    await untilIdle(serving.url);
    const deleted = await build(serving, 3);
    expect(deleted.build.state).toBe('deleted');
    const kinds = new Map(deleted.rpms.map(({ rpm, urls }) => [rpm.nvra, kindsOf(urls)]));
    expect(kinds.get('hello3-1.0-2.x86_64')).toEqual(['mirror', 'retrace']);
    expect(kinds.get('hello3-1.0-2.src')).toEqual(['retrace']);
  }, 60_000);
});

/** The recording has left out source RPMs of kl-*, and the files of build 15 were gone before. */
function isPublished(hub: StandInHub, url: string, mirror: string): boolean {
  if (url.startsWith(mirror)) return true;
  return hub.files.find(decodeURIComponent(url.slice(hub.topurl.length + 1))) !== undefined;
}

/** On its volume, and of a draft with the draft's release; promoted ones lie like any other. */
function pathOf(of: { name: string; version: string; release: string; volume_name: string }): string {
  const volume = of.volume_name === 'DEFAULT' ? '' : `vol/${of.volume_name}/`;
  expect(formatNvr(of)).not.toContain('/');
  return `/${volume}packages/${of.name}/${of.version}/${of.release}/`;
}
