import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { IndexBuild } from '../../../daemon/indexer/index-build.ts';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { IndexStore, StoredRpm } from '../../../daemon/store/types.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { requireNvra } from '../../../shared/nvr.ts';
import { afterTest } from '../../support/after-test.ts';
import { GREET, INSTANCE, addGreet, filesRead, fixtureRpm, indexBuildOf } from '../../support/indexing.ts';
import { openKojiHttp } from '../../support/koji-http.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { openTestStore } from '../../support/test-store.ts';

const KEY = 'a15b79cc';
const OTHER = '161f1273';
const never = new AbortController().signal;

let hub: StandInHub;
let index: IndexStore;
let look: IndexBuild;
let build: KojiBuildId;
/** Koji's ids of RPMs by their names. */
let rpms: Record<string, number>;

beforeEach(async () => {
  hub = await StandInHub.empty();
  afterTest(() => hub.close());
  index = openTestStore().index;
  look = indexBuildOf(hub, index);
  build = addGreet(hub);
  rpms = hub.signing.rpmIds(build);
});

const rpmId = (name: string): number => rpms[name] ?? 0;

async function stored(nvra: string): Promise<StoredRpm | undefined> {
  return (await index.findRpms(requireNvra(nvra)))[0];
}

async function copies(nvra: string = GREET.main): Promise<string[]> {
  return ((await stored(nvra))?.signedCopies ?? []).map(({ sigkey }) => sigkey);
}

function sign(name: string, sigkey: string, file?: string): void {
  hub.signing.sign(rpmId(name), sigkey);
  hub.signing.writeCopy(rpmId(name), sigkey, file);
}

describe('a signed copy', () => {
  test('that is there is known with its size, of source packages too', async () => {
    const file = fixtureRpm(GREET.libs);
    sign('greet', KEY, file);
    sign('greet.src', KEY);
    const before = Date.now();
    expect(await look(build, never)).toMatchObject({ outcome: 'indexed', rpms: 3 });
    const { signedCopies = [] } = (await stored(GREET.main)) ?? {};
    expect(signedCopies).toEqual([{ sigkey: KEY, size: statSync(file).size, seenAt: expect.any(Number) }]);
    expect(signedCopies[0]?.seenAt).toBeGreaterThanOrEqual(before);
    expect(await copies(GREET.source)).toEqual([KEY]);
    expect(await copies(GREET.libs)).toEqual([]);
  });

  test('of a signature that Koji knows need not be there, or may have gone', async () => {
    hub.signing.sign(rpmId('greet'), KEY);
    await look(build, never);
    expect(await copies()).toEqual([]);
    hub.signing.writeCopy(rpmId('greet'), KEY);
    await look(build, never);
    expect(await copies()).toEqual([KEY]);
    hub.signing.removeCopy(rpmId('greet'), KEY);
    await look(build, never);
    expect(await copies()).toEqual([]);
  });

  test('is looked for without reading RPMs again, and only of RPMs with a key', async () => {
    await look(build, never);
    filesRead(hub);
    sign('greet', KEY);
    expect(await look(build, never)).toMatchObject({ outcome: 'indexed', rpms: 0 });
    expect(hub.requests.map(({ method, path }) => method || path)).toEqual([
      ...['multiCall', 'multiCall'],
      `packages/greet/1.0/1.fc40/data/signed/${KEY}/x86_64/${GREET.main}.rpm`,
    ]);
  });

  test('of a draft lies with it on its volume, and goes along when it is promoted', async () => {
    const draft = addGreet(hub, { draft: true });
    rpms = hub.signing.rpmIds(draft);
    hub.changes.moveToVolume(draft, 'vol2');
    sign('greet', KEY);
    filesRead(hub);
    await look(draft, never);
    expect(hub.requests.map(({ path }) => path)).toContain(
      `vol/vol2/packages/greet/1.0/1.fc40,draft_${draft}/data/signed/${KEY}/x86_64/${GREET.main}.rpm`,
    );
    expect(await copies()).toEqual([KEY]);
    hub.changes.deleteBuild(build);
    hub.changes.promoteBuild(draft);
    await look(draft, never);
    expect(await copies()).toEqual([KEY]);
  });

  test('is found under topdir', async () => {
    const topdir = temporaryDirectory();
    sign('greet', KEY, fixtureRpm(GREET.libs));
    hub.signing.sign(rpmId('greet'), OTHER);
    for (const path of hub.files.paths()) cpSync(hub.files.find(path) ?? '', join(topdir, path));
    filesRead(hub);
    await indexBuildOf(hub, index, { topdir })(build, never);
    expect(await copies()).toEqual([KEY]);
    expect(filesRead(hub)).toEqual([]);
  });
});

