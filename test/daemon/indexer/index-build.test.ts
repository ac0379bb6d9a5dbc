import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { IndexBuild } from '../../../daemon/indexer/index-build.ts';
import type { IndexStore, StoredRpmMatch } from '../../../daemon/store/types.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { formatNvra, requireNvra } from '../../../shared/nvr.ts';
import { FIXTURES, readTruth } from '../../demo/truth.ts';
import { afterTest } from '../../support/after-test.ts';
import {
  GREET,
  INSTANCE,
  addGreet,
  filesRead,
  fixtureRpm,
  indexBuildOf,
  restateRpm,
} from '../../support/indexing.ts';
import { labTruth } from '../../support/lab-truth.ts';
import { SHARED_DATA, describeWithSharedData } from '../../support/shared-data.ts';
import { readRpmFacts } from '../../support/stand-in-hub/rpm-facts.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { openTestStore } from '../../support/test-store.ts';

const fixtures = fileURLToPath(FIXTURES);
const never = new AbortController().signal;
const id = (number: number): KojiBuildId => number as KojiBuildId;

let hub: StandInHub;
let index: IndexStore;
let indexBuild: IndexBuild;

beforeEach(async () => {
  hub = await StandInHub.empty();
  afterTest(() => hub.close());
  index = openTestStore().index;
  indexBuild = indexBuildOf(hub, index);
});

const matchesOf = (nvra: string): Promise<StoredRpmMatch[]> => index.findByNvra(requireNvra(nvra));

describe('every build of the fixtures', () => {
  test.each(['http', 'topdir'])(
    'is indexed over %s: all that is true of it and nothing else',
    async (how) => {
      const fixtureHub = await StandInHub.of(join(fixtures, 'hub-data.json'));
      afterTest(() => fixtureHub.close());
      fixtureHub.changes.publishRpms(fixtures);
      const topdir = temporaryDirectory();
      if (how === 'topdir') {
        for (const path of fixtureHub.files.paths()) {
          cpSync(join(fixtures, basename(path)), join(topdir, path));
        }
      }
      const look = indexBuildOf(fixtureHub, index, how === 'topdir' ? { topdir } : {});
      for (const { getBuild } of fixtureHub.data.builds) {
        expect(await look(id(getBuild.id), never)).toMatchObject({ outcome: 'indexed' });
      }
      const truth = readTruth();
      expect((await index.counts()).files).toBe(truth.length);
      for (const file of truth) {
        const found =
          (await index.findByBuildIds([file.buildId as BuildId])).get(file.buildId as BuildId) ?? [];
        expect(
          found.map(({ rpm, file: { path, kind } }) => `${rpm && formatNvra(rpm)} ${path} ${kind}`),
        ).toContain(`${file.nvra} ${file.path} ${file.kind}`);
      }
    },
  );
});

describe('a build that is announced again', () => {
  test('and has not changed: nothing is read', async () => {
    const build = addGreet(hub);
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 3 });
    expect(filesRead(hub)).toHaveLength(3);
    const before = await matchesOf('greet-1.0-1.fc40.x86_64');
    expect(before.length).toBeGreaterThan(0);
    expect(await indexBuild(build, never)).toEqual({
      outcome: 'indexed',
      rpms: 0,
      archives: 0,
      files: 0,
      bytesRead: 0,
    });
    expect(filesRead(hub)).toEqual([]);
    expect(await matchesOf('greet-1.0-1.fc40.x86_64')).toMatchObject(before.map(({ file }) => ({ file })));
  });

  test('and has one RPM more, as koji import adds them: that one is read', async () => {
    const build = addGreet(hub);
    await indexBuild(build, never);
    filesRead(hub);
    hub.changes.addRpms(build, [fixtureRpm('greet-libs-debuginfo-1.0-1.fc40.x86_64')]);
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 1 });
    expect(filesRead(hub)).toEqual(['greet-libs-debuginfo-1.0-1.fc40.x86_64.rpm']);
  });

  test('and has another file in the place of one: that one is read, its old rows are gone', async () => {
    const build = addGreet(hub);
    await indexBuild(build, never);
    filesRead(hub);
    const other = fixtureRpm('payload-zstd-1.0-1.fc40.x86_64');
    const { size, payloadhash, name } = readRpmFacts(other);
    const path = hub.files.paths().find((each) => each.endsWith(`/${GREET.libs}.rpm`)) ?? '';
    hub.files.add(path.replace('greet-libs', name), other);
    restateRpm(hub, 'greet-libs', { name, size, payloadhash });
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 1 });
    expect(filesRead(hub)).toEqual(['payload-zstd-1.0-1.fc40.x86_64.rpm']);
    expect(await matchesOf(GREET.libs)).toEqual([]);
    expect(await matchesOf('payload-zstd-1.0-1.fc40.x86_64')).not.toEqual([]);
  });

  test('and is to be read again', async () => {
    const build = addGreet(hub);
    await indexBuild(build, never);
    filesRead(hub);
    expect(await indexBuild(build, never, { reread: true })).toMatchObject({ rpms: 3 });
    expect(filesRead(hub)).toHaveLength(3);
  });

  test('and lies on another volume: the index knows, and nothing is read', async () => {
    const build = addGreet(hub);
    await indexBuild(build, never);
    filesRead(hub);
    hub.changes.moveToVolume(build, 'vol2');
    await indexBuild(build, never);
    expect(filesRead(hub)).toEqual([]);
    expect(await index.getBuild(INSTANCE, build)).toMatchObject({ volume: 'vol2' });
  });

  test('and is a draft no more', async () => {
    const build = addGreet(hub, { draft: true });
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 3 });
    expect(await index.getBuild(INSTANCE, build)).toMatchObject({
      draft: true,
      release: `1.fc40,draft_${build}`,
    });
    hub.changes.promoteBuild(build);
    await indexBuild(build, never);
    expect(await index.getBuild(INSTANCE, build)).toMatchObject({ draft: false, release: '1.fc40' });
  });

  test('and is deleted, reset, or gone: what was known of it stays', async () => {
    const build = addGreet(hub);
    await indexBuild(build, never);
    hub.changes.deleteBuild(build);
    expect(await indexBuild(build, never)).toEqual({ outcome: 'noted', state: 'deleted' });
    hub.changes.resetBuild(build);
    expect(await indexBuild(build, never)).toEqual({ outcome: 'noted', state: 'canceled' });
    hub.data.builds.splice(0);
    expect(await indexBuild(build, never)).toEqual({ outcome: 'unknown' });
    const [match] = await matchesOf('greet-1.0-1.fc40.x86_64');
    expect(match?.rpm.build).toMatchObject({ kojiBuildId: build, state: 'deleted' });
  });

  test('and was rebuilt under the same id: the old RPMs are superseded', async () => {
    const build = addGreet(hub);
    await indexBuild(build, never);
    hub.changes.resetBuild(build);
    hub.changes.addRpms(build, [fixtureRpm('greet-libs-1.0-1.fc40.x86_64')]);
    hub.changes.completeBuild(build);
    // The hub gives no id twice.
    restateRpm(hub, 'greet-libs', { id: 77 });
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 1 });
    const rpms = await index.findRpms(requireNvra('greet-libs-1.0-1.fc40.x86_64'));
    expect(rpms.map(({ kojiRpmId, superseded }) => [kojiRpmId, superseded])).toEqual([
      [77, false],
      [expect.any(Number), true],
    ]);
  });
});

