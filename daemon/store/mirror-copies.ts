import type * as Crypto from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import type { Nvra } from '../../shared/nvr.ts';
import type { Instances } from './instances.ts';
import { mirrorUrl } from './mirror-url.ts';
import type { Database } from './open.ts';
import type { MatchedRpm, MirrorCopy } from './repository-types.ts';

const NEVRA_BYTES = 12;

/** Loaded for the first copy that is looked for: it takes a tenth of the time of a command that looks for none. */
let crypto: typeof Crypto | undefined;

type CopyRow = [
  repository: string,
  base_url: string,
  last_seen: number,
  href: string,
  size: number,
  content_size: number | null,
  build_time: number | null,
];

/** Finds copies of RPMs among the packages of repositories: RepositoryStore.copiesOf. */
export class MirrorCopies {
  readonly #instances: Instances;
  readonly #selectCopies: Statement<[number, Buffer], CopyRow>;
  readonly #hasPackages: Statement<[number], number>;

  constructor(db: Database, instances: Instances) {
    this.#instances = instances;
    this.#selectCopies = db
      .prepare<[number, Buffer], CopyRow>(
        `SELECT name, base_url, last_seen, href, size, content_size, build_time
         FROM repository CROSS JOIN repository_package USING (generation_key)
         WHERE instance_key = ? AND nevra = ? ORDER BY place`,
      )
      .raw();
    this.#hasPackages = db
      .prepare<[number], number>('SELECT 1 FROM repository WHERE instance_key = ? AND packages > 0 LIMIT 1')
      .pluck();
  }

  copiesOf<Rpm extends MatchedRpm>(rpms: readonly Rpm[]): Map<Rpm, MirrorCopy[]> {
    const copies = new Map<Rpm, MirrorCopy[]>();
    const withPackages = new Map<string, number | null>();
    for (const rpm of rpms) {
      if (rpm.build === null) continue;
      const { instance } = rpm.build;
      let instanceKey = withPackages.get(instance);
      if (instanceKey === undefined) {
        instanceKey = this.#withPackages(instance);
        withPackages.set(instance, instanceKey);
      }
      if (instanceKey === null) continue;
      const found = this.#copiesOf(rpm, instanceKey);
      if (found.length > 0) copies.set(rpm, found);
    }
    return copies;
  }

  #withPackages(instance: string): number | null {
    const instanceKey = this.#instances.find(instance);
    if (instanceKey === null) return null;
    return this.#hasPackages.get(instanceKey) === undefined ? null : instanceKey;
  }

  #copiesOf(rpm: MatchedRpm, instanceKey: number): MirrorCopy[] {
    const nvra = asListed(rpm);
    const key = nevraKey({ ...nvra, epoch: rpm.epoch ?? 0 });
    return this.#selectCopies.all(instanceKey, key).flatMap((row) => {
      const [repository, baseUrl, lastSeen, href, size, contentSize, buildTime] = row;
      if (!mayAgree(contentSize, rpm.contentSize) || !mayAgree(buildTime, rpm.buildTime)) return [];
      return [{ repository, url: mirrorUrl(baseUrl, href, nvra), size, lastSeen }];
    });
  }
}

/** repodata calls every source package "src". */
function asListed({ name, version, release, arch }: Nvra): Nvra {
  return { name, version, release, arch: arch === 'nosrc' ? 'src' : arch };
}

/** By what packages are found: see repository_package.nevra. */
export function nevraKey({ name, epoch, version, release, arch }: Nvra & { readonly epoch: number }): Buffer {
  crypto ??= process.getBuiltinModule('node:crypto');
  return crypto
    .hash('sha256', [name, epoch, version, release, arch].join('\0'), 'buffer')
    .subarray(0, NEVRA_BYTES);
}

/** What one side does not know speaks neither for nor against. */
function mayAgree(one: number | null, other: number | null): boolean {
  return one === null || other === null || one === other;
}
