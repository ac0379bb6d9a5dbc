import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

/**
 * Rules that nothing breaks prove nothing: here they are run over small trees, of which one is as it should
 * be and the other breaks each rule once.
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEPCRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

const PACKAGES = ['zod', 'winston', 'better-sqlite3', 'xmlrpc', 'fastify', 'jest'];

/** File → what it imports. */
type Tree = Readonly<Record<string, readonly string[]>>;

const IN_ORDER: Tree = {
  'shared/errors.ts': ['zod'],
  'shared/rpm/header.ts': ['../errors.ts'],
  'client/main.ts': ['../shared/errors.ts'],
  'daemon/log.ts': ['winston'],
  'daemon/version.ts': ['node:fs', '../shared/errors.ts'],
  'daemon/config/types.ts': ['../log.ts', '../indexer/types.ts'],
  'daemon/koji/paths.ts': ['../../shared/errors.ts'],
  'daemon/koji/client.ts': ['xmlrpc', './paths.ts', '../log.ts', '../version.ts', '../config/types.ts'],
  'daemon/store/open.ts': ['better-sqlite3', '../../shared/errors.ts', '../log.ts'],
  'daemon/indexer/types.ts': ['../../shared/errors.ts'],
  'daemon/indexer/scan.ts': ['../koji/client.ts', '../store/open.ts', '../../shared/rpm/header.ts'],
  'daemon/kojis.ts': ['./indexer/scan.ts', './koji/client.ts', './store/open.ts'],
  'daemon/worker.ts': ['../shared/errors.ts', './indexer/scan.ts', './store/open.ts', './worker-pool.ts'],
  'daemon/worker-pool.ts': ['./store/open.ts'],
  'daemon/reconciler.ts': ['./log.ts', './reconciler-round.ts'],
  'daemon/reconciler-round.ts': ['../shared/errors.ts', './koji/client.ts', './store/open.ts'],
  'daemon/repositories/refresh.ts': [
    ...[
      '../../shared/errors.ts',
      '../store/open.ts',
      '../koji/http.ts',
      '../indexer/decompress.ts',
      '../log.ts',
    ],
  ],
  'daemon/koji/http.ts': ['../../shared/errors.ts'],
  'daemon/indexer/decompress.ts': ['../../shared/errors.ts'],
  'daemon/lookup/lookup.ts': ['../store/open.ts', '../koji/paths.ts'],
  'daemon/http/server.ts': ['fastify', '../lookup/lookup.ts', '../store/open.ts', '../indexer/scan.ts'],
  'daemon/daemon.ts': [
    './http/server.ts',
    './indexing.ts',
    './lookup/lookup.ts',
    './koji/client.ts',
    './config/types.ts',
  ],
  'daemon/indexing.ts': [
    './worker.ts',
    './reconciler.ts',
    './repositories/refresh.ts',
    './kojis.ts',
    './store/open.ts',
  ],
  'daemon/systemd/notify.ts': ['../../shared/errors.ts', '../log.ts'],
  'daemon/cli/serve.ts': [
    '../daemon.ts',
    '../systemd/notify.ts',
    '../lookup/lookup.ts',
    '../store/open.ts',
    '../../shared/errors.ts',
  ],
  'daemon/main.ts': ['./cli/serve.ts'],
};