describe('a build that is not to be read', () => {
  test('has failed, or is still building, or was never there', async () => {
    const build = id(hub.changes.addBuild({ name: 'x', version: '1', release: '1', state: 'BUILDING' }));
    expect(await indexBuild(build, never)).toEqual({ outcome: 'noted', state: 'building' });
    hub.changes.failBuild(build);
    expect(await indexBuild(build, never)).toEqual({ outcome: 'noted', state: 'failed' });
    expect(await index.getBuild(INSTANCE, build)).toMatchObject({ state: 'failed' });
    expect(await indexBuild(id(99), never)).toEqual({ outcome: 'unknown' });
    expect(await index.getBuild(INSTANCE, id(99))).toBeNull();
  });

  test('was deleted before it was seen: it is noted without RPMs', async () => {
    const build = addGreet(hub);
    hub.changes.deleteBuild(build);
    expect(await indexBuild(build, never)).toEqual({ outcome: 'noted', state: 'deleted' });
    expect((await index.counts()).rpms).toBe(0);
    expect(filesRead(hub)).toEqual([]);
  });

  test('has no RPMs', async () => {
    const build = id(hub.changes.addBuild({ name: 'image', version: '1', release: '1' }));
    expect(await indexBuild(build, never)).toEqual({
      outcome: 'indexed',
      rpms: 0,
      archives: 0,
      files: 0,
      bytesRead: 0,
    });
  });

  test('in part: skipped architectures and RPMs without a file are known by name', async () => {
    const build = addGreet(hub);
    restateRpm(hub, 'greet-libs', { metadata_only: true });
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 2 });
    expect(filesRead(hub)).toEqual([`${GREET.main}.rpm`, `${GREET.debuginfo}.rpm`]);
    expect(await index.findRpms(requireNvra('greet-1.0-1.fc40.src'))).toHaveLength(1);
    expect(await matchesOf('greet-libs-1.0-1.fc40.x86_64')).toEqual([]);
    expect(await index.indexedBuilds(INSTANCE, [build])).toEqual(new Set([build]));
  });
});

describeWithSharedData('the recorded hub', () => {
  test('every build is read, and every state and reason is clear', async () => {
    const lab = await StandInHub.recorded();
    afterTest(() => lab.close());
    lab.files.addDirectory(`${SHARED_DATA}koji-lab/topdir`);
    const look = indexBuildOf(lab, index);
    const outcomes = new Map<number, string>();
    for (let build = 1; build <= 17; build++) {
      const outcome = await look(id(build), never);
      const detail =
        outcome.outcome === 'noted'
          ? outcome.state
          : outcome.outcome === 'incomplete'
            ? outcome.error.code
            : '';
      outcomes.set(build, `${outcome.outcome} ${detail}`.trim());
    }
    const odd = [...outcomes].filter(([, outcome]) => outcome !== 'indexed');
    expect(odd).toEqual([
      [5, 'noted deleted'],
      [9, 'noted failed'],
      [13, 'noted failed'],
      [15, 'incomplete missing_file'],
    ]);
    const truth = labTruth();
    expect((await index.counts()).files).toBe(truth.length);
    for (const file of truth) {
      const found =
        (await index.findByBuildIds([file.buildId as BuildId])).get(file.buildId as BuildId) ?? [];
      const rows = found.map(({ rpm, archive, file: { path, kind } }) => [
        rpm?.kojiRpmId ?? archive?.kojiArchiveId,
        (rpm ?? archive).build?.kojiBuildId,
        path,
        kind,
      ]);
      expect(rows).toContainEqual([file.holderId, file.koji_build_id, file.path, file.kind]);
    }
  });
});
