import type { Config, KojiConfig } from '../config/types.ts';
import { FileRpmSource } from '../indexer/rpm-source.ts';
import type { RpmSource } from '../indexer/types.ts';
import type { KojiHttp } from '../koji/http.ts';
import { rpmPath } from '../koji/paths.ts';
import { connectKoji, rpmOpener } from '../kojis.ts';
import type { StoredRpm } from '../store/types.ts';

/**
 * gone: Koji has deleted it, or lists it no more, and its file with it.
 * passed_over: there is nothing to compare. It was not read when it was indexed, because that failed or because
 * its architecture is in skip_arches, or its Koji is no longer in the configuration.
 */
export type WhyNotRead = 'gone' | 'passed_over';

/** Where the RPMs of the index can be read, without asking any hub. */
export class VerifySources {
  readonly #kojis: ReadonlyMap<string, KojiConfig>;
  readonly #openers = new Map<string, (path: string) => RpmSource>();
  readonly #connections: KojiHttp[] = [];

  constructor(kojis: Config['koji']) {
    this.#kojis = new Map(kojis.map((koji) => [koji.name, koji]));
  }

  sourceOf(rpm: StoredRpm): RpmSource | WhyNotRead {
    const { build, localPath } = rpm;
    if (rpm.error !== null) return 'passed_over';
    if (localPath !== null) return new FileRpmSource(localPath);
    if (build?.state !== 'complete' || rpm.superseded) return 'gone';
    const koji = this.#kojis.get(build.instance);
    if (koji === undefined || koji.skipArches.includes(rpm.arch)) return 'passed_over';
    return this.#openerOf(koji)(rpmPath(build, rpm));
  }

  close(): void {
    for (const http of this.#connections) http.close();
  }

  #openerOf(koji: KojiConfig): (path: string) => RpmSource {
    const known = this.#openers.get(koji.name);
    if (known !== undefined) return known;
    const { http } = connectKoji(koji);
    this.#connections.push(http);
    const opener = rpmOpener(koji, http);
    this.#openers.set(koji.name, opener);
    return opener;
  }
}
