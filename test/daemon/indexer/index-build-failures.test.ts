import { cpSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { IndexBuild } from '../../../daemon/indexer/index-build.ts';
import type { IndexStore, StoredMatch } from '../../../daemon/store/types.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { KojiBuildId } from '../../../shared/koji.ts';
import { requireNvra } from '../../../shared/nvr.ts';
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
import type { RpmRow } from '../../support/stand-in-hub/koji-data.ts';
import { readRpmFacts } from '../../support/stand-in-hub/rpm-facts.ts';
import { StandInHub } from '../../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { openTestStore } from '../../support/test-store.ts';

const never = new AbortController().signal;

let hub: StandInHub;
let index: IndexStore;
let indexBuild: IndexBuild;

beforeEach(async () => {
  hub = await StandInHub.empty();
  afterTest(() => hub.close());
  index = openTestStore().index;
  indexBuild = indexBuildOf(hub, index);
});

const matchesOf = (nvra: string): Promise<StoredMatch[]> => index.findByNvra(requireNvra(nvra));

/** Why an RPM could not be read, as the store keeps it. */
async function errorOf(nvra: string): Promise<string | null> {
  const [rpm] = await index.findRpms(requireNvra(nvra));
  return rpm?.error?.code ?? null;
}

function pathOf(nvra: string): string {
  const path = hub.files.paths().find((each) => each.endsWith(`/${nvra}.rpm`));
  if (path === undefined) throw new Error(`${nvra} is not published`);
  return path;
}

function incomplete(code: ErrorCode, message: RegExp): unknown {
  return { outcome: 'incomplete', error: { code, message: expect.stringMatching(message) } };
}

describe('an RPM that cannot be read', () => {
  test('because its file is not there (yet): the others are written, and only it is read later', async () => {
    const build = addGreet(hub);
    const path = pathOf(GREET.libs);
    hub.files.remove(path);
    expect(await indexBuild(build, never)).toEqual(
      incomplete(
        'missing_file',
        /^1 of 4 RPMs of greet-1\.0-1\.fc40 \(Koji build 1\) could not be read: http.*\/greet-libs-1\.0-1\.fc40\.x86_64\.rpm: HTTP 404/,
      ),
    );
    expect(await matchesOf(GREET.main)).not.toEqual([]);
    expect(await errorOf(GREET.libs)).toBe('missing_file');
    expect(await index.indexedBuilds(INSTANCE, [build])).toEqual(new Set());
    filesRead(hub);
    hub.files.add(path, fixtureRpm(GREET.libs));
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 1 });
    expect(filesRead(hub)).toEqual([`${GREET.libs}.rpm`]);
    expect(await errorOf(GREET.libs)).toBeNull();
    expect(await matchesOf(GREET.libs)).not.toEqual([]);
  });

  test('because the server is in trouble: no further file is begun', async () => {
    const rpms = Array.from({ length: 30 }, () => fixtureRpm(GREET.main));
    const build = hub.changes.addBuild({
      name: 'greet',
      version: '1.0',
      release: '1.fc40',
      rpms,
    }) as KojiBuildId;
    hub.troubles.order({ path: /\.rpm$/ }, { kind: 'status', status: 500 });
    expect(await indexBuild(build, never)).toEqual(
      incomplete('network', /^30 of 30 RPMs of .*, for one: http.*HTTP 500/),
    );
    // Four at once, each tried twice.
    expect(hub.requests.filter(({ method }) => method === '').length).toBeLessThanOrEqual(8);
    hub.troubles.clear();
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed', rpms: 30 });
  });

  test('because it is broken: it is told, and the others are written', async () => {
    const build = addGreet(hub);
    const broken = join(temporaryDirectory(), 'broken.rpm');
    writeFileSync(broken, Buffer.alloc(5000, 'x'));
    hub.files.add(pathOf(GREET.libs), broken);
    restateRpm(hub, 'greet-libs', { size: 5000 });
    expect(await indexBuild(build, never)).toEqual(
      incomplete('format', /greet-libs.*: RPM lead at offset 0/),
    );
    expect(await errorOf(GREET.libs)).toBe('format');
    expect(await matchesOf(GREET.main)).not.toEqual([]);
  });

  test('and another that may come yet: the build is worth another look', async () => {
    const build = addGreet(hub);
    const broken = join(temporaryDirectory(), 'broken.rpm');
    writeFileSync(broken, Buffer.alloc(5000, 'x'));
    hub.files.add(pathOf(GREET.main), broken);
    restateRpm(hub, 'greet', { size: 5000 });
    hub.files.remove(pathOf(GREET.libs));
    expect(await indexBuild(build, never)).toEqual(
      incomplete('missing_file', /^2 of 4 RPMs .*, for one: .*-libs-/),
    );
  });

  test('among others: the likeliest to be cured is what the build waits for', async () => {
    const build = addGreet(hub);
    restateRpm(hub, 'greet', { payloadhash: 'f'.repeat(32) });
    const absent = pathOf(GREET.libs);
    hub.files.remove(absent);
    // It comes to light last.
    hub.troubles.order({ path: /libs/ }, { kind: 'delay', milliseconds: 200 });
    expect(await indexBuild(build, never)).toEqual(
      incomplete('missing_file', /^2 of 4 RPMs .*, for one: .*-libs-/),
    );
  });

  test('because the server sends a page of its own in its place, without saying how long it is', async () => {
    const build = addGreet(hub);
    hub.troubles.order({ path: /libs/, times: 1 }, { kind: 'html' });
    expect(await indexBuild(build, never)).toEqual(
      incomplete(
        'hub_protocol',
        /libs.* is not RPM \d+ .*: the server did not tell its size, and .*RPM lead/,
      ),
    );
    expect(await indexBuild(build, never)).toMatchObject({ outcome: 'indexed' });
  });

  test('because its file is not yet whole', async () => {
    const build = addGreet(hub);
    const short = join(temporaryDirectory(), 'short.rpm');
    cpSync(fixtureRpm(GREET.libs), short);
    truncateSync(short, 3000);
    hub.files.add(pathOf(GREET.libs), short);
    expect(await indexBuild(build, never)).toEqual(
      incomplete(
        'hub_protocol',
        /greet-libs\S+ is not RPM 2 \(greet-libs-1\.0\S+\) of Koji's: Koji says \d+ bytes, the file has 3000$/,
      ),
    );
  });

  test.each<[string, Partial<RpmRow>, RegExp]>([
    [
      'another hash',
      { payloadhash: 'f'.repeat(32) },
      /payload hash f{32} in Koji, [0-9a-f]{32} in the file$/,
    ],
    ['another size', { size: 5 }, /Koji says 5 bytes, the file has \d+$/],
  ])('because Koji says that it has %s', async (_name, lie, message) => {
    const build = addGreet(hub);
    restateRpm(hub, 'greet-libs', lie);
    expect(await indexBuild(build, never)).toEqual(incomplete('hub_protocol', message));
    expect(await matchesOf(GREET.libs)).toEqual([]);
    expect(await matchesOf(GREET.main)).not.toEqual([]);
  });

  test('because another RPM lies in its place', async () => {
    const build = addGreet(hub);
    const other = fixtureRpm('payload-zstd-1.0-1.fc40.x86_64');
    hub.files.add(pathOf(GREET.libs), other);
    const { size, payloadhash } = readRpmFacts(other);
    restateRpm(hub, 'greet-libs', { size, payloadhash });
    expect(await indexBuild(build, never)).toEqual(
      incomplete('hub_protocol', /: name greet-libs in Koji, payload-zstd in the file$/),
    );
  });
});

describe('what ends all of it', () => {
  test('a hub that cannot be asked: nothing is written', async () => {
    const build = addGreet(hub);
    hub.troubles.order({ method: 'multiCall' }, { kind: 'reset' });
    await expect(indexBuild(build, never)).rejects.toMatchObject({ code: 'network' });
    expect(await index.getBuild(INSTANCE, build)).toBeNull();
  });

  test('the program is stopping: nothing is written', async () => {
    const build = addGreet(hub);
    hub.troubles.order({ path: /libs/ }, { kind: 'hang' });
    const controller = new AbortController();
    const looking = indexBuild(build, controller.signal);
    setTimeout(() => {
      controller.abort();
    }, 200);
    await expect(looking).rejects.toMatchObject({ code: 'stopped' });
    expect(await index.getBuild(INSTANCE, build)).toBeNull();
  });

  test('a store that fails', async () => {
    const build = addGreet(hub);
    const store = openTestStore();
    await store.close();
    await expect(indexBuildOf(hub, store.index)(build, never)).rejects.toMatchObject({
      message: expect.stringMatching(/connection is not open/),
    });
  });
});
