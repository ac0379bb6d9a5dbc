import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Config, KojiConfig } from './config/types.ts';
import { HttpRpmSource } from './indexer/http-rpm-source.ts';
import { type IndexBuild, createIndexBuild } from './indexer/index-build.ts';
import { FileRpmSource, statFile } from './indexer/rpm-source.ts';
import type { FindFile } from './indexer/signed-copies.ts';
import type { RpmSource } from './indexer/types.ts';
import type { RetryPolicy } from './koji/http-retry.ts';
import { KojiHttp } from './koji/http.ts';
import { KojiHubClient } from './koji/hub-client.ts';
import type { KojiHub } from './koji/hub.ts';
import { localHosts } from './koji/local-addresses.ts';
import { publishedUrl } from './koji/paths.ts';
import { type Log, withFields } from './log.ts';
import type { IndexStore } from './store/types.ts';
import { VERSION } from './version.ts';

/** Who runs this, for whoever runs a Koji and wonders what asks it so much; sent with every request. */
const CONTACT = `${userName()}@${hostname()}`;

/** Connections to configured Kojis, for as long as a program needs them. */
export interface Kojis {
  readonly hubs: ReadonlyMap<string, KojiHub>;
  /** By instance, as a WorkerPool takes them. */
  readonly indexBuilds: ReadonlyMap<string, IndexBuild>;
  /** Milliseconds for which a Koji is not to be asked: it said so, or it failed again and again. */
  readonly restOf: (instance: string) => number;
  /** Closes every connection; what is under way fails. */
  close(): void;
}

export interface KojisOptions {
  readonly index: IndexStore;
  readonly scan: Config['indexer']['scan'];
  readonly log: Log;
}

/** Nothing is asked of a Koji before somebody calls: one that is down does not keep a program from starting. */
export function openKojis(kojis: readonly KojiConfig[], options: KojisOptions): Kojis {
  const opened = kojis.map((koji) => openKoji(koji, options));
  return {
    hubs: new Map(opened.map(({ hub }) => [hub.instance, hub])),
    indexBuilds: new Map(opened.map(({ hub, indexBuild }) => [hub.instance, indexBuild])),
    restOf: (instance) => opened.find(({ hub }) => hub.instance === instance)?.http.rest ?? 0,
    close: () => {
      for (const { http } of opened) http.close();
    },
  };
}

export interface KojiConnection {
  readonly http: KojiHttp;
  readonly hub: KojiHub;
}

/** For programs that ask a Koji and read no builds. Whoever opens it closes `http`. */
export function connectKoji(koji: KojiConfig, retry?: RetryPolicy): KojiConnection {
  const http = new KojiHttp({
    version: VERSION,
    contact: CONTACT,
    maxConnections: koji.maxConnections,
    maxBytesPerSecond: koji.maxBytesPerSecond,
    ...(retry === undefined ? {} : { retry }),
  });
  return {
    http,
    hub: new KojiHubClient({ instance: koji.name, url: koji.hub, http, sigkeys: koji.sigkeys }),
  };
}

/** A mirror is asked twice: there are others. */
const MIRROR_RETRY = { attempts: 2, firstDelay: 500, longestDelay: 5000 };

/**
 * For files of one server that is no Koji's, which `source` is or names: what was configured. Whoever opens it
 * closes it.
 */
export function openMirrorHttp(source: string): KojiHttp {
  const mayBeLocal = localHosts([source]);
  return new KojiHttp({
    ...{ version: VERSION, contact: CONTACT, maxConnections: 1, retry: MIRROR_RETRY },
    mayBeLocal,
  });
}

/** Where the RPMs of a Koji are read, by their paths under its topdir. */
export function rpmOpener({ topdir, topurl }: KojiConfig, http: KojiHttp): (path: string) => RpmSource {
  return (path) =>
    topdir === null
      ? new HttpRpmSource(http, publishedUrl(topurl, path))
      : new FileRpmSource(join(topdir, path));
}

/** Whether a file of a Koji is there, by its path under its topdir. */
function fileFinder({ topdir, topurl }: KojiConfig, http: KojiHttp): FindFile {
  return (path, signal) =>
    topdir === null ? http.headFile(publishedUrl(topurl, path), signal) : statFile(join(topdir, path));
}

function openKoji(koji: KojiConfig, { index, scan, log }: KojisOptions) {
  const { http, hub } = connectKoji(koji);
  const indexBuild = createIndexBuild({
    ...{ hub, openRpm: rpmOpener(koji, http), findFile: fileFinder(koji, http) },
    ...{ index, scan, skipArches: koji.skipArches },
    log: withFields(log, { instance: koji.name }),
  });
  return { http, hub, indexBuild };
}

/** Containers run programs as users that no passwd file knows. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 0}`;
  }
}
