import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openStore } from '../../../daemon/store/sqlite-store.ts';
import type { IndexedRpm, IndexStore, StoredFile, StoredMatch } from '../../../daemon/store/types.ts';
import type { BuildId } from '../../../shared/build-id.ts';
import { BUILD_STATES, type BuildState, type KojiBuildId } from '../../../shared/koji.ts';
import { databasePath, inspect } from '../../support/database-file.ts';
import { indexedRpm, kojiBuild } from '../../support/seed-store.ts';
import { sha1BuildId } from '../../support/sha1-build-id.ts';

/** Few, so that they are shared; and some that are shorter than what is indexed, or begin alike. */
const BUILD_IDS = [
  ...[1, 2, 3, 4].map(sha1BuildId),
  ...['aabb', 'aabbccddeeff', 'aabbccddeeff01', 'aabbccddeeff02'].map((hex) => hex as BuildId),
];
const LOCAL = {
  name: 'l',
  epoch: null,
  version: '1',
  release: '1',
  arch: 'noarch',
  size: 1,
  payloadHash: null,
  buildTime: null,
  contentSize: null,
};

type Step =
  | { readonly build: number; readonly state: BuildState; readonly rpms: readonly IndexedRpm[] | null }
  | { readonly gone: number }
  | { readonly local: string; readonly files: readonly StoredFile[] };

interface ModelRpm {
  readonly build: number | null;
  readonly superseded: boolean;
  readonly files: readonly StoredFile[];
}

/** The store's promises in the plainest form. */
class Model {
  readonly builds = new Map<number, BuildState>();
  readonly rpms = new Map<string, ModelRpm>();

  apply(step: Step): void {
    if ('local' in step) this.rpms.set(step.local, { build: null, superseded: false, files: step.files });
    else if ('gone' in step) {
      if (this.builds.has(step.gone)) this.builds.set(step.gone, 'deleted');
    } else {
      this.builds.set(step.build, step.state);
      if (step.rpms !== null) this.#replace(step.build, step.rpms);
    }
  }

  #replace(build: number, rpms: readonly IndexedRpm[]): void {
    for (const [key, rpm] of this.rpms)
      if (rpm.build === build) this.rpms.set(key, { ...rpm, superseded: true });
    for (const { kojiRpmId, files } of rpms) {
      const before = this.rpms.get(String(kojiRpmId))?.files ?? [];
      const now = files === 'keep' || 'error' in files ? before : files;
      this.rpms.set(String(kojiRpmId), { build, superseded: false, files: now });
    }
  }

  rows(): string[] {
    return [...this.rpms].flatMap(([key, { build, superseded, files }]) =>
      files.map((file) => row(file, key, superseded, build === null ? undefined : this.builds.get(build))),
    );
  }
}

function row(file: StoredFile, rpm: string, superseded: boolean, state: BuildState | undefined): string {
  const { buildId, path, kind, evidence } = file;
  return [buildId, path, kind, evidence, rpm, superseded, state].join(' ');
}

function rowOf({ file, rpm }: StoredMatch): string {
  return row(file, String(rpm?.localPath ?? rpm?.kojiRpmId), rpm?.superseded ?? false, rpm?.build?.state);
}

async function apply(index: IndexStore, step: Step): Promise<void> {
  if ('local' in step) await index.replaceLocalRpms([{ path: step.local, facts: LOCAL, files: step.files }]);
  else if ('gone' in step) await index.markBuildGone('fedora', step.gone as KojiBuildId);
  else await index.replaceBuild('fedora', kojiBuild(step.build, { state: step.state }), step.rpms);
}

const files = fc.array(
  fc.record<StoredFile>({
    path: fc.constantFrom('/usr/bin/a', '/usr/bin/b', '/usr/lib/a', '/a', 'a', '/usr/bin/a/b', '//'),
    buildId: fc.constantFrom(...BUILD_IDS),
    kind: fc.constantFrom('executable', 'debuginfo'),
    evidence: fc.constantFrom('payload', 'file-class', 'link'),
  }),
  { maxLength: 6 },
);

/** What is read of an RPM, in turn: an RPM that was never stored cannot be kept. */
const contents = fc.oneof(
  { weight: 5, arbitrary: files },
  { weight: 1, arbitrary: fc.constant<IndexedRpm['files']>({ error: 'format', message: 'broken' }) },
);

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        build: fc.integer({ min: 1, max: 3 }),
        state: fc.constantFrom(...BUILD_STATES),
        contents: fc.option(fc.dictionary(fc.constantFrom('1', '2', '3'), contents)),
        keep: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ gone: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ local: fc.constantFrom('/srv/a.rpm', '/srv/b.rpm'), files }) },
  ),
  { maxLength: 25 },
);

type Drawn = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Koji's numbers for what was drawn: RPM 2 of build 3 is 32. "keep" is for all that is known by then. */
function stepOf(drawn: Drawn, model: Model): Step {
  if (!('build' in drawn)) return drawn;
  const rpms = Object.entries(drawn.contents ?? {}).map(([number, content]) => {
    const kojiRpmId = drawn.build * 10 + Number(number);
    const keep = drawn.keep && model.rpms.has(String(kojiRpmId));
    return indexedRpm(kojiRpmId, { files: keep ? 'keep' : content });
  });
  return { build: drawn.build, state: drawn.state, rpms: drawn.contents === null ? null : rpms };
}

test('whatever is stored in whatever order, the answers are those of a model, and the totals are right', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const store = openStore(':memory:');
      const model = new Model();
      for (const drawn of all) {
        const step = stepOf(drawn, model);
        model.apply(step);
        await apply(store.index, step);

        const found = await store.index.findByBuildIds(BUILD_IDS);
        const rows = [...found.values()].flat().map(rowOf).sort();
        expect(rows).toEqual(model.rows().sort());
        expect(await store.index.counts()).toMatchObject({
          builds: model.builds.size,
          rpms: model.rpms.size,
          files: rows.length,
          buildIds: found.size,
        });
        const byNvra = [
          ...(await store.index.findByNvra(LOCAL)),
          ...(await store.index.findByNvra(indexedRpm(1, { files: [] }))),
        ];
        expect(byNvra.map(rowOf).sort()).toEqual(rows);
      }
      await store.close();
    }),
    { numRuns: 150, seed: 20240607 },
  );
});

test('the totals are what counting gives', async () => {
  const path = databasePath();
  const store = openStore(path);
  for (let round = 0; round < 20; round++) {
    const rpms = [1, 2, 3].map((number) => {
      const length = (round * number * 7) % 11;
      const buildIds = Array.from({ length }, (_, i) => sha1BuildId((i * round) % 13));
      return indexedRpm(number, {
        files: buildIds.map((buildId, i) => ({
          path: `/${i}`,
          buildId,
          kind: 'executable',
          evidence: 'link',
        })),
      });
    });
    await store.index.replaceBuild('fedora', kojiBuild((round % 5) + 1, {}), rpms);
  }
  const { databaseBytes, ...counts } = await store.index.counts();
  expect(databaseBytes).toBeGreaterThan(4096);
  await store.close();
  const counted = inspect(path, (db) =>
    db
      .prepare(
        `SELECT (SELECT count(*) FROM build) AS builds, (SELECT count(*) FROM rpm) AS rpms,
           (SELECT count(*) FROM file) AS files, (SELECT count(DISTINCT build_id) FROM file) AS buildIds`,
      )
      .get(),
  );
  expect(counts).toEqual(counted);
  expect(inspect(path, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
});
