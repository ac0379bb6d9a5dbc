import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HttpRpmSource } from '../../daemon/indexer/http-rpm-source.ts';
import { createIndexBuild } from '../../daemon/indexer/index-build.ts';
import type { IndexBuild, IndexBuildParts } from '../../daemon/indexer/index-build.ts';
import { FileRpmSource, statFile } from '../../daemon/indexer/rpm-source.ts';
import { KojiHubClient } from '../../daemon/koji/hub-client.ts';
import { publishedUrl } from '../../daemon/koji/paths.ts';
import { silentLog } from '../../daemon/log.ts';
import type { IndexStore } from '../../daemon/store/types.ts';
import type { KojiBuildId } from '../../shared/koji.ts';
import { FIXTURES } from '../demo/truth.ts';
import { openKojiHttp } from './koji-http.ts';
import type { RpmRow } from './stand-in-hub/koji-data.ts';
import type { StandInHub } from './stand-in-hub/stand-in-hub.ts';

export const INSTANCE = 'lab';

/** An IndexBuild as the daemon makes it, of a stand-in hub that is asked with little patience. */
export function indexBuildOf(
  hub: StandInHub,
  index: IndexStore,
  options: Partial<IndexBuildParts> & { readonly topdir?: string } = {},
): IndexBuild {
  const http = openKojiHttp({
    silenceTimeout: 2000,
    retry: { attempts: 2, firstDelay: 1, longestDelay: 1 },
  });
  const { topdir, ...parts } = options;
  return createIndexBuild({
    hub: new KojiHubClient({ instance: INSTANCE, url: hub.hubUrl, http }),
    openRpm: (path) =>
      topdir === undefined
        ? new HttpRpmSource(http, publishedUrl(hub.topurl, path))
        : new FileRpmSource(join(topdir, path)),
    findFile: (path, signal) =>
      topdir === undefined
        ? http.headFile(publishedUrl(hub.topurl, path), signal)
        : statFile(join(topdir, path)),
    index,
    scan: 'auto',
    skipArches: ['src'],
    log: silentLog,
    ...parts,
  });
}

/** A build of the fixtures, imported into the stand-in hub: three RPMs to be read, and a source package. */
export const GREET = {
  main: 'greet-1.0-1.fc40.x86_64',
  libs: 'greet-libs-1.0-1.fc40.x86_64',
  debuginfo: 'greet-debuginfo-1.0-1.fc40.x86_64',
  source: 'greet-1.0-1.fc40.src',
} as const;

export function fixtureRpm(nvra: string): string {
  return fileURLToPath(new URL(`${nvra}.rpm`, FIXTURES));
}

export function addGreet(hub: StandInHub, options: { readonly draft?: boolean } = {}): KojiBuildId {
  const rpms = Object.values(GREET).map(fixtureRpm);
  return hub.changes.addBuild({
    name: 'greet',
    version: '1.0',
    release: '1.fc40',
    rpms,
    ...options,
  }) as KojiBuildId;
}

/** Makes the hub say something else of each RPM with this name. */
export function restateRpm(hub: StandInHub, name: string, change: Partial<RpmRow>): void {
  for (const record of hub.data.builds) {
    record.listRPMs = record.listRPMs.map((rpm) =>
      rpm.name === name ? ({ ...rpm, ...change } as RpmRow) : rpm,
    );
  }
}

/** Names of the files that were asked for since this was called last. */
export function filesRead(hub: StandInHub): string[] {
  const files = hub.requests.filter(({ method }) => method === '');
  hub.requests.splice(0);
  return [...new Set(files.map(({ path }) => basename(path)))].toSorted();
}
