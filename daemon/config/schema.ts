import * as z from 'zod/mini';
import { LOG_LEVELS } from '../log.ts';
import { SCAN_MODES } from '../indexer/types.ts';
import { networks, rateLimit } from './network-values.ts';
import { REPOSITORY_SOURCE_KINDS, RETRACE_PLACEHOLDERS } from './types.ts';
import {
  byteCount,
  duration,
  filePath,
  httpUrl,
  listUrl,
  listenAddress,
  oneOf,
  readable,
  urlTemplate,
  wholeNumber,
} from './values.ts';

/** The instance of RPMs that no Koji knows. */
const RESERVED_INSTANCE = 'local';

function instanceName() {
  const allowed = `give up to 64 letters, digits, ".", "_" or "-" ("${RESERVED_INSTANCE}" is taken by local files)`;
  return readable(allowed, (text) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && text !== RESERVED_INSTANCE ? text : null,
  );
}

function architectures() {
  const error = 'give a list of architectures, as in ["src"]; [] skips none';
  return z.array(z.string({ error }).check(z.regex(/^\w{1,32}$/, { error })), { error });
}

function keyIds() {
  const error = 'give a list of key ids of 8 or 16 hex digits, as in ["a15b79cc"]; [] takes every key';
  const keyId = readable(error, (text) => (/^(?:[0-9a-f]{8}){1,2}$/i.test(text) ? text.toLowerCase() : null));
  return z.array(keyId, { error });
}

const KOJI_TABLES = 'begin each Koji with a line [[koji]]';

const ONE_SOURCE = `give exactly one of ${REPOSITORY_SOURCE_KINDS.join(', ')}`;

const repository = z
  .strictObject(
    {
      name: readable('give up to 64 letters, digits, ".", "_" or "-"', (text) =>
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) ? text : null,
      ),
      baseurl: z.optional(httpUrl()),
      mirrorlist: z.optional(listUrl()),
      metalink: z.optional(listUrl()),
      refresh_interval: duration('1m', '30d'),
    },
    { error: 'begin each repository with a line [[koji.repository]], below its [[koji]]' },
  )
  .check(
    z.superRefine((table, context) => {
      const [first, second] = REPOSITORY_SOURCE_KINDS.filter((kind) => table[kind] !== undefined);
      if (first === undefined) context.addIssue({ code: 'custom', path: ['baseurl'], message: ONE_SOURCE });
      if (second !== undefined) context.addIssue({ code: 'custom', path: [second], message: ONE_SOURCE });
    }),
  );

const koji = z.strictObject(
  {
    name: instanceName(),
    hub: httpUrl(),
    topurl: httpUrl(),
    web: z.optional(httpUrl()),
    topdir: z.optional(filePath()),
    skip_arches: architectures(),
    sigkeys: keyIds(),
    retrace: z.optional(urlTemplate(RETRACE_PLACEHOLDERS)),
    reconcile_interval: duration('1s', '30d'),
    sweep_interval: duration('1m', '365d'),
    max_connections: wholeNumber(1, 64),
    max_bytes_per_second: z.optional(byteCount('64K', '100G')),
    repository: z.optional(
      z.array(repository, { error: 'begin each repository with a line [[koji.repository]]' }),
    ),
  },
  { error: KOJI_TABLES },
);

function table<Shape extends z.core.$ZodShape>(name: string, shape: Shape) {
  return z.strictObject(shape, { error: `write it as a table that begins with a line [${name}]` });
}

/** The configuration file, after environment and flags were laid over it. */
export const configDocument = z.strictObject({
  http: table('http', {
    listen: listenAddress(),
    trusted_proxies: networks(),
    rate_limit: z.optional(rateLimit()),
  }),
  database: table('database', { path: filePath() }),
  push: table('push', { token_file: z.optional(filePath()) }),
  indexer: table('indexer', { workers: wholeNumber(0, 256), scan: oneOf(SCAN_MODES) }),
  log: table('log', { level: oneOf(LOG_LEVELS), format: oneOf(['text', 'json']) }),
  koji: z.array(koji, { error: KOJI_TABLES }),
});
export type ConfigDocument = z.infer<typeof configDocument>;

export type RepositoryTable = z.infer<typeof repository>;

/** The tables that are there once, in the order in which a person reads them. */
export const SECTIONS = ['http', 'database', 'push', 'indexer', 'log'] as const;

export const SECTION_KEYS: Readonly<Record<(typeof SECTIONS)[number], readonly string[]>> = {
  http: Object.keys(configDocument.shape.http.shape),
  database: Object.keys(configDocument.shape.database.shape),
  push: Object.keys(configDocument.shape.push.shape),
  indexer: Object.keys(configDocument.shape.indexer.shape),
  log: Object.keys(configDocument.shape.log.shape),
};

/** Without its tables of repositories. */
export const KOJI_KEYS = Object.keys(koji.shape).filter((key) => key !== 'repository');

export const REPOSITORY_KEYS = Object.keys(repository.shape);

/** Every setting that flags and environment can give, as it is written in messages: "indexer.workers", "koji.hub". */
export const SETTING_KEYS: readonly string[] = [
  ...SECTIONS.flatMap((section) => SECTION_KEYS[section].map((key) => `${section}.${key}`)),
  ...KOJI_KEYS.map((key) => `koji.${key}`),
];

/** Settings that name a file; one that the configuration file gives is taken from that file's directory. */
export const PATH_SETTINGS: ReadonlySet<string> = new Set([
  'database.path',
  'push.token_file',
  'koji.topdir',
]);

/** What holds where nothing is said. A setting that is missing here has no default. */
export const DEFAULTS: Readonly<Record<string, unknown>> = {
  'http.listen': '127.0.0.1:8080',
  'http.trusted_proxies': [],
  'database.path': '/var/lib/darkserver/darkserver.db',
  'indexer.workers': 3,
  'indexer.scan': 'auto',
  'log.level': 'info',
  'log.format': 'text',
  'koji.skip_arches': ['src'],
  'koji.sigkeys': [],
  'koji.reconcile_interval': '5m',
  'koji.sweep_interval': '1d',
  'koji.max_connections': 8,
  'koji.repository.refresh_interval': '1h',
};

/** The Koji that is asked where none is configured. */
export const DEFAULT_KOJI = {
  name: 'fedora',
  hub: 'https://koji.fedoraproject.org/kojihub',
  topurl: 'https://kojipkgs.fedoraproject.org',
  web: 'https://koji.fedoraproject.org/koji',
} as const;
