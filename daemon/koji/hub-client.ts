import { DarkserverError } from '../../shared/errors.ts';
import type { KojiArchive, KojiBuild, KojiBuildId } from '../../shared/koji.ts';
import { parseNvr } from '../../shared/nvr.ts';
import { callsForPlaces, decodeTars, listArchives, placeArchives } from './archives.ts';
import { HubFault, decodeAnswer, decodeMultiCall, encodeCall, multiCall } from './codec.ts';
import type { Call, XmlRpcArgument, XmlRpcValue } from './codec.ts';
import { decodeBuild, decodeBuilds, decodeRpms, decodeTagged, decodeText } from './decode.ts';
import type { KojiHttp } from './http.ts';
import {
  asAskedFor,
  countBuildsCall,
  decodeAdditions,
  decodeCount,
  decodeOutline,
  decodeVolumes,
  newestCall,
  outlineCalls,
} from './comparison.ts';
import type {
  Addition,
  AdditionKind,
  BuildOutline,
  BuildQuery,
  CountQuery,
  KojiBuildContent,
  KojiHub,
  KojiVolume,
} from './hub.ts';

/** Bytes of an answer: 40,000 RPMs of one build, some 1,400 bytes of XML each. */
const MAX_ANSWER = 64 * 1024 * 1024;
/** listTagged knows no pages; the largest tags of public Kojis hold tens of thousands of builds. */
const MAX_TAGGED = 256 * 1024 * 1024;
/** Builds asked for one by one in a request. */
const BATCH = 100;
/** Builds of a page of listBuilds: 2,400 bytes of XML each. */
const PAGE = 200;
/** Pages of a listing, newest first, that may bring nothing new before the hub is not believed any more. */
const MAX_FRUITLESS = 100;

export interface KojiHubClientOptions {
  /** The instance's name in the configuration. */
  readonly instance: string;
  /** URL of the XML-RPC endpoint. */
  readonly url: string;
  readonly http: KojiHttp;
}

/** A Koji hub over XML-RPC. Everything asked is a read, so everything may be asked again. */
export class KojiHubClient implements KojiHub {
  readonly instance: string;
  readonly #url: string;
  readonly #http: KojiHttp;

  constructor(options: KojiHubClientOptions) {
    this.instance = options.instance;
    this.#url = options.url;
    this.#http = options.http;
  }

