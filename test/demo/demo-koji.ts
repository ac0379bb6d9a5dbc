import { fileURLToPath } from 'node:url';
import { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import { FIXTURES } from './truth.ts';

/** A stand-in for a Koji that has finished the builds of test/fixtures/rpms. */
export class DemoKoji {
  readonly #hub: StandInHub;

  private constructor(hub: StandInHub) {
    this.#hub = hub;
  }

  static async start(): Promise<DemoKoji> {
    const hub = await StandInHub.of(new URL('hub-data.json', FIXTURES));
    hub.changes.publishRpms(fileURLToPath(FIXTURES));
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

  /** The state changes, the files go. Returns the Koji build id. */
  deleteBuild(nvr: string): number {
    const build = this.builds.find((each) => each.nvr === nvr);
    if (build === undefined) throw new Error(`hub-data.json has no build ${nvr}`);
    this.#hub.changes.deleteBuild(build.kojiBuildId);
    return build.kojiBuildId;
  }

  close(): Promise<void> {
    return this.#hub.close();
  }
}
