/**
 * Who may import whom. `make check` runs this over the tree; test/layers.test.ts shows that each rule bites.
 *
 * A room is a path under the top of the repository: a directory, or a file without its extension that may
 * have pieces beside it (daemon/worker stands for daemon/worker.ts and daemon/worker-loop.ts). A room may
 * import itself and what is named here, types included.
 */

/** What any room of the daemon may know: how to log, what the configuration says, which version this is. */
const DAEMON_GROUND = ['shared', 'daemon/log', 'daemon/config/types', 'daemon/version'];

const ROOMS = {
  shared: [],
  client: ['shared'],
  'daemon/log': [],
  'daemon/version': ['shared'],
  'daemon/config': ['shared', 'daemon/log', 'daemon/indexer/types'],
  'daemon/koji': DAEMON_GROUND,
  'daemon/store': DAEMON_GROUND,
  'daemon/indexer': [...DAEMON_GROUND, 'daemon/koji', 'daemon/store'],
  'daemon/worker': [...DAEMON_GROUND, 'daemon/indexer', 'daemon/store'],
  'daemon/reconciler': [...DAEMON_GROUND, 'daemon/koji', 'daemon/store'],
  'daemon/repositories': [
    ...DAEMON_GROUND,
    'daemon/store',
    ...['koji/http', 'indexer/decompress', 'indexer/decompression'].map((room) => `daemon/${room}`),
  ],
  'daemon/lookup': [...DAEMON_GROUND, 'daemon/store', 'daemon/koji/paths'],
  'daemon/http': [...DAEMON_GROUND, 'daemon/lookup', 'daemon/store', 'daemon/indexer'],
  'daemon/kojis': [...DAEMON_GROUND, 'daemon/koji', 'daemon/store', 'daemon/indexer'],
  'daemon/indexing': [
    ...DAEMON_GROUND,
    ...['store', 'kojis', 'worker', 'reconciler', 'repositories'].map((room) => `daemon/${room}`),
  ],
  'daemon/daemon': [
    ...DAEMON_GROUND,
    ...['config', 'koji', 'store', 'indexing', 'lookup', 'http'].map((room) => `daemon/${room}`),
  ],
  'daemon/systemd': DAEMON_GROUND,
  'daemon/cli': [
    ...DAEMON_GROUND,
    ...['config', 'koji', 'store', 'indexer', 'kojis', 'worker', 'repositories', 'lookup', 'http'].map(
      (room) => `daemon/${room}`,
    ),
    ...['daemon/daemon', 'daemon/systemd'],
  ],
  'daemon/main': ['shared', 'daemon/cli'],
};

/** "daemon/worker" as a pattern for daemon/worker/x.ts, daemon/worker.ts and daemon/worker-x.ts. */
function pattern(room) {
  return `^${room}(/|-[a-z-]+\\.ts$|\\.ts$)`;
}

const OURS = '^(shared|client|daemon|plugin|test)/';

const rooms = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: room,
  comment: `${room} may import ${['itself', ...allowed].join(', ')} and nothing else of ours.`,
  severity: 'error',
  from: { path: pattern(room) },
  to: { path: OURS, pathNot: [room, ...allowed].map(pattern) },
}));

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: 'every-file-has-a-room',
      comment: 'A file of the daemon that no room of this table covers would be held by no rule.',
      severity: 'error',
      from: {},
      to: { path: '^(daemon|client)/', pathNot: Object.keys(ROOMS).map(pattern) },
    },
    {
      name: 'shared-is-pure',
      comment: 'A browser must be able to run shared: no builtin module of Node, and of packages only zod.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { dependencyTypesNot: ['local'], pathNot: '^node_modules/zod/' },
    },
    {
      name: 'sql-only-in-the-store',
      severity: 'error',
      from: { path: '^(daemon|client)/', pathNot: '^daemon/store/' },
      to: { path: '^node_modules/better-sqlite3/' },
    },
    {
      name: 'hub-protocol-only-in-koji',
      severity: 'error',
      from: { path: '^(daemon|client)/', pathNot: '^daemon/koji/' },
      to: { path: '^node_modules/xmlrpc/' },
    },
    {
      name: 'server-only-in-http',
      severity: 'error',
      from: { path: '^(daemon|client)/', pathNot: '^daemon/http/' },
      to: { path: '^node_modules/(fastify|@fastify)/' },
    },
    {
      name: 'no-tools-in-the-product',
      comment: 'What is installed for development only is missing where the program is installed.',
      severity: 'error',
      from: { path: '^(shared|daemon|client)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm'] },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: '^node_modules/' },
    // Imports of types are imports: a room that knows another's types knows the other.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