  async getVersion(signal?: AbortSignal): Promise<string> {
    const call: Call = { method: 'getKojiVersion', params: [] };
    return decodeText(await this.#call(call, signal), this.#what(call));
  }

  async getBuild(build: KojiBuildId | string, signal?: AbortSignal): Promise<KojiBuild | null> {
    // The hub would answer what is no NVR with the fault that it answers anything with.
    if (typeof build === 'string' && parseNvr(build) === null) {
      throw new DarkserverError('bad_input', `"${build.slice(0, 200)}" is not a name-version-release`);
    }
    const call: Call = { method: 'getBuild', params: [build] };
    const found = decodeBuild(await this.#call(call, signal), this.#what(call));
    return typeof build === 'string' ? found : asAskedFor(found, build, this.#what(call));
  }

  async getBuilds(kojiBuildIds: readonly KojiBuildId[], signal?: AbortSignal): Promise<(KojiBuild | null)[]> {
    const builds: (KojiBuild | null)[] = [];
    for (let at = 0; at < kojiBuildIds.length; at += BATCH) {
      const batch = kojiBuildIds.slice(at, at + BATCH);
      const calls = batch.map((kojiBuildId): Call => ({ method: 'getBuild', params: [kojiBuildId] }));
      const answers = await this.#callAll(calls, signal);
      for (const [index, kojiBuildId] of batch.entries()) {
        const what = this.#what({ method: 'getBuild' });
        builds.push(asAskedFor(decodeBuild(answers[index] ?? null, what), kojiBuildId, what));
      }
    }
    return builds;
  }

  async getBuildContent(kojiBuildId: KojiBuildId, signal?: AbortSignal): Promise<KojiBuildContent | null> {
    const getBuild: Call = { method: 'getBuild', params: [kojiBuildId] };
    const listRpms: Call = { method: 'listRPMs', params: [], keywords: { buildID: kojiBuildId } };
    const calls = [getBuild, listRpms, listArchives(kojiBuildId)];
    const [first = null, second = null, third = null] = await this.#callAll(calls, signal);
    const what = this.#what(getBuild);
    const build = asAskedFor(decodeBuild(first, what), kojiBuildId, what);
    if (build === null) return null;
    const rpms = decodeRpms(second, kojiBuildId, this.#what(listRpms));
    // Of all others nothing is read, and where it lay is not worth a request.
    const archives = build.state === 'complete' ? await this.#archives(kojiBuildId, third, signal) : [];
    return { build, rpms, archives };
  }

  listBuilds(query: BuildQuery, signal?: AbortSignal): AsyncIterable<KojiBuild[]> {
    const filter: Record<string, XmlRpcArgument> = {};
    if (query.packageName !== undefined) filter['packageID'] = query.packageName;
    if (query.completedAfter !== undefined) filter['completeAfter'] = query.completedAfter;
    if (query.completedBefore !== undefined) filter['completeBefore'] = query.completedBefore;
    const after = query.afterKojiBuildId ?? 0;
    return Object.keys(filter).length === 0
      ? this.#everyBuild(after, signal)
      : this.#filteredBuilds(filter, after, signal);
  }

  async listTagged(tag: string, signal?: AbortSignal): Promise<KojiBuildId[]> {
    const call: Call = { method: 'listTagged', params: [tag] };
    try {
      return decodeTagged(await this.#call(call, signal, MAX_TAGGED), this.#what(call));
    } catch (error) {
      if (!(error instanceof HubFault) || !error.faultString.startsWith('No such tag')) throw error;
      throw new DarkserverError('not_found', `Koji "${this.instance}" has no tag "${tag}"`, { cause: error });
    }
  }

  async lastKojiBuildId(signal?: AbortSignal): Promise<number> {
    const [last] = await this.#page({}, { order: '-build_id', limit: 1 }, signal);
    return last?.kojiBuildId ?? 0;
  }

  async countBuilds(queries: readonly CountQuery[], signal?: AbortSignal): Promise<number[]> {
    const calls = queries.map(countBuildsCall);
    const answers = await this.#callAll(calls, signal);
    return answers.map((answer) => decodeCount(answer, this.#what({ method: 'listBuilds' })));
  }

  async listVolumes(signal?: AbortSignal): Promise<KojiVolume[]> {
    const call: Call = { method: 'listVolumes', params: [] };
    return decodeVolumes(await this.#call(call, signal), this.#what(call));
  }

  async getOutlines(kojiBuildIds: readonly KojiBuildId[], signal?: AbortSignal): Promise<BuildOutline[]> {
    const outlines: BuildOutline[] = [];
    for (let at = 0; at < kojiBuildIds.length; at += BATCH) {
      const batch = kojiBuildIds.slice(at, at + BATCH);
      const calls = batch.map(outlineCalls);
      const answers = await this.#callAll(calls.flat(), signal);
      for (const [index, kojiBuildId] of batch.entries()) {
        const own = answers.splice(0, calls[index]?.length);
        outlines.push(decodeOutline(own, kojiBuildId, (method) => this.#what({ method })));
      }
    }
    return outlines;
  }

  async lastAddedId(kind: AdditionKind, signal?: AbortSignal): Promise<number> {
    const [newest] = await this.#newest(kind, { limit: 1, offset: 0 }, signal);
    return newest?.addedId ?? 0;
  }

  /**
   * Pages overlap by one row, as those of #filteredBuilds do: rows that come meanwhile move all others
   * down, and are left to the next listing; where rows have gone, the listing steps back until it joins.
   */
  async *listAdditions(
    kind: AdditionKind,
    afterId: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Addition[]> {
    let joint = Infinity;
    let fruitless = 0;
    for (let offset = 0; fruitless < MAX_FRUITLESS;) {
      const page = await this.#newest(kind, { limit: PAGE, offset }, signal);
      const [first] = page;
      if (offset > 0 && (first === undefined || first.addedId < joint)) {
        offset = Math.max(0, offset - PAGE);
        fruitless++;
        continue;
      }
      const fresh = page.filter(({ addedId }) => addedId < joint && addedId > afterId);
      if (fresh.length > 0) yield fresh;
      const last = page.at(-1)?.addedId ?? 0;
      if (page.length < PAGE || last <= afterId) return;
      if (last >= joint) fruitless++;
      joint = Math.min(joint, last);
      offset += PAGE - 1;
    }
    const what = this.#what(newestCall(kind, { limit: PAGE, offset: 0 }));
    throw new DarkserverError('hub_protocol', `${what}: the pages of the newest do not join`);
  }

  /**
   * Koji's list of builds knows no "id greater than", and skipping the first two million rows of it is
   * work for the hub on every page. Ids are given out one after another, so they are asked for by number.
   */
  async *#everyBuild(after: number, signal?: AbortSignal): AsyncGenerator<KojiBuild[]> {
    const last = await this.lastKojiBuildId(signal);
    for (let from = after + 1; from <= last; from += BATCH) {
      const count = Math.min(BATCH, last - from + 1);
      const ids = Array.from({ length: count }, (_, index) => (from + index) as KojiBuildId);
      const page = (await this.getBuilds(ids, signal)).filter((build) => build !== null);
      if (page.length > 0) yield page;
    }
  }

  /**
   * Pages by offset overlap by one build: when the next page does not begin with one that was seen,
   * builds have left the list meanwhile (a rebuild has no completion time) and all others moved up, so
   * the listing steps back until it joins.
   */
  async *#filteredBuilds(
    filter: Record<string, XmlRpcArgument>,
    after: number,
    signal?: AbortSignal,
  ): AsyncGenerator<KojiBuild[]> {
    let seen: number = after;
    let joint = 0;
    let stepsBack = 0;
    for (let offset = 0; ;) {
      const page = await this.#page(filter, { order: 'build_id', limit: PAGE, offset }, signal);
      const [first] = page;
      if (offset > 0 && (first === undefined || first.kojiBuildId > joint)) {
        offset = Math.max(0, offset - PAGE);
        stepsBack++;
        continue;
      }
      const last = page.at(-1)?.kojiBuildId ?? 0;
      if (page.length === PAGE && last <= joint && stepsBack-- <= 0) {
        const what = this.#what({ method: 'listBuilds' });
        throw new DarkserverError('hub_protocol', `${what}: offset ${offset} answers what was seen before`);
      }
      const fresh = page.filter((build) => build.kojiBuildId > seen);
      if (fresh.length > 0) yield fresh;
      seen = Math.max(seen, last);
      joint = Math.max(joint, last);
      if (page.length < PAGE) return;
      offset += PAGE - 1;
    }
  }

  async #page(
    filter: Record<string, XmlRpcArgument>,
    queryOpts: { order: string; limit: number; offset?: number },
    signal?: AbortSignal,
  ): Promise<KojiBuild[]> {
    const call: Call = {
      method: 'listBuilds',
      params: [],
      keywords: { ...filter, queryOpts: { ...queryOpts } },
    };
    const what = this.#what(call);
    const page = decodeBuilds(await this.#call(call, signal), what);
    const inOrder = page.every(
      (build, at) => at === 0 || build.kojiBuildId > (page[at - 1]?.kojiBuildId ?? 0),
    );
    if (inOrder && page.length <= queryOpts.limit) return page;
    throw new DarkserverError(
      'hub_protocol',
      `${what}: not at most ${queryOpts.limit} builds in order of their ids`,
    );
  }

  async #newest(
    kind: AdditionKind,
    page: { limit: number; offset: number },
    signal?: AbortSignal,
  ): Promise<Addition[]> {
    const call = newestCall(kind, page);
    return decodeAdditions(kind, await this.#call(call, signal), page.limit, this.#what(call));
  }

  async #archives(
    kojiBuildId: KojiBuildId,
    answer: XmlRpcValue,
    signal?: AbortSignal,
  ): Promise<KojiArchive[]> {
    const what = this.#what(listArchives(kojiBuildId));
    const tars = decodeTars(answer, kojiBuildId, what);
    const calls = callsForPlaces(tars, kojiBuildId);
    const places = calls.length === 0 ? [] : await this.#callAll(calls, signal);
    return placeArchives(tars, places, what);
  }

  #what({ method }: { readonly method: string }): string {
    return `${method} at ${this.#url}`;
  }

  async #callAll(calls: readonly Call[], signal?: AbortSignal): Promise<XmlRpcValue[]> {
    const call = multiCall(calls);
    return decodeMultiCall(await this.#call(call, signal), calls, this.#what(call));
  }

  async #call(call: Call, signal?: AbortSignal, maxBytes = MAX_ANSWER): Promise<XmlRpcValue> {
    const bytes = await this.#http.postXml(this.#url, encodeCall(call), maxBytes, signal, call.method);
    return decodeAnswer(bytes, this.#what(call));
  }
}
