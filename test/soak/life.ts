import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FIXTURES } from '../demo/truth.ts';
import type { StandInHub } from '../support/stand-in-hub/stand-in-hub.ts';
import type { Trouble } from '../support/stand-in-hub/trouble.ts';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** RPMs that builds are made of. */
const RPMS = readdirSync(FIXTURES)
  .filter(
    (name) => /^(?:greet|hardlinks|links-separate|payload-).*\.rpm$/.test(name) && !name.includes('.src.'),
  )
  .map((name) => fileURLToPath(new URL(name, FIXTURES)));

/** Of all requests, one in so many fails, and how. Those that time out are few, as they take a minute each. */
const TROUBLED = 0.1;
const TROUBLES: readonly (readonly [weight: number, Trouble])[] = [
  [30, { kind: 'delay', milliseconds: 100 }],
  [20, { kind: 'reset' }],
  [15, { kind: 'cut' }],
  [15, { kind: 'status', status: 500 }],
  [3, { kind: 'status', status: 503, retryAfter: 1 }],
  [3, { kind: 'truncated' }],
  [3, { kind: 'html' }],
  [0.2, { kind: 'hang' }],
];

/** What a client cannot cure by asking again: the build waits for half a minute, a minute, and so on. */
const LASTING: ReadonlySet<Trouble['kind']> = new Set(['truncated', 'html', 'hang']);

/** `withLasting` makes a soak longer by minutes. */
export function weatherFrom(random: () => number, withLasting: boolean): () => Trouble | null {
  const troubles = TROUBLES.filter(([, { kind }]) => withLasting || !LASTING.has(kind));
  const total = troubles.reduce((sum, [weight]) => sum + weight, 0);
  return () => {
    if (random() >= TROUBLED) return null;
    let left = random() * total;
    return troubles.find(([weight]) => (left -= weight) < 0)?.[1] ?? null;
  };
}

/** A Koji at work: builds come, and what was built is deleted, moved, promoted, rebuilt and added to. */
export class KojiLife {
  /** Of each RPM that Koji ever listed, the file that it was imported from. */
  readonly fileOfRpm = new Map<number, string>();
  readonly done = { built: 0, deleted: 0, moved: 0, promoted: 0, rebuilt: 0, extended: 0, failed: 0 };
  readonly #hub: StandInHub;
  readonly #random: () => number;
  readonly #complete: number[] = [];
  readonly #drafts: number[] = [];

  constructor(hub: StandInHub, random: () => number) {
    this.#hub = hub;
    this.#random = random;
  }

  /** One build more, and now and then a change to an older one. Returns what a hub's plugin would announce. */
  step(): number[] {
    const announced = [this.#build()];
    const [change] = [this.#delete, this.#move, this.#promote, this.#rebuild, this.#extend].slice(
      Math.floor(this.#random() * 5),
    );
    const changed = this.#random() < 0.3 ? change?.call(this) : undefined;
    return changed === undefined ? announced : [...announced, changed];
  }

  #build(): number {
    const { changes } = this.#hub;
    const n = ++this.done.built;
    const isDraft = this.#random() < 0.05;
    const build = { name: `package${n % 100}`, version: '1', release: String(n), draft: isDraft };
    if (this.#random() < 0.03) {
      this.done.failed++;
      return changes.addBuild({ ...build, state: 'FAILED' });
    }
    const id = changes.addBuild(build);
    this.#import(id, 1 + Math.floor(this.#random() * 3));
    (isDraft ? this.#drafts : this.#complete).push(id);
    return id;
  }

  #delete(): number | undefined {
    const id = this.#take(this.#complete);
    if (id === undefined) return undefined;
    this.done.deleted++;
    this.#hub.changes.deleteBuild(id);
    return id;
  }

  #move(): number | undefined {
    const id = this.#complete[Math.floor(this.#random() * this.#complete.length)];
    if (id === undefined) return undefined;
    this.done.moved++;
    this.#hub.changes.moveToVolume(id, this.#random() < 0.5 ? 'DEFAULT' : 'vol2');
    return id;
  }

  #promote(): number | undefined {
    const id = this.#take(this.#drafts);
    if (id === undefined) return undefined;
    this.done.promoted++;
    this.#hub.changes.promoteBuild(id);
    this.#complete.push(id);
    return id;
  }

  #rebuild(): number | undefined {
    const id = this.#complete[Math.floor(this.#random() * this.#complete.length)];
    if (id === undefined) return undefined;
    this.done.rebuilt++;
    this.#hub.changes.resetBuild(id);
    this.#import(id, 2);
    this.#hub.changes.completeBuild(id);
    return id;
  }

  #extend(): number | undefined {
    const id = this.#complete[Math.floor(this.#random() * this.#complete.length)];
    if (id === undefined) return undefined;
    this.done.extended++;
    this.#import(id, 1);
    return id;
  }

  /** RPMs that the build does not have yet: no build has two of one name. */
  #import(id: number, count: number): void {
    const record = this.#hub.data.builds.find(({ getBuild }) => getBuild.id === id);
    const has = new Set(record?.listRPMs.map(({ name, version, arch }) => `${name}-${version}.${arch}`));
    for (let left = count, tries = 0; left > 0 && tries < 20; tries++) {
      const path = RPMS[Math.floor(this.#random() * RPMS.length)] ?? '';
      const [, name = '', version = '', arch = ''] =
        /^(.+)-([^-]+)-[^-]+\.([^.]+)\.rpm$/.exec(basename(path)) ?? [];
      const key = `${name}-${version}.${arch}`;
      if (has.has(key)) continue;
      has.add(key);
      left--;
      for (const rpm of this.#hub.changes.addRpms(id, [path])) this.fileOfRpm.set(rpm, basename(path));
    }
  }

  #take(from: number[]): number | undefined {
    const [taken] = from.splice(Math.floor(this.#random() * from.length), 1);
    return taken;
  }
}
