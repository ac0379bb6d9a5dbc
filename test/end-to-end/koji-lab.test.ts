import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { openStoreForReading } from '../../daemon/store/sqlite-store.ts';
import { type BatchAnswer, type Match, batchAnswer } from '../../shared/api.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { afterTest } from '../support/after-test.ts';
import { darkserver } from '../support/darkserver.ts';
import { type LabFile, labTruth } from '../support/lab-truth.ts';
import { push, startServing, untilIdle } from '../support/serving.ts';
import { SHARED_DATA, describeWithSharedData } from '../support/shared-data.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const BUILDS = Array.from({ length: 17 }, (_, index) => index + 1);

async function answerOf(url: string, files: readonly LabFile[]): Promise<BatchAnswer['results']> {
  const response = await fetch(`${url}/api/v1/buildids`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ build_ids: files.map(({ buildId }) => buildId) }),
  });
  return batchAnswer.parse(await response.json()).results;
}

function asLabFile(buildId: string, match: Match, topurl: string): LabFile {
  return {
    buildId,
    path: match.path,
    kind: match.kind,
    holder: match.rpm?.nvra ?? match.archive?.filename ?? '',
    holderId: match.rpm?.koji_rpm_id ?? match.archive?.koji_archive_id ?? 0,
    koji_build_id: match.build?.koji_build_id ?? 0,
    published: publishedAt(match.urls.find(({ kind }) => kind === 'koji')?.url ?? '', topurl),
  };
}

function publishedAt(url: string, topurl: string): string {
  return decodeURIComponent(url.slice(topurl.length + 1));
}

function sorted(files: readonly LabFile[]): string[] {
  return files.map((file) => JSON.stringify(file)).sort();
}

describeWithSharedData('the seventeen builds of a recorded Koji, pushed to a fresh daemon', () => {
  test('every build-id of every listed RPM and archive is found, nothing else, and each URL downloads', async () => {
    const hub = await StandInHub.recorded();
    afterTest(() => hub.close());
    hub.files.addDirectory(`${SHARED_DATA}koji-lab/topdir`);
    const database = `${temporaryDirectory()}/darkserver.db`;
    const koji = { DARKSERVER_KOJI_HUB: hub.hubUrl, DARKSERVER_KOJI_TOPURL: hub.topurl };
    const serving = await startServing(['--database', database], koji);

    expect(await push(serving.url, 'fedora', BUILDS)).toBe(202);
    const status = await untilIdle(serving.url);
    const truth = labTruth();
    const results = await answerOf(serving.url, truth);
    const found = Object.entries(results).flatMap(([buildId, { matches }]) =>
      matches.map((match) => asLabFile(buildId, match, hub.topurl)),
    );
    expect(sorted(found)).toEqual(sorted(truth));
    expect(status.files).toBe(truth.length);
    // All but the RPMs of build 15, whose files are gone: they are known, and why they were not read.
    expect(status.queue).toEqual({ queued: 0, running: 0, failed: 1, parked: 0 });

    const urls = Object.values(results).flatMap(({ matches }) => matches.flatMap((match) => match.urls));
    for (const { url, size } of urls) {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      const onDisk = readFileSync(`${SHARED_DATA}koji-lab/topdir/${publishedAt(url, hub.topurl)}`);
      expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(onDisk));
      expect(size).toBe(onDisk.length);
    }

    // Of two RPMs there are signed copies, one on another volume. They go first.
    const signed = hub.files.paths().filter((path) => path.includes('/data/signed/'));
    const offered = urls.filter(({ kind }) => kind === 'koji-signed');
    expect([...new Set(offered.map(({ url }) => publishedAt(url, hub.topurl)))].sort()).toEqual(
      signed.sort(),
    );
    expect(signed).toHaveLength(2);
    for (const { matches } of Object.values(results)) {
      for (const match of matches) {
        const kinds = match.urls.map(({ kind }) => kind);
        expect(kinds).toEqual(kinds.length === 2 ? ['koji-signed', 'koji'] : ['koji']);
      }
    }

    const store = openStoreForReading(database);
    afterTest(() => store.close());
    const stateOf = async (kojiBuildId: number) =>
      (await store.index.getBuild('fedora', kojiBuildId as KojiBuildId))?.state;
    expect(await Promise.all([5, 9, 13, 15].map(stateOf))).toEqual([
      'deleted',
      'failed',
      'failed',
      'complete',
    ]);

    const asked = hub.requests.length;
    const jobs = await darkserver(['--database', database, 'jobs', '--json']);
    expect(JSON.parse(jobs.stdout)).toMatchObject({
      jobs: [{ koji_build_id: 15, state: 'failed', last_error: { code: 'missing_file' } }],
    });
    expect(jobs.stdout).toMatch(/kl-task-[-a-z]*1\.0-2\.x86_64\.rpm: HTTP 404/);
    expect(hub.requests).toHaveLength(asked);
  }, 60_000);
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
