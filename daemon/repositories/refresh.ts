import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DarkserverError } from '../../shared/errors.ts';
import type { RepositoryConfig } from '../config/types.ts';
import type { RepositorySeen, RepositoryState, RepositoryStore } from '../store/repository-types.ts';
import { type Checksum, formatChecksum, matches } from './checksum.ts';
import { urlBelow } from './href.ts';
import type { MirrorList } from './metalink.ts';
import {
  type Http,
  type OpenSource,
  type SmallFile,
  askMirrors,
  fetchSmall,
  findMirrors,
} from './mirrors.ts';
import { readPrimary } from './primary-download.ts';
import { type PrimaryFacts, REPOMD, readRepomd } from './repomd.ts';

/** Bytes of repomd.xml. */
const REPOMD_MAX = 4 * 1024 * 1024;

/** Packages of one repository: the largest have a tenth. A primary of two gigabytes could list twenty million. */
const PACKAGES_MAX = 1_000_000;

/** Milliseconds for one mirror, and for the list of them. More would keep all other repositories waiting. */
const MIRROR_TIME = 900_000;

export interface RefreshParts {
  readonly instance: string;
  readonly store: RepositoryStore;
  readonly openHttp: OpenSource;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What came of it; `skipped` packages could not be used. */
export type Refreshed =
  | { readonly changed: false }
  | { readonly changed: true; readonly packages: number; readonly skipped: number };

/**
 * Brings the packages of one repository up to date: asks its mirrors, one after the other until one works,
 * whether they have changed, and takes them over when all of them were read and verified. Until then, and
 * whatever goes wrong, those that were there stay. Throws `network` and `missing_file` for mirrors that do not
 * answer, `format` for what they answer that is corrupt, truncated or not what was announced, `limit` for what is
 * too large, and what the store throws.
 */
export async function refresh(
  config: Pick<RepositoryConfig, 'name' | 'source'>,
  parts: RefreshParts,
  signal: AbortSignal,
): Promise<Refreshed> {
  const { instance, store } = parts;
  const openHttp = (): Http => parts.openHttp(config.source.url);
  const state = (await store.states(instance)).find(({ name }) => name === config.name);
  if (state === undefined)
    throw new DarkserverError('internal', `repository ${config.name} is not in the store`);
  const list = await inTime(config.source.url, signal, (limited) =>
    findMirrors(config.source, openHttp, limited),
  );
  return askMirrors(lastFirst(list.baseUrls, state), openHttp, (baseUrl, http) =>
    inTime(baseUrl, signal, (limited) => refreshFrom({ baseUrl, http, list, state, signal: limited }, parts)),
  );
}

/** What the first mirror that works says of its packages. Throws as refresh. */
export async function describeRepository(
  { source }: Pick<RepositoryConfig, 'source'>,
  openSource: OpenSource,
  signal: AbortSignal,
): Promise<{ readonly baseUrl: string; readonly mirrors: number; readonly primary: PrimaryFacts }> {
  const openHttp = (): Http => openSource(source.url);
  const list = await findMirrors(source, openHttp, signal);
  return askMirrors(list.baseUrls, openHttp, async (baseUrl, http) => {
    const { bytes } = await fetchSmall(http, baseUrl + REPOMD, { maxBytes: REPOMD_MAX, signal });
    checkRepomd(bytes, baseUrl + REPOMD, list.repomds);
    return { baseUrl, mirrors: list.baseUrls.length, primary: readRepomd(bytes, baseUrl + REPOMD) };
  });
}

interface Attempt {
  readonly baseUrl: string;
  readonly http: Http;
  readonly list: MirrorList;
  readonly state: RepositoryState;
  readonly signal: AbortSignal;
}

async function refreshFrom(attempt: Attempt, parts: RefreshParts): Promise<Refreshed> {
  const { baseUrl, http, list, state, signal } = attempt;
  const { instance, store } = parts;
  const url = baseUrl + REPOMD;
  const at = parts.now();
  const headers = conditionOf(url, list, state);
  const file = await fetchSmall(http, url, { headers, maxBytes: REPOMD_MAX, signal });
  if (file.status === 304 && state.validators !== null) {
    await store.recordSeen(instance, state.name, { at, baseUrl, validators: state.validators });
    return { changed: false };
  }
  checkRepomd(file.bytes, url, list.repomds);
  const facts = readRepomd(file.bytes, url);
  const seen = { at, baseUrl, validators: validatorsOf(url, file) };
  if (formatChecksum(facts.checksum) === state.primaryChecksum) {
    await store.recordSeen(instance, state.name, seen);
    return { changed: false };
  }
  return takeOver(facts, seen, attempt, parts);
}

async function takeOver(
  facts: PrimaryFacts,
  seen: RepositorySeen,
  { http, state, signal }: Attempt,
  { instance, store }: RefreshParts,
): Promise<Refreshed> {
  const url = urlBelow(seen.baseUrl, facts.location);
  const { status, body } = await http.getFile(url, {}, signal);
  const generation = await store.begin();
  try {
    if (status !== 200)
      throw new DarkserverError('network', `${url}: HTTP ${status}, which was not asked for`);
    let packages = 0;
    const { skipped } = await readPrimary({
      ...{ url, facts, body, signal },
      onPackages: async (some) => {
        packages += await store.add(generation, some);
        if (packages > PACKAGES_MAX)
          throw new DarkserverError('limit', `${url}: it lists more than ${PACKAGES_MAX} packages`);
      },
    });
    const primaryChecksum = formatChecksum(facts.checksum);
    await store.takeOver(instance, state.name, { ...seen, generation, packages, primaryChecksum });
    return { changed: true, packages, skipped };
  } finally {
    await body.close();
    await store.abandon(generation);
    await discardAll(store, signal);
  }
}

/** The mirror that worked last knows best what has changed since, and its URLs stay as they were. */
function lastFirst(baseUrls: readonly string[], { validators }: RepositoryState): readonly string[] {
  const last = baseUrls.find((baseUrl) => baseUrl + REPOMD === validators?.url);
  return last === undefined ? baseUrls : [last, ...baseUrls.filter((baseUrl) => baseUrl !== last)];
}

/** "Unchanged" is no answer where the metalink says that there is a newer file: the mirror is behind then. */
function conditionOf(url: string, { repomds }: MirrorList, state: RepositoryState): Record<string, string> {
  const { validators, primaryChecksum } = state;
  if (validators?.url !== url || primaryChecksum === null) return {};
  const isListed = repomds?.some(({ type, hex }) => type === 'sha256' && hex === validators.sha256) ?? true;
  if (!isListed) return {};
  const { etag, lastModified } = validators;
  return {
    ...(etag === null ? {} : { 'If-None-Match': etag }),
    ...(lastModified === null ? {} : { 'If-Modified-Since': lastModified }),
  };
}

function validatorsOf(url: string, { bytes, etag, lastModified }: SmallFile): RepositorySeen['validators'] {
  return { url, etag, lastModified, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function checkRepomd(bytes: Uint8Array, url: string, repomds: readonly Checksum[] | null): void {
  if (repomds?.some((each) => matches(bytes, each)) ?? true) return;
  throw new DarkserverError(
    'format',
    `${url}: it is none that the metalink lists: the mirror is out of date, or the file is damaged`,
  );
}

async function inTime<T>(
  url: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const time = AbortSignal.timeout(MIRROR_TIME);
  try {
    return await run(AbortSignal.any([signal, time]));
  } catch (thrown) {
    if (!time.aborted || signal.aborted) throw thrown;
    throw new DarkserverError('network', `${url}: not done after ${MIRROR_TIME / 60_000} minutes`, {
      cause: thrown,
    });
  }
}

/** Deletes packages that no repository has any more, a few at a time, so that other work comes in between. */
export async function discardAll(store: RepositoryStore, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await store.discard())) await nextTurn();
}