/** One file for each rule, beside the tree that is in order: [rule, file, what it must not import]. */
const OFFENCES: readonly (readonly [rule: string, file: string, imported: string])[] = [
  ['shared', 'shared/to-daemon.ts', '../daemon/log.ts'],
  ['shared', 'shared/to-client.ts', '../client/main.ts'],
  ['shared-is-pure', 'shared/reads-files.ts', 'node:fs'],
  ['shared-is-pure', 'shared/logs.ts', 'winston'],
  ['client', 'client/to-daemon.ts', '../daemon/version.ts'],
  ['daemon/log', 'daemon/log-upward.ts', './config/types.ts'],
  ['daemon/version', 'daemon/version-upward.ts', './log.ts'],
  ['daemon/config', 'daemon/config/to-store.ts', '../store/open.ts'],
  ['daemon/koji', 'daemon/koji/to-store.ts', '../store/open.ts'],
  ['daemon/koji', 'daemon/koji/to-config.ts', '../config/load.ts'],
  ['daemon/store', 'daemon/store/to-koji.ts', '../koji/paths.ts'],
  ['daemon/indexer', 'daemon/indexer/to-http.ts', '../http/server.ts'],
  ['daemon/indexer', 'daemon/indexer/to-worker.ts', '../worker.ts'],
  ['daemon/kojis', 'daemon/kojis-to-worker.ts', './worker.ts'],
  ['daemon/worker', 'daemon/worker-to-koji.ts', './koji/client.ts'],
  ['daemon/reconciler', 'daemon/reconciler-to-worker.ts', './worker.ts'],
  ['daemon/reconciler', 'daemon/reconciler-to-indexer.ts', './indexer/scan.ts'],
  ['daemon/repositories', 'daemon/repositories/to-hub.ts', '../koji/client.ts'],
  ['daemon/repositories', 'daemon/repositories/to-indexer.ts', '../indexer/scan.ts'],
  ['daemon/lookup', 'daemon/lookup-to-hub.ts', './koji/client.ts'],
  ['daemon/lookup', 'daemon/lookup-to-indexer.ts', './indexer/scan.ts'],
  ['daemon/http', 'daemon/http/to-koji.ts', '../koji/client.ts'],
  ['daemon/http', 'daemon/http/to-worker.ts', '../worker.ts'],
  ['daemon/indexing', 'daemon/indexing-to-http.ts', './http/server.ts'],
  ['daemon/daemon', 'daemon/daemon-to-cli.ts', './cli/serve.ts'],
  ['daemon/systemd', 'daemon/systemd/to-daemon.ts', '../daemon.ts'],
  ['daemon/cli', 'daemon/cli/to-main.ts', '../main.ts'],
  ['daemon/main', 'daemon/main-to-store.ts', './store/open.ts'],
  ['every-file-has-a-room', 'daemon/cli/to-homeless.ts', '../utils.ts'],
  ['sql-only-in-the-store', 'daemon/http/sql.ts', 'better-sqlite3'],
  ['hub-protocol-only-in-koji', 'daemon/cli/xmlrpc.ts', 'xmlrpc'],
  ['server-only-in-http', 'daemon/cli/fastify.ts', 'fastify'],
  ['no-tools-in-the-product', 'daemon/cli/jest.ts', 'jest'],
  ['no-undeclared-packages', 'daemon/cli/undeclared.ts', 'undeclared'],
  ['resolvable', 'daemon/cli/nowhere.ts', './nowhere-at-all.ts'],
  ['no-circles', 'daemon/cli/and-round.ts', './round.ts'],
];

const ALSO_THERE: Tree = {
  'daemon/utils.ts': [],
  'daemon/config/load.ts': [],
  'daemon/cli/round.ts': ['./and-round.ts'],
};

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'darkserver-layers-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function plant(name: string, tree: Tree): Promise<string> {
  const top = join(directory, name);
  const dependencies = Object.fromEntries(PACKAGES.filter((p) => p !== 'jest').map((p) => [p, '1.0.0']));
  await write(
    join(top, 'package.json'),
    JSON.stringify({ type: 'module', dependencies, devDependencies: { jest: '1.0.0' } }),
  );
  for (const package_ of [...PACKAGES, 'undeclared']) {
    await write(join(top, 'node_modules', package_, 'package.json'), '{"version":"1.0.0","main":"index.js"}');
    await write(join(top, 'node_modules', package_, 'index.js'), '');
  }
  for (const [file, imports] of Object.entries(tree)) {
    // Types too: to know another room's types is to know the room.
    const lines = imports.map((target) => `import type {} from '${target}';\n`);
    await write(join(top, file), `${lines.join('')}export {};\n`);
  }
  return top;
}

/** "rule: file → imported" of everything that dependency-cruiser objects to. */
async function objections(top: string): Promise<string[]> {
  const output = await new Promise<string>((resolve, reject) => {
    const command = [DEPCRUISE, '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json'];
    execFile(
      process.execPath,
      [...command, 'shared', 'client', 'daemon'],
      { cwd: top, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        // It ends with the number of errors, which is no failure of the run.
        if (stdout === '') reject(new Error(stderr, { cause: error }));
        else resolve(stdout);
      },
    );
  });
  const { summary } = JSON.parse(output) as {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] };
  };
  return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`);
}

describe('the layer rules', () => {
  test('have nothing to say against a tree in order', async () => {
    expect(await objections(await plant('in-order', IN_ORDER))).toEqual([]);
  });

  test('object to each thing that they are there for, and to nothing else', async () => {
    const offenders = Object.fromEntries(OFFENCES.map(([, file, imported]) => [file, [imported]]));
    const found = await objections(await plant('offences', { ...IN_ORDER, ...ALSO_THERE, ...offenders }));

    const caught = OFFENCES.map(([rule, file]) =>
      found.some((line) => line.startsWith(`${rule}: ${file} → `)),
    );
    expect(OFFENCES.filter((_, index) => caught[index] !== true)).toEqual([]);
    const innocent = Object.keys({ ...IN_ORDER, ...ALSO_THERE });
    expect(
      found.filter((line) =>
        innocent.some((file) => line.includes(`: ${file} →`) && file !== 'daemon/cli/round.ts'),
      ),
    ).toEqual([]);
  });
});
