import { beforeEach, describe, expect, test } from '@jest/globals';
import { KojiHubClient } from '../../../daemon/koji/hub-client.ts';
import type { Addition, KojiHub } from '../../../daemon/koji/hub.ts';
import { afterTest } from '../../support/after-test.ts';
import { GREET, fixtureRpm } from '../../support/indexing.ts';
import { failing, openKojiHttp } from '../../support/koji-http.ts';
import { ids } from '../../support/queue.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import type { PyValue } from '../../support/stand-in-hub/values.ts';

let hub: StandInHub;
let client: KojiHub;
beforeEach(async () => {
  hub = await StandInHub.recorded();
  afterTest(() => hub.close());
  client = new KojiHubClient({ instance: 'lab', url: hub.hubUrl, http: openKojiHttp() });
});

async function all(pages: AsyncIterable<Addition[]>): Promise<Addition[]> {
  const additions: Addition[] = [];
  for await (const page of pages) additions.push(...page);
  return additions;
}

/** RPMs with these ids in the first build, and no others anywhere. */
function onlyRpms(...rpmIds: number[]): void {
  const [row] = hub.data.builds.flatMap(({ listRPMs }) => listRPMs);
  for (const record of hub.data.builds) record.listRPMs = [];
  const [first] = hub.data.builds;
  if (row === undefined || first === undefined) throw new Error('the recorded hub has RPMs');
  const build_id = first.getBuild.id;
  first.listRPMs = rpmIds.map((id) => ({ ...row, id, build_id }));
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('counts', () => {
  test('are of all builds, or of those for which all that is given holds', async () => {
    const total = hub.data.builds.length;
    expect(
      await client.countBuilds([{}, { state: 'deleted' }, { draft: true }, { state: 'complete' }]),
    ).toEqual([total, 1, 2, hub.data.builds.filter(({ getBuild }) => getBuild.state === 1).length]);
    const volumes = await client.listVolumes();
    const vol2 = volumes.find(({ name }) => name === 'vol2')?.kojiVolumeId ?? 99;
    expect(
      await client.countBuilds([{ kojiVolumeId: vol2 }, { kojiVolumeId: vol2, state: 'deleted' }]),
    ).toEqual([hub.data.builds.filter(({ getBuild }) => getBuild.volume_name === 'vol2').length, 0]);
  });

  test('of two stretches of time that meet have each build once', async () => {
    const times = hub.data.builds
      .map(({ getBuild }) => getBuild.completion_ts)
      .filter((time) => time !== null);
    for (const time of times) {
      const [before = 0, after = 0] = await client.countBuilds([
        { completedBefore: time },
        { completedFrom: time },
      ]);
      expect(before).toBe(times.filter((other) => other < time).length);
      expect(before + after).toBe(times.length);
    }
  });

  test('that are none are no answer', async () => {
    hub.troubles.order({ method: 'listBuilds', times: 1 }, { kind: 'lie', lie: (): PyValue => [[-1]] });
    hub.troubles.order({ method: 'multiCall', times: 1 }, { kind: 'lie', lie: (): PyValue => [[-1]] });
    await expect(client.countBuilds([{}])).rejects.toEqual(failing('hub_protocol', /listBuilds at http/));
  });
});

describe('outlines', () => {
  test('say of each build how many RPMs it has, and which tar files', async () => {
    const outlines = await client.getOutlines(ids(...upTo(17), 99));
    expect(outlines.map(({ kojiBuildId }) => kojiBuildId)).toEqual([...upTo(17), 99]);
    for (const { kojiBuildId, build, rpms, tars } of outlines.slice(0, -1)) {
      const content = await client.getBuildContent(kojiBuildId);
      expect(build).toEqual(content?.build ?? null);
      expect(rpms).toBe(content?.rpms.length ?? 0);
      expect(tars).toEqual(content?.archives.map(({ kojiArchiveId }) => kojiArchiveId) ?? []);
    }
    expect(outlines.at(-1)).toEqual({
      ...{ kojiBuildId: 99, build: null, rpms: 0, tars: [], sampleSigkeys: null },
    });
  });

  test('of many builds come a hundred in a request', async () => {
    hub.requests.splice(0);
    expect(await client.getOutlines(ids(...upTo(101)))).toHaveLength(101);
    expect(hub.requests).toHaveLength(2);
  });
});

describe('additions', () => {
  test('are the newest RPMs, down to the id that is given', async () => {
    onlyRpms(...upTo(450));
    expect(await client.lastAddedId('rpms')).toBe(450);
    const found = await all(client.listAdditions('rpms', 17));
    expect(found.map(({ addedId }) => addedId)).toEqual(upTo(450).slice(17).toReversed());
    hub.requests.splice(0);
    expect(await all(client.listAdditions('rpms', 440))).toHaveLength(10);
    expect(hub.requests).toHaveLength(1);
    expect(await all(client.listAdditions('rpms', 450))).toEqual([]);
  });

  test('of a hub that has none are none', async () => {
    onlyRpms();
    expect(await client.lastAddedId('rpms')).toBe(0);
    expect(await all(client.listAdditions('rpms', 0))).toEqual([]);
  });

  test('name no build for what is not looked at', async () => {
    const path = fixtureRpm(GREET.main);
    hub.changes.addArchive(1, { path, btype: 'own', type: 'text', directory: 'files/own' });
    const archives = await all(client.listAdditions('archives', 0));
    const tars = (await client.getOutlines(ids(...upTo(17)))).flatMap((outline) => outline.tars);
    const read = archives.filter(({ kojiBuildId }) => kojiBuildId !== null).map(({ addedId }) => addedId);
    expect(read.toSorted()).toEqual(tars.toSorted());
    expect(read.length).toBeLessThan(archives.length);
    const external = (answer: PyValue): PyValue =>
      (answer as readonly object[]).map((row) => ({ ...row, build_id: null }));
    hub.troubles.order({ method: 'listRPMs', times: 1 }, { kind: 'lie', lie: external });
    const rpms = await all(client.listAdditions('rpms', 0));
    expect(new Set(rpms.map(({ kojiBuildId }) => kojiBuildId))).toEqual(new Set([null]));
  });

  test('that come or go while they are listed leave out none that stays', async () => {
    onlyRpms(...upTo(450));
    const seen: number[] = [];
    let pages = 0;
    for await (const page of client.listAdditions('rpms', 0)) {
      seen.push(...page.map(({ addedId }) => addedId));
      pages++;
      if (pages === 1) onlyRpms(...upTo(300), 451, 452);
      if (pages === 2) onlyRpms(...upTo(300), ...upTo(600).slice(450));
    }
    expect(new Set(seen.filter((id) => id <= 300))).toEqual(new Set(upTo(300)));
    expect(seen).toHaveLength(new Set(seen).size);
  });

  test.each<[string, (answer: PyValue) => PyValue]>([
    ['in another order', (answer) => (answer as readonly PyValue[]).toReversed()],
    ['more than were asked for', (answer) => [...(answer as readonly PyValue[]), { id: 1, build_id: 1 }]],
    ['without ids', (answer) => (answer as readonly PyValue[]).map(() => ({ build_id: 1 }))],
  ])('that come %s are not believed', async (_what, lie) => {
    onlyRpms(...upTo(450).slice(1));
    hub.troubles.order({ method: 'listRPMs', times: 1 }, { kind: 'lie', lie });
    await expect(all(client.listAdditions('rpms', 0))).rejects.toEqual(
      failing('hub_protocol', /listRPMs at http/),
    );
  });

  test('of a hub that shows one page without end come to an end', async () => {
    onlyRpms(...upTo(450));
    const same = upTo(200).map((offset) => ({ id: 500 - offset, build_id: 1 })) as PyValue;
    hub.troubles.order({ method: 'listRPMs' }, { kind: 'lie', lie: () => same });
    await expect(all(client.listAdditions('rpms', 0))).rejects.toEqual(
      failing('hub_protocol', /do not join/),
    );
  });
});
