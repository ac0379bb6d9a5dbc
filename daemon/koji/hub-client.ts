import { DarkserverError } from '../../shared/errors.ts';
import type { KojiArchive, KojiBuild, KojiBuildId, KojiRpmId } from '../../shared/koji.ts';
import { parseNvr } from '../../shared/nvr.ts';
import { callsForPlaces, decodeTars, listArchives, placeArchives } from './archives.ts';
import { HubFault, decodeAnswer, decodeMultiCall, encodeCall, multiCall } from './codec.ts';
import type { Call, XmlRpcArgument, XmlRpcValue } from './codec.ts';
import {
  decodeBuild,
  decodeBuildOfRpm,
  decodeBuilds,
  decodeRpms,
  decodeTagged,
  decodeText,
} from './decode.ts';
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
  KojiSignature,
  KojiVolume,
} from './hub.ts';
import { everyBuild, filteredBuilds, newestFirst } from './listings.ts';
import {
  decodeNewestSignatures,
  decodeSignatures,
  keysThatCount,
  newestSignaturesCall,
  signaturesCall,
} from './signatures.ts';

/** Bytes of an answer: 40,000 RPMs of one build, some 1,400 bytes of XML each. */
const MAX_ANSWER = 64 * 1024 * 1024;
/** listTagged knows no pages; the largest tags of public Kojis hold tens of thousands of builds. */
const MAX_TAGGED = 256 * 1024 * 1024;
/** Builds asked for one by one in a request. */
const BATCH = 100;
/** Builds of a page of listBuilds: 2,400 bytes of XML each. */
const PAGE = 200;
/** RPMs asked about one by one in a request: a look-up by key each, some 600 bytes of XML. */
const RPM_BATCH = 500;

export interface KojiHubClientOptions {
  /** The instance's name in the configuration. */
  readonly instance: string;
  /** URL of the XML-RPC endpoint. */
  readonly url: string;
  readonly http: KojiHttp;
  /** Ids of the keys whose signatures count, best first; none or left out: all do. */
  readonly sigkeys?: readonly string[];
}

/** A Koji hub over XML-RPC. Everything asked is a read, so everything may be asked again. */
export class KojiHubClient implements KojiHub {
  readonly instance: string;
  readonly #url: string;
  readonly #http: KojiHttp;
  readonly #sigkeys: readonly string[];

  constructor(options: KojiHubClientOptions) {
    this.instance = options.instance;
    this.#url = options.url;
    this.#http = options.http;
    this.#sigkeys = options.sigkeys ?? [];
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
    if (Object.keys(filter).length > 0) {
      const pageAt = (offset: number) =>
        this.#page(filter, { order: 'build_id', limit: PAGE, offset }, signal);
      return filteredBuilds(pageAt, { after, length: PAGE, what: this.#what({ method: 'listBuilds' }) });
    }
    return everyBuild(
      () => this.lastKojiBuildId(signal),
      (ids) => this.getBuilds(ids, signal),
      { after, length: BATCH },
    );
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

  async getOutlines(
    kojiBuildIds: readonly KojiBuildId[],
    samples: ReadonlyMap<KojiBuildId, KojiRpmId> = new Map(),
    signal?: AbortSignal,
  ): Promise<BuildOutline[]> {
    const outlines: BuildOutline[] = [];
    for (let at = 0; at < kojiBuildIds.length; at += BATCH) {
      const batch = kojiBuildIds.slice(at, at + BATCH);
      const calls = batch.map((kojiBuildId) => outlineCalls(kojiBuildId, samples.get(kojiBuildId)));
      const answers = await this.#callAll(calls.flat(), signal);
      for (const [index, kojiBuildId] of batch.entries()) {
        const own = answers.splice(0, calls[index]?.length);
        const whatOf = (method: string): string => this.#what({ method });
        const outline = decodeOutline(own, kojiBuildId, samples.get(kojiBuildId), whatOf);
        const { sampleSigkeys: keys } = outline;
        outlines.push({ ...outline, sampleSigkeys: keys && keysThatCount(keys, this.#sigkeys) });
      }
    }
    return outlines;
  }

  async getSignatures(
    kojiRpmIds: readonly KojiRpmId[],
    signal?: AbortSignal,
  ): Promise<Map<KojiRpmId, string[]>> {
    const answers = await this.#ofRpms(kojiRpmIds, signaturesCall, decodeSignatures, signal);
    return new Map(answers.map(([id, keys]) => [id, keysThatCount(keys, this.#sigkeys)]));
  }

  async newestSignatures(limit: number, signal?: AbortSignal): Promise<KojiSignature[]> {
    const call = newestSignaturesCall(limit);
    const rows = decodeNewestSignatures(await this.#call(call, signal), limit, this.#what(call));
    return rows.filter(({ sigkey }) => keysThatCount([sigkey], this.#sigkeys).length > 0);
  }

  async buildsOfRpms(
    kojiRpmIds: readonly KojiRpmId[],
    signal?: AbortSignal,
  ): Promise<Map<KojiRpmId, KojiBuildId>> {
    const callOf = (of: KojiRpmId): Call => ({ method: 'getRPM', params: [of] });
    const answers = await this.#ofRpms(kojiRpmIds, callOf, decodeBuildOfRpm, signal);
    return new Map(answers.flatMap(([id, kojiBuildId]) => (kojiBuildId === null ? [] : [[id, kojiBuildId]])));
  }

  async lastAddedId(kind: AdditionKind, signal?: AbortSignal): Promise<number> {
    const [newest] = await this.#newest(kind, { limit: 1, offset: 0 }, signal);
    return newest?.addedId ?? 0;
  }

  listAdditions(kind: AdditionKind, afterId: number, signal?: AbortSignal): AsyncIterable<Addition[]> {
    const what = this.#what(newestCall(kind, { limit: PAGE, offset: 0 }));
    const pageAt = (offset: number) => this.#newest(kind, { limit: PAGE, offset }, signal);
    return newestFirst(pageAt, { afterId, length: PAGE, what });
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

  /** Asks one thing of each of many RPMs. */
  async #ofRpms<T>(
    kojiRpmIds: readonly KojiRpmId[],
    callOf: (of: KojiRpmId) => Call,
    decodeAnswerOf: (answer: XmlRpcValue, of: KojiRpmId, what: string) => T,
    signal?: AbortSignal,
  ): Promise<[KojiRpmId, T][]> {
    const found: [KojiRpmId, T][] = [];
    for (let at = 0; at < kojiRpmIds.length; at += RPM_BATCH) {
      const batch = kojiRpmIds.slice(at, at + RPM_BATCH);
      const calls = batch.map(callOf);
      const answers = await this.#callAll(calls, signal);
      for (const [index, call] of calls.entries()) {
        const of = batch[index];
        if (of !== undefined) found.push([of, decodeAnswerOf(answers[index] ?? null, of, this.#what(call))]);
      }
    }
    return found;
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
