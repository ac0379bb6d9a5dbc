import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUILD_STATE, type BuildRecord, type KojiData } from '../support/stand-in-hub/koji-data.ts';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { FIXTURES } from './truth.ts';

/** Where Koji publishes a build, under its top directory. */
function directoryOf({ getBuild }: BuildRecord): string {
  const { name, version, release, volume_name: volume } = getBuild;
  return `${volume === 'DEFAULT' ? '' : `vol/${volume}/`}packages/${name}/${version}/${release}`;
}

/** A stand-in for a Koji that has finished the builds of test/fixtures/rpms. */
export class DemoKoji {
  readonly #hub: StandInHub;

  private constructor(hub: StandInHub) {
    this.#hub = hub;
  }

  static async start(): Promise<DemoKoji> {
    const known = JSON.parse(readFileSync(new URL('hub-data.json', FIXTURES), 'utf8')) as Pick<
      KojiData,
      'volumes' | 'tags' | 'builds'
    >;
    const hub = await StandInHub.empty();
    hub.data.volumes = known.volumes;
    hub.data.tags = known.tags;
    hub.data.builds = known.builds;
    for (const build of known.builds) {
      for (const { name, version, release, arch } of build.listRPMs) {
        const file = `${name}-${version}-${release}.${arch}.rpm`;
        hub.files.add(`${directoryOf(build)}/${arch}/${file}`, fileURLToPath(new URL(file, FIXTURES)));
      }
    }
    return new DemoKoji(hub);
  }

  get hubUrl(): string {
    return this.#hub.hubUrl;
  }

  get topUrl(): string {
    return this.#hub.topurl;
  }

  get builds(): { kojiBuildId: number; nvr: string }[] {
    return this.#hub.data.builds.map(({ getBuild }) => ({ kojiBuildId: getBuild.id, nvr: getBuild.nvr }));
  }

  /** As `koji call deleteBuild` does it: the state changes, the files go. Returns the Koji build id. */
  deleteBuild(nvr: string): number {
    const record = this.#hub.data.builds.find(({ getBuild }) => getBuild.nvr === nvr);
    if (record === undefined) throw new Error(`hub-data.json has no build ${nvr}`);
    record.getBuild = { ...record.getBuild, state: BUILD_STATE.DELETED };
    this.#hub.files.removeDirectory(directoryOf(record));
    return record.getBuild.id;
  }

  close(): Promise<void> {
    return this.#hub.close();
  }
}