describe('of several keys', () => {
  beforeEach(() => {
    sign('greet', KEY);
    sign('greet', OTHER);
  });

  test('those in Koji’s order count where none is preferred', async () => {
    await look(build, never);
    expect(await copies()).toEqual([KEY, OTHER]);
  });

  test.each([
    [
      [OTHER, KEY],
      [OTHER, KEY],
    ],
    [[`0123ABCD${OTHER}`.toLowerCase()], [OTHER]],
    [['00000000'], []],
  ])('with %j preferred these are known: %j', async (sigkeys, known) => {
    const http = openKojiHttp();
    const preferring = new KojiHubClient({ instance: INSTANCE, url: hub.hubUrl, http, sigkeys });
    await indexBuildOf(hub, index, { hub: preferring })(build, never);
    expect(await copies()).toEqual(known);
  });
});

describe('a file server in trouble', () => {
  test('leaves what is known of copies, and the build for another try', async () => {
    sign('greet', KEY);
    sign('greet-libs', KEY);
    await look(build, never);
    hub.signing.sign(rpmId('greet'), OTHER);
    filesRead(hub);
    hub.troubles.order({ path: /data\/signed/ }, { kind: 'status', status: 503 });
    expect(await look(build, never)).toEqual({
      outcome: 'incomplete',
      error: {
        code: 'network',
        message: expect.stringMatching(
          /^the signed copies of greet-1\.0-1\.fc40 .* are not known: .*: HTTP 503/,
        ),
      },
    });
    expect(await copies()).toEqual([KEY]);
    expect(await copies(GREET.libs)).toEqual([KEY]);
    hub.troubles.clear();
    await look(build, never);
    hub.signing.writeCopy(rpmId('greet'), OTHER);
    expect(await look(build, never)).toMatchObject({ outcome: 'indexed', rpms: 0 });
    expect(await copies()).toEqual([KEY, OTHER]);
  });

  test('keeps no RPM from being indexed', async () => {
    sign('greet', KEY);
    hub.troubles.order({ path: /data\/signed/ }, { kind: 'reset' });
    expect(await look(build, never)).toMatchObject({ outcome: 'incomplete' });
    expect(await index.findByNvra(requireNvra(GREET.main))).not.toEqual([]);
  });

  test('is not asked for many more copies of the build', async () => {
    const others = ['greet-debugsource', 'greet-doc', 'greet-libs-debuginfo', 'payload-gzip', 'payload-xz'];
    hub.changes.addRpms(build, others.map(nvraOf).map(fixtureRpm));
    await look(build, never);
    rpms = hub.signing.rpmIds(build);
    expect(Object.keys(rpms)).toHaveLength(9);
    for (const name of Object.keys(rpms)) sign(name, KEY);
    filesRead(hub);
    hub.troubles.order({ path: /data\/signed/ }, { kind: 'status', status: 500 });
    await look(build, never);
    expect(filesRead(hub).length).toBeLessThanOrEqual(4);
  });
});

test('what matches an RPM with its copy in a repository is known of those that were read', async () => {
  await look(build, never);
  const main = await stored(GREET.main);
  const source = await stored(GREET.source);
  const listed = hub.data.builds[0]?.listRPMs.find(({ name, arch }) => name === 'greet' && arch !== 'src');
  expect(main?.buildTime).toBe(listed?.['buildtime']);
  expect(main?.contentSize).toBe(contentSizeOf(fixtureRpm(GREET.main)));
  expect(source).toMatchObject({ contentSize: null, buildTime: expect.any(Number) });
  await look(build, never);
  expect((await stored(GREET.main))?.contentSize).toBe(main?.contentSize);
});

function nvraOf(name: string): string {
  return `${name}-1.0-1.fc40.${name === 'greet-doc' ? 'noarch' : 'x86_64'}`;
}

/** By the sizes that lead and signature header state, read as rpm's format has them. */
function contentSizeOf(path: string): number {
  const bytes = readFileSync(path);
  const signature = 16 + 16 * bytes.readUInt32BE(96 + 8) + bytes.readUInt32BE(96 + 12);
  const start = 96 + Math.ceil(signature / 8) * 8;
  expect(bytes.readUInt32BE(start) >>> 8).toBe(0x8eade8);
  return bytes.length - start;
}
