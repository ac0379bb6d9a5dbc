import { beforeEach, describe, expect, test } from '@jest/globals';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { KojiHub } from '../../../daemon/koji/hub.ts';
import type { KojiBuild, KojiBuildId } from '../../../shared/koji.ts';
import { afterTest } from '../../support/after-test.ts';
import { failing, openKojiHttp } from '../../support/koji-http.ts';
import type { BuildRow } from '../../support/stand-in-hub/koji-data.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import type { PyValue } from '../../support/stand-in-hub/values.ts';

const id = (number: number): KojiBuildId => number as KojiBuildId;

async function idsOf(pages: AsyncIterable<KojiBuild[]>): Promise<number[]> {
  const ids: number[] = [];
  for await (const page of pages) ids.push(...page.map(({ kojiBuildId }) => kojiBuildId));
  return ids;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

let hub: StandInHub;
let client: KojiHub;
beforeEach(async () => {
  hub = await StandInHub.recorded();
  afterTest(() => hub.close());
  client = new KojiHubClient({ instance: 'lab', url: hub.hubUrl, http: openKojiHttp() });
});

describe('what the recorded hub says', () => {
  test('of itself', async () => {
    expect(client.instance).toBe('lab');
    expect(await client.getVersion()).toBe('1.35.3');
  });

  test('of a draft, by id and by NVR', async () => {
    const draft = {
      kojiBuildId: 1,
      name: 'hello2',
      epoch: null,
      version: '1.0',
      release: '2,draft_1',
      state: 'complete',
      draft: true,
      volume: 'DEFAULT',
      completedAt: 1795204537,
    };
    expect(await client.getBuild(id(1))).toEqual(draft);
    expect(await client.getBuild('hello2-1.0-2,draft_1')).toEqual(draft);
  });

  test('of builds that are deleted, on a volume, failed, with an i8 in what is not looked at', async () => {
    expect(await client.getBuild(id(5))).toMatchObject({ state: 'deleted' });
    expect(await client.getBuild(id(6))).toMatchObject({ volume: 'vol2', completedAt: 1795204539.732206 });
    expect(await client.getBuild(id(9))).toMatchObject({ state: 'failed' });
    expect(await client.getBuild(id(11))).toMatchObject({ name: 'kl-img' });
  });

  test('of builds that do not exist', async () => {
    expect(await client.getBuild(id(99999))).toBeNull();
    expect(await client.getBuild('nosuch-1-1')).toBeNull();
    expect(await client.getBuildContent(id(99999))).toBeNull();
    expect(await client.getBuilds([id(99999), id(3)])).toEqual([
      null,
      expect.objectContaining({ kojiBuildId: 3 }),
    ]);
  });

  test('of what is no NVR it is not asked', async () => {
    await expect(client.getBuild('nosuch')).rejects.toEqual(
      failing('bad_input', /"nosuch" is not a name-version-rel/),
    );
    expect(hub.requests).toEqual([]);
  });

  test('of a build and its RPMs, in one request', async () => {
    const answer = await client.getBuildContent(id(3));
    expect(answer?.build).toEqual(await client.getBuild(id(3)));
    expect(answer?.rpms).toHaveLength(6);
    expect(answer?.rpms[2]).toEqual({
      kojiRpmId: 11,
      kojiBuildId: 3,
      name: 'hello3-debuginfo',
      epoch: null,
      version: '1.0',
      release: '2',
      arch: 'x86_64',
      size: 11223,
      payloadHash: '47e218e0f2f147ea1d46c8be30dcaee5',
      buildTime: 1585062521,
      metadataOnly: false,
    });
    expect(hub.requests.map(({ method }) => method)).toEqual(['multiCall', 'getBuild']);
  });

  test('of a build with archives, in two requests, as some tell more of themselves when asked by type', async () => {
    const answer = await client.getBuildContent(id(11));
    expect(answer?.rpms).toEqual([]);
    expect(answer?.archives).toEqual([
      {
        kojiArchiveId: 2,
        kojiBuildId: 11,
        filename: 'blob-naïve.tar.gz',
        directory: 'files/labtype',
        type: 'tar',
        btype: 'labtype',
        arch: null,
        size: 106,
        checksum: '23668e2bc8c632f4b2b57fbd7e398b3e',
        checksumType: 'md5',
        metadataOnly: false,
      },
      {
        kojiArchiveId: 1,
        kojiBuildId: 11,
        filename: 'docker-image-sha256_abc.x86_64.tar.gz',
        directory: 'images',
        type: 'tar',
        btype: 'image',
        arch: 'x86_64',
        size: 14369,
        checksum: '1874999ff3d64b1ea7ad5f429d4dfa35',
        checksumType: 'md5',
        metadataOnly: false,
      },
    ]);
    expect(hub.requests.map(({ method }) => method)).toEqual(['multiCall', 'multiCall']);
    const [plain] = (await client.getBuildContent(id(16)))?.archives ?? [];
    expect(plain).toMatchObject({ directory: 'images', arch: null, checksumType: 'sha256' });
  });

  test('of several hundred builds, in few requests', async () => {
    const builds = await client.getBuilds(upTo(250).map(id));
    expect(builds).toHaveLength(250);
    expect(builds.filter((build) => build !== null).map(({ kojiBuildId }) => kojiBuildId)).toEqual(upTo(17));
    expect(hub.requests).toHaveLength(3);
    expect(await client.getBuilds([])).toEqual([]);
    expect(hub.requests).toHaveLength(3);
  });

  test('of a tag, and that it does not know one', async () => {
    expect(await client.listTagged('lab-dest')).toEqual([6, 10, 8, 4, 3]);
    await expect(client.listTagged('nosuch')).rejects.toEqual(
      failing('not_found', /Koji "lab" has no tag "nosuch"/),
    );
  });

  test('of its last build', async () => {
    expect(await client.lastKojiBuildId()).toBe(17);
    hub.data.builds.splice(0);
    expect(await client.lastKojiBuildId()).toBe(0);
  });
});

describe('listings', () => {
  test('of every build, in any state, in order', async () => {
    expect(await idsOf(client.listBuilds({}))).toEqual(upTo(17));
    expect(await idsOf(client.listBuilds({ afterKojiBuildId: id(12) }))).toEqual([13, 14, 15, 16, 17]);
    expect(await idsOf(client.listBuilds({ afterKojiBuildId: id(17) }))).toEqual([]);
  });

  test('of every build of a hub that has skipped ids', async () => {
    hub.data.builds = hub.data.builds.filter(({ getBuild }) => getBuild.id % 5 === 0);
    const template = hub.data.builds[0];
    if (template !== undefined) {
      const getBuild = { ...template.getBuild, id: 1000, build_id: 1000 } as BuildRow;
      hub.data.builds.push({ ...template, getBuild });
    }
    expect(await idsOf(client.listBuilds({}))).toEqual([5, 10, 15, 1000]);
  });

  test('of a package', async () => {
    expect(await idsOf(client.listBuilds({ packageName: 'hello2' }))).toEqual([1, 2, 4]);
    expect(await idsOf(client.listBuilds({ packageName: 'hello2', afterKojiBuildId: id(1) }))).toEqual([
      2, 4,
    ]);
    expect(await idsOf(client.listBuilds({ packageName: 'nosuch' }))).toEqual([]);
  });

  test('of a span of time', async () => {
    const since = 1795204542.9;
    expect(await idsOf(client.listBuilds({ completedAfter: since }))).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17,
    ]);
    const until = 1795204543.5;
    const ids = await idsOf(client.listBuilds({ completedAfter: since, completedBefore: until }));
    expect(ids).toEqual(
      hub.data.builds
        .map(({ getBuild }) => getBuild)
        .filter(({ completion_ts: at }) => at !== null && at > since && at < until)
        .map((build) => build.id)
        .toSorted((a, b) => a - b),
    );
    expect(ids.length).toBeGreaterThan(1);
  });

  /** A hub of many builds of one package. */
  function fill(count: number): void {
    const template = hub.data.builds[0];
    if (template === undefined) throw new Error('no builds');
    hub.data.builds = upTo(count).map((number) => {
      const getBuild = {
        ...template.getBuild,
        id: number,
        build_id: number,
        release: String(number),
      } as BuildRow;
      return { ...template, getBuild };
    });
  }

  test('of many pages', async () => {
    fill(720);
    expect(await idsOf(client.listBuilds({ packageName: 'hello2' }))).toEqual(upTo(720));
    expect(hub.requests).toHaveLength(4);
  });

  test.each([199, 200, 201, 399, 400])('of %i builds, at the edge of a page', async (count) => {
    fill(count);
    expect(await idsOf(client.listBuilds({ packageName: 'hello2' }))).toEqual(upTo(count));
  });

  test('from which builds vanish between two pages lose no other', async () => {
    fill(1000);
    const seen: number[] = [];
    for await (const page of client.listBuilds({ packageName: 'hello2' })) {
      seen.push(...page.map(({ kojiBuildId }) => kojiBuildId));
      // All that was listed so far leaves the list, as if it were rebuilt, but for every hundredth.
      hub.data.builds = hub.data.builds.filter(
        ({ getBuild }) => getBuild.id % 100 === 0 || getBuild.id > (page.at(-1)?.kojiBuildId ?? 0),
      );
    }
    expect(seen).toEqual(upTo(1000));
  });

  test('to which builds are added meanwhile', async () => {
    fill(250);
    const seen: number[] = [];
    for await (const page of client.listBuilds({ packageName: 'hello2' })) {
      seen.push(...page.map(({ kojiBuildId }) => kojiBuildId));
      if (seen.length === 200) fill(300);
    }
    expect(seen).toEqual(upTo(300));
  });

  test('of a hub that does not turn the page', async () => {
    fill(200);
    const [first] = hub.data.builds;
    const page = hub.data.builds.map(({ getBuild }) => getBuild as PyValue);
    expect(first).toBeDefined();
    hub.troubles.order({ method: 'listBuilds' }, { kind: 'lie', lie: () => page });
    const error = failing('hub_protocol', /listBuilds at http.*: offset \d+ answers what was seen before/);
    await expect(idsOf(client.listBuilds({ packageName: 'hello2' }))).rejects.toEqual(error);
  });

  test('out of order, or longer than asked for', async () => {
    const rows = hub.data.builds.map(({ getBuild }) => getBuild as PyValue);
    hub.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'lie', lie: () => rows.toReversed() });
    const error = failing('hub_protocol', /listBuilds at .*: not at most \d+ builds in order/);
    await expect(idsOf(client.listBuilds({ packageName: 'x' }))).rejects.toEqual(error);
    hub.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'lie', lie: () => rows.slice(0, 2) });
    await expect(client.lastKojiBuildId()).rejects.toEqual(error);
  });

  test('that are called off', async () => {
    const controller = new AbortController();
    controller.abort();
    const listing = idsOf(client.listBuilds({}, controller.signal));
    await expect(listing).rejects.toEqual(failing('stopped', /called off/));
  });
});
